"""Private Route 53 zones: the VPC given on creation is lost.

Moto reads it only where PrivateZone=true was sent, which Terraform never does: naming a VPC makes a zone
private (Route 53 API, CreateHostedZone). And it keeps the VPC under names that are not those of the answer,
so GetHostedZone has an empty one. Terraform then sees a public zone, and its next apply fails.
"""

from __future__ import annotations

from typing import Any

from moto.route53.models import FakeZone
from moto.route53.responses import Route53

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

PRIVATE = "HostedZoneConfig.PrivateZone"


def apply() -> None:
    """Take a zone with a VPC as private, and keep the VPC under the names of the answer too."""
    add = method(FakeZone, "add_vpc", "vpc_id", "vpc_region")
    mentions(FakeZone, "add_vpc", "vpcs", "vpc_id", "vpc_region")
    create = method(Route53, "create_hosted_zone")
    mentions(Route53, "create_hosted_zone", "_get_bool_param", PRIVATE, "VPC.VPCId")
    method(Route53, "_get_bool_param", "param_name", "if_none")

    def add_vpc(self: Any, vpc_id: str | None, vpc_region: str | None) -> dict[str, Any]:
        vpc: dict[str, Any] = add(self, vpc_id, vpc_region)
        if vpc:
            self.private_zone = True
            vpc["VPCId"] = vpc_id
            vpc["VPCRegion"] = vpc_region
        return vpc

    def create_hosted_zone(self: Any) -> Any:
        read = self._get_bool_param

        def read_private(name: str, default: bool | None = None) -> bool | None:
            if name == PRIVATE and self._get_param("VPC.VPCId"):
                return True
            answer: bool | None = read(name, default)
            return answer

        self._get_bool_param = read_private  # this request's object only
        return create(self)

    replace(FakeZone, "add_vpc", add_vpc)
    replace(Route53, "create_hosted_zone", create_hosted_zone)
