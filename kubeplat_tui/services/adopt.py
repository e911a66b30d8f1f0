"""Finds what an interrupted run made but could not note in the state, so that the next run takes it over.

A stop cancels the calls that Terraform's provider has in flight. AWS may have done them all the same: the
thing exists, the state does not know it, and creating it again fails or makes a second one. Such things
carry the environment's tags and the name that the plan is about to create; they are imported (Terraform
language, "Import existing resources").
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call
from kubeplat_tui.services.terraform.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.leftovers import Leftover
    from kubeplat_tui.services.terraform.plan import Plan, ResourceChange
    from kubeplat_tui.services.values import Value

NAMES = ("tags.Name", "name", "bucket", "key_name")
"""The attributes by which people, and the sweep, call a resource."""

RULES = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")

TYPES: dict[str, tuple[tuple[str, ...], str]] = {
    "ec2 subnet": (("aws_subnet",), "id"),
    "ec2 vpc": (("aws_vpc",), "id"),
    "ec2 internet-gateway": (("aws_internet_gateway",), "id"),
    "ec2 natgateway": (("aws_nat_gateway",), "id"),
    "ec2 elastic-ip": (("aws_eip",), "id"),
    "ec2 route-table": (("aws_route_table",), "id"),
    "ec2 network-acl": (("aws_network_acl",), "id"),
    "ec2 network-interface": (("aws_network_interface",), "id"),
    "ec2 security-group": (("aws_security_group",), "id"),
    "ec2 security-group-rule": (RULES, "id"),
    "ec2 vpc-endpoint": (("aws_vpc_endpoint",), "id"),
    "ec2 vpc-flow-log": (("aws_flow_log",), "id"),
    "ec2 launch-template": (("aws_launch_template",), "id"),
    "ec2 volume": (("aws_ebs_volume",), "id"),
    "ec2 key-pair": (("aws_key_pair",), "name"),
    "elasticloadbalancing loadbalancer": (("aws_lb",), "arn"),
    "elasticloadbalancing targetgroup": (("aws_lb_target_group",), "arn"),
    "autoscaling group": (("aws_autoscaling_group",), "name"),
    "route53 zone": (("aws_route53_zone",), "id"),
    "iam role": (("aws_iam_role",), "name"),
    "iam instance profile": (("aws_iam_instance_profile",), "name"),
    "logs log-group": (("aws_cloudwatch_log_group",), "name"),
    "s3 bucket": (("aws_s3_bucket",), "name"),
}
"""By the sweep's word: the Terraform types it may be, and what their import takes (AWS provider 5.100,
"Import").
"""


@dataclass(frozen=True, slots=True)
class Import:
    """One thing to take into the state."""

    address: str
    id: str


def orphans(plan: Plan, leftovers: Iterable[Leftover], known: frozenset[str]) -> list[Import]:
    """What `plan` would create although it exists: same type, same name, and in no state (`known`: ids and
    ARNs).

    A name that two of them have, or two creations, is left alone: guessing would adopt the wrong one.
    """
    wanted = [change for change in plan.changes if change.action is Action.CREATE]
    pairs: list[tuple[str, Leftover]] = []
    for one in leftovers:
        types = TYPES[one.kind][0] if one.kind in TYPES else ()
        if not types or known & {one.arn, _id(one), _import_id(one)}:
            continue
        pairs += [
            (change.address, one) for change in wanted if change.type in types and one.name in _names(change)
        ]
    addresses = Counter(address for address, _ in pairs)
    arns = Counter(one.arn for _, one in pairs)
    return [
        Import(address, _import_id(one))
        for address, one in pairs
        if addresses[address] == 1 and arns[one.arn] == 1
    ]


def untagged_orphans(plan: Plan, cloud: Cloud) -> list[Import]:
    """The same for what takes no tags: routes, the association of a subnet with its route table, and DNS
    records.
    """
    wanted = [change for change in plan.changes if change.action is Action.CREATE]
    return [*_route_orphans(wanted, cloud), *_record_orphans(wanted, cloud)]


def _route_orphans(wanted: Sequence[ResourceChange], cloud: Cloud) -> Iterator[Import]:
    changes = [one for one in wanted if one.type in {"aws_route", "aws_route_table_association"}]
    tables = sorted({str(table) for one in changes if (table := _value(one, "route_table_id"))})
    if not tables:
        return
    with aws_call("Listing the routes"):
        pages = (
            cloud.client("ec2")
            .get_paginator("describe_route_tables")
            .paginate(Filters=[{"Name": "route-table-id", "Values": tables}])
        )
        found: dict[str, Any] = {one["RouteTableId"]: one for page in pages for one in page["RouteTables"]}
    for change in changes:
        table = found.get(str(_value(change, "route_table_id")), {})
        if change.type == "aws_route":
            target = _value(change, "destination_cidr_block")
            if any(
                route.get("DestinationCidrBlock") == target for route in table.get("Routes", ()) if target
            ):
                yield Import(change.address, f"{table['RouteTableId']}_{target}")
        else:
            subnet = _value(change, "subnet_id")
            if any(one.get("SubnetId") == subnet for one in table.get("Associations", ()) if subnet):
                yield Import(change.address, f"{subnet}/{table['RouteTableId']}")


def _record_orphans(wanted: Sequence[ResourceChange], cloud: Cloud) -> Iterator[Import]:
    changes = [one for one in wanted if one.type == "aws_route53_record" and _value(one, "zone_id")]
    for zone in sorted({str(_value(one, "zone_id")) for one in changes}):
        with aws_call("Listing the DNS records"):
            pages = (
                cloud.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
            )
            found = {
                (one["Name"].rstrip("."), one["Type"]) for page in pages for one in page["ResourceRecordSets"]
            }
        for change in changes:
            name, type_ = str(_value(change, "name")).rstrip("."), str(_value(change, "type"))
            if _value(change, "zone_id") == zone and (name, type_) in found:
                yield Import(change.address, f"{zone}_{name}_{type_}")


def _names(change: ResourceChange) -> set[Value]:
    return {name for path in NAMES if isinstance(name := _value(change, path), str)}


def _value(change: ResourceChange, path: str) -> Value:
    return next((one.after for one in change.attributes if one.path == path and not one.unknown), None)


def _id(one: Leftover) -> str:
    return one.arn.rpartition("/")[2]


def _import_id(one: Leftover) -> str:
    _, how = TYPES[one.kind]
    return {"id": _id(one), "name": one.name, "arn": one.arn}[how]
