"""Auto-scaling groups over several subnets: moto starts every instance in the first one.

AWS keeps the zones even (EC2 Auto Scaling user guide, "Availability Zone distribution").
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Start them one by one, each in the subnet that has the fewest."""
    name = "replace_autoscaling_group_instances"
    original = method(FakeAutoScalingGroup, name, "count_needed", "propagated_tags")
    mentions(FakeAutoScalingGroup, name, "vpc_zone_identifier", "instance_states")

    def start(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        whole = self.vpc_zone_identifier
        subnets = [each.strip() for each in (whole or "").split(",") if each.strip()]
        if len(subnets) < 2:
            original(self, count_needed, propagated_tags)
            return
        try:
            for _ in range(count_needed):
                taken = [state.instance.subnet_id for state in self.instance_states]
                self.vpc_zone_identifier = min(
                    subnets, key=lambda each: (taken.count(each), subnets.index(each))
                )
                original(self, 1, dict(propagated_tags))
        finally:
            self.vpc_zone_identifier = whole

    replace(FakeAutoScalingGroup, name, start)
