"""Security-group rules that name a group: their description is lost.

Moto looks for it in the CIDR block only (EC2 API, SecurityGroupRule: Description belongs to every kind of
rule).
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from kubeplat_tui.sandbox.corrections.internals import MotoChangedError, attribute, mentions, replace


def apply() -> None:
    """Look for the description where the rule's source is."""
    if not isinstance(attribute(SecurityGroupRule, "description"), property):
        raise MotoChangedError("moto's SecurityGroupRule.description", "is no property any more")
    mentions(SecurityGroupRule, "__init__", "ip_range", "source_group")

    def description(self: Any) -> str | None:
        found: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return found

    replace(SecurityGroupRule, "description", property(description))
