"""Auto-scaling groups: moto keeps no scaling activities, so that nobody sees what a group did.

AWS lists each launch and each termination of the last six weeks, the latest first (EC2 Auto Scaling API,
DescribeScalingActivities). Here both are over as soon as they begin.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance

from kubeplat_tui.sandbox.corrections.internals import attribute, mentions, method, replace

MOST = 100
"""As many as one answer has at most."""


def apply() -> None:
    """Keep what happens to a group's machines, and tell it."""
    start = method(
        FakeAutoScalingGroup, "replace_autoscaling_group_instances", "count_needed", "propagated_tags"
    )
    mentions(FakeAutoScalingGroup, "replace_autoscaling_group_instances", "instance_states")
    end = method(Instance, "terminate")
    attribute(AutoScalingResponse, "autoscaling_backend")
    method(AutoScalingResponse, "describe_scaling_activities")

    @functools.wraps(start)
    def launch(self: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        before = {state.instance.id for state in self.instance_states}
        start(self, count_needed, propagated_tags)
        for state in self.instance_states:
            if state.instance.id not in before:
                _keep(self, f"Launching a new EC2 instance: {state.instance.id}")

    @functools.wraps(end)
    def terminate(self: Any) -> Any:
        group = getattr(self, "autoscaling_group", None)
        was_there = self.state != "terminated"
        answer = end(self)
        if group is not None and was_there:
            _keep(group, f"Terminating EC2 instance: {self.id}")
        return answer

    replace(FakeAutoScalingGroup, "replace_autoscaling_group_instances", launch)
    replace(Instance, "terminate", terminate)
    replace(AutoScalingResponse, "describe_scaling_activities", describe_scaling_activities)


def describe_scaling_activities(self: Any) -> ActionResult:
    """Those of a group, or of all, the latest first; no more than one answer holds."""
    name, wanted = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
    groups = self.autoscaling_backend.autoscaling_groups
    found = [
        activity
        for group in groups.values()
        if name in {None, group.name}
        for activity in getattr(group, "activities", [])
        if not wanted or activity["ActivityId"] in wanted
    ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return ActionResult({"Activities": found[: self._get_int_param("MaxRecords", MOST)]})


def _keep(group: Any, description: str) -> None:
    now = datetime.now(UTC)
    activity = {
        "ActivityId": str(uuid4()),
        "AutoScalingGroupName": group.name,
        "Description": description,
        "Cause": f"At {now:%Y-%m-%dT%H:%M:%SZ} the group was brought to its size.",
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
        "Progress": 100,
    }
    group.activities = [activity, *getattr(group, "activities", [])]
