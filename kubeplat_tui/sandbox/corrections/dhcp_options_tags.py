"""DHCP options: the tags given on creation are lost (EC2 API, CreateDhcpOptions, TagSpecification)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.responses.dhcp_options import DHCPOptions

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from moto.core.responses import ActionResult


def apply() -> None:
    """Add the tags after moto made the options."""
    original = method(DHCPOptions, "create_dhcp_options")
    mentions(DHCPOptions, "create_dhcp_options", "DhcpOptions")
    method(DHCPOptions, "_parse_tag_specification")

    def create_dhcp_options(self: Any) -> ActionResult:
        tags = self._parse_tag_specification().get("dhcp-options", {})
        answer: ActionResult = original(self)
        made: Any = answer.result
        made["DhcpOptions"].add_tags(tags)
        return answer

    replace(DHCPOptions, "create_dhcp_options", create_dhcp_options)
