"""The environment's auto-scaling groups (EC2 Auto Scaling API 2011-01-01): who is in them, what they do, and how a
machine is terminated or a size set through them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import AwsError, aws_call
from kubeplat_tui.services.inventory import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeplat_tui.services.cloud import Cloud

LAUNCH, TERMINATE = "Launch", "Terminate"
"""Processes of a group that can be suspended (EC2 Auto Scaling user guide, "Suspend and resume processes")."""

GROUPS_PAGE = 100
ACTIVITIES = 50
"""As many of the latest activities of a group are looked at."""


@dataclass(frozen=True, slots=True)
class Member:
    """A machine as its group sees it. `lifecycle` is AWS's LifecycleState: `InService`, `Terminating:Wait` …"""

    id: str
    lifecycle: str
    healthy: bool
    zone: str
    protected: bool = False
    """From scaling in: the group does not choose it."""

    @property
    def in_service(self) -> bool:
        """Whether the group counts on it."""
        return self.lifecycle == "InService" and self.healthy

    @property
    def leaving(self) -> bool:
        """Whether the group is terminating it."""
        return self.lifecycle.startswith("Terminat")

    @property
    def held(self) -> bool:
        """Whether a lifecycle hook holds it up."""
        return self.lifecycle.endswith(":Wait")


@dataclass(frozen=True, slots=True)
class ScalingGroup:
    """An auto-scaling group. `pool` and `node` are its tags, "" where it has none."""

    name: str
    layer: Layer
    pool: str
    node: str
    smallest: int
    largest: int
    desired: int
    members: tuple[Member, ...]
    suspended: tuple[str, ...]
    """The processes that somebody suspended."""

    @property
    def in_service(self) -> tuple[Member, ...]:
        """The members that the group counts on."""
        return tuple(member for member in self.members if member.in_service)


@dataclass(frozen=True, slots=True)
class Activity:
    """A scaling activity. `status` is AWS's word (ScalingActivityStatusCode), `message` why, where it says so."""

    id: str
    description: str
    status: str
    message: str

    @property
    def failed(self) -> bool:
        """Whether it came to nothing."""
        return self.status in {"Failed", "Cancelled"}

    @property
    def launches(self) -> bool:
        """Whether it starts a machine."""
        return self.description.startswith("Launching")


class Groups:
    """The groups of one environment, found by its tag. Every call asks AWS anew and raises `AwsError`s."""

    def __init__(self, cloud: Cloud, environment: str) -> None:
        self._cloud = cloud
        self._environment = environment

    def all(self) -> dict[str, ScalingGroup]:
        """The groups by name."""
        with aws_call("Listing the auto-scaling groups"):
            pages = (
                self._client()
                .get_paginator("describe_auto_scaling_groups")
                .paginate(
                    Filters=[{"Name": "tag:Env", "Values": [self._environment]}],
                    PaginationConfig={"PageSize": GROUPS_PAGE},
                )
            )
            found = [_group(each) for page in pages for each in page["AutoScalingGroups"]]
        return {group.name: group for group in sorted(found, key=lambda group: group.name)}

    def activities(self, group: str) -> tuple[Activity, ...]:
        """The latest activities of the group, the latest first."""
        with aws_call(f"Asking what the auto-scaling group {group} does"):
            answer = self._client().describe_scaling_activities(
                AutoScalingGroupName=group, MaxRecords=ACTIVITIES
            )
        return tuple(
            Activity(
                id=each["ActivityId"],
                description=str(each.get("Description", "")),
                status=str(each.get("StatusCode", "")),
                message=str(each.get("StatusMessage", "")),
            )
            for each in answer["Activities"]
        )

    def hooks(self, names: Iterable[str]) -> dict[str, int]:
        """How long, in seconds, the lifecycle hooks of these groups may hold a machine up, by group."""
        seconds = {}
        with aws_call("Listing the lifecycle hooks"):
            for name in names:
                answer = self._client().describe_lifecycle_hooks(AutoScalingGroupName=name)
                seconds[name] = sum(
                    int(each.get("HeartbeatTimeout", 3600)) for each in answer["LifecycleHooks"]
                )
        return seconds

    def terminate(self, machine: str) -> bool:
        """Let the machine's group terminate it and start another one; False where the group has it no more."""
        try:
            with aws_call(f"Terminating {machine}"):
                self._client().terminate_instance_in_auto_scaling_group(
                    InstanceId=machine, ShouldDecrementDesiredCapacity=False
                )
        except AwsError as error:
            if error.code == "ValidationError" and "not found" in error.why.lower():
                return False
            raise
        return True

    def set_desired(self, group: str, size: int) -> None:
        """Let the group have `size` machines from now on."""
        with aws_call(f"Setting the size of {group} to {size}"):
            self._client().set_desired_capacity(
                AutoScalingGroupName=group, DesiredCapacity=size, HonorCooldown=False
            )

    def _client(self) -> Any:
        return self._cloud.client("autoscaling")


def _group(found: dict[str, Any]) -> ScalingGroup:
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return ScalingGroup(
        name=found["AutoScalingGroupName"],
        layer=next((layer for layer in Layer if layer == tags.get("Role")), Layer.UNKNOWN),
        pool=tags.get("Pool", ""),
        node=tags.get("NodeID", ""),
        smallest=found["MinSize"],
        largest=found["MaxSize"],
        desired=found["DesiredCapacity"],
        members=tuple(
            Member(
                id=each["InstanceId"],
                lifecycle=each["LifecycleState"],
                healthy=each.get("HealthStatus", "Healthy").lower() == "healthy",
                zone=each.get("AvailabilityZone", ""),
                protected=each.get("ProtectedFromScaleIn", False),
            )
            for each in found.get("Instances", [])
        ),
        suspended=tuple(sorted(each["ProcessName"] for each in found.get("SuspendedProcesses", []))),
    )
