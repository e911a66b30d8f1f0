"""Auto-scaling groups: the instance maintenance policy is lost, and every second plan adds it again.

The API takes it away by -1 for both of its numbers (EC2 Auto Scaling API, InstanceMaintenancePolicy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.autoscaling.responses import AutoScalingResponse

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = ("MinHealthyPercentage", "MaxHealthyPercentage")


def apply() -> None:
    """Keep what is sent; moto's answers then hold it by themselves."""
    for name in ("create_auto_scaling_group", "update_auto_scaling_group"):
        original = method(AutoScalingResponse, name)
        mentions(AutoScalingResponse, name, "autoscaling_backend", "AutoScalingGroupName")
        replace(AutoScalingResponse, name, _corrected(original))


def _corrected(original: Callable[..., Any]) -> Callable[[Any], Any]:
    def respond(self: Any) -> Any:
        answer = original(self)
        sent = self._get_param("InstanceMaintenancePolicy")
        if sent is not None:
            policy = {number: int(sent.get(number, -1)) for number in NUMBERS}
            group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
            group.instance_maintenance_policy = policy if any(each >= 0 for each in policy.values()) else None
        return answer

    return respond
