"""Auto-scaling groups: instance refresh is not implemented, so a changed launch template could not be rolled
out.

Here a refresh is over as soon as it starts: every machine is replaced at once (EC2 Auto Scaling API,
StartInstanceRefresh, DescribeInstanceRefreshes, CancelInstanceRefresh).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.elbv2.models import ELBv2Backend

from kubeplat_tui.sandbox.corrections.internals import MotoChangedError, attribute, method

NAME = "AutoScalingGroupName"


class _NoActiveRefreshError(ServiceException):
    code = "ActiveInstanceRefreshNotFound"

    def __init__(self, group: str) -> None:
        super().__init__(f"No in progress or pending Instance Refresh found for Auto Scaling group {group}")


def apply() -> None:
    """Add the three calls."""
    attribute(AutoScalingResponse, "autoscaling_backend")
    for backend in (AutoScalingBackend, ELBv2Backend):
        method(backend, "notify_terminate_instances", "instance_ids")
    for call in (start_instance_refresh, describe_instance_refreshes, cancel_instance_refresh):
        if hasattr(AutoScalingResponse, call.__name__):
            raise MotoChangedError(f"AutoScalingResponse.{call.__name__}", "exists now")
        setattr(AutoScalingResponse, call.__name__, call)


def start_instance_refresh(self: Any) -> ActionResult:
    """Replace every machine of the group now."""
    group = self.autoscaling_backend.autoscaling_groups[self._get_param(NAME)]
    started = datetime.now(UTC)
    machines = [state.instance.id for state in group.instance_states]
    if machines:
        self.autoscaling_backend.ec2_backend.terminate_instances(machines)
        self.autoscaling_backend.notify_terminate_instances(machines)
        self.autoscaling_backend.elbv2_backend.notify_terminate_instances(machines)
    refresh = {
        "InstanceRefreshId": str(uuid4()),
        NAME: group.name,
        "Status": "Successful",
        "StartTime": started,
        "EndTime": datetime.now(UTC),
        "PercentageComplete": 100,
        "InstancesToUpdate": 0,
    }
    group.instance_refreshes = [refresh, *getattr(group, "instance_refreshes", [])]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def describe_instance_refreshes(self: Any) -> ActionResult:
    """The group's refreshes, the latest first."""
    group = self.autoscaling_backend.autoscaling_groups[self._get_param(NAME)]
    wanted = self._get_param("InstanceRefreshIds", [])
    refreshes = getattr(group, "instance_refreshes", [])
    found = [each for each in refreshes if not wanted or each["InstanceRefreshId"] in wanted]
    return ActionResult({"InstanceRefreshes": found})


def cancel_instance_refresh(self: Any) -> ActionResult:
    """There is never one to cancel."""
    raise _NoActiveRefreshError(self._get_param(NAME))
