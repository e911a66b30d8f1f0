"""Auto-scaling groups to terminate and scale: those of a small cluster in the simulated AWS, and scripted ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.stub import Stubber

from kubeplat_tui.services.inventory import Instance, Layer
from tests.unit.sites import REGION, LosableCloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubeplat_tui.services.events import Stop

BORN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class QuickClock:
    """Waiting takes no time: the clock is put forward instead."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def pause(self, stop: Stop, seconds: float) -> None:
        if not stop.requested:
            self.time += seconds


def build(name: str, *, pools: Mapping[str, tuple[int, int, int]] | None = None) -> None:
    """Three masters, a bastion, and the pools (min, max, desired) of environment `name`, as Terraform makes them."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for number, zone in enumerate("abc")
    ]
    template = ec2.create_launch_template(
        LaunchTemplateName=f"{name}-{vpc}",
        LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t3.micro"},
    )["LaunchTemplate"]["LaunchTemplateId"]

    def group(full: str, role: str, size: tuple[int, int, int], places: Sequence[str], **more: str) -> None:
        tags = {"Env": name, "Role": role, "Name": f"{name}-{role}", **more}
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=full,
            MinSize=size[0],
            MaxSize=size[1],
            DesiredCapacity=size[2],
            VPCZoneIdentifier=",".join(places),
            LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
            Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in tags.items()],
        )

    for number, subnet in enumerate(subnets):
        group(f"{name}-secure-{number}", "secure", (1, 1, 1), [subnet], NodeID=str(number))
    for pool, size in (pools or {"default": (3, 5, 3)}).items():
        group(f"{name}-compute-{pool}", "compute", size, subnets, Pool=pool)
    group(f"{name}-bastion", "bastion", (1, 1, 1), subnets)


def clear(name: str) -> None:
    """Take the groups of `name` away with their machines."""
    filters = [{"Name": "tag:Env", "Values": [name]}]
    for group in client("autoscaling").describe_auto_scaling_groups(Filters=filters)["AutoScalingGroups"]:
        client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True
        )
    filters.append({"Name": "instance-state-name", "Values": ["running"]})
    for page in client("ec2").describe_instances(Filters=filters)["Reservations"]:
        client("ec2").terminate_instances(InstanceIds=[one["InstanceId"] for one in page["Instances"]])


def machine(number: int = 0, *, group: str = "pool", layer: Layer = Layer.COMPUTE) -> Instance:
    """A machine of the scripted group."""
    return Instance(
        id=f"i-{number}",
        name="demo-compute",
        private_ip=f"10.0.0.{number}",
        public_ip="",
        state="running",
        zone=f"{REGION}a",
        type="t3.micro",
        launched=BORN,
        layer=layer,
        auto_scaling_group=group,
    )


@dataclass(frozen=True)
class Look:
    """What AWS answers to one look: the group's members with their lifecycle, its activities, EC2's states."""

    members: Mapping[str, str]
    activities: Sequence[tuple[str, str]] = ()
    """Status and StatusMessage of each launch, the earliest first."""
    states: Mapping[str, str] = field(default_factory=dict)
    """Of EC2, where it is not `running`."""
    desired: int = 2
    suspended: Sequence[str] = ()
    throttled: bool = False
    group: bool = True
    """Whether the group is still there."""


class QuickCloud(LosableCloud):
    """A cloud whose clients are made once for all tests."""

    def client(self, service: str) -> Any:
        return client(service)


@functools.cache
def client(service: str) -> Any:
    """Making one takes longer than a test."""
    session: Any = boto3.Session(region_name=REGION)
    return session.client(service, aws_access_key_id="test", aws_secret_access_key="test")


class ScriptedCloud:
    """A cloud that answers from a list, in order, and complains about any other call."""

    def __init__(self) -> None:
        self.stubs = {name: Stubber(client(name)) for name in ("ec2", "autoscaling")}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, service: str) -> Any:
        return client(service)

    def before(self, look: Look, *, hook: int = 0) -> None:
        """What is answered before anything is asked for."""
        scaling = self.stubs["autoscaling"]
        self._groups(look)
        hooks = [{"LifecycleHookName": "terminating", "HeartbeatTimeout": hook}] if hook else []
        scaling.add_response("describe_lifecycle_hooks", {"LifecycleHooks": hooks})
        self._activities(look)

    def terminates(self, number: int = 0, *errors: str) -> None:
        """A machine is terminated, after these errors."""
        for error in errors:
            self.stubs["autoscaling"].add_client_error("terminate_instance_in_auto_scaling_group", error)
        self.stubs["autoscaling"].add_response(
            "terminate_instance_in_auto_scaling_group",
            {},
            {"InstanceId": f"i-{number}", "ShouldDecrementDesiredCapacity": False},
        )

    def answers(self, *looks: Look) -> None:
        """What is answered to each look that follows."""
        for look in looks:
            if look.throttled:
                self.stubs["autoscaling"].add_client_error("describe_auto_scaling_groups", "Throttling")
                continue
            self._groups(look)
            ids = {*look.members, *look.states}
            found = [
                {
                    "InstanceId": each,
                    "State": {"Name": look.states.get(each, "running")},
                    "LaunchTime": BORN,
                    "PrivateIpAddress": f"10.0.0.{each[2:]}",
                    "Tags": [{"Key": "Env", "Value": "demo"}, {"Key": "Name", "Value": "demo-compute"}],
                }
                for each in sorted(ids)
            ]
            self.stubs["ec2"].add_response("describe_instances", {"Reservations": [{"Instances": found}]})
            if look.group:
                self._activities(look)

    def done(self) -> None:
        """Nothing was left unasked."""
        for stub in self.stubs.values():
            stub.deactivate()
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()

    def _groups(self, look: Look) -> None:
        group = {
            "AutoScalingGroupName": "pool",
            "MinSize": 0,
            "MaxSize": 9,
            "DesiredCapacity": look.desired,
            "DefaultCooldown": 30,
            "AvailabilityZones": [f"{REGION}a"],
            "HealthCheckType": "EC2",
            "CreatedTime": BORN,
            "Tags": [
                {"Key": "Env", "Value": "demo"},
                {"Key": "Role", "Value": "compute"},
                {"Key": "Pool", "Value": "default"},
            ],
            "SuspendedProcesses": [{"ProcessName": name} for name in look.suspended],
            "Instances": [
                {
                    "InstanceId": each,
                    "LifecycleState": lifecycle,
                    "HealthStatus": "Healthy",
                    "AvailabilityZone": f"{REGION}a",
                    "ProtectedFromScaleIn": False,
                }
                for each, lifecycle in look.members.items()
            ],
        }
        self.stubs["autoscaling"].add_response(
            "describe_auto_scaling_groups", {"AutoScalingGroups": [group] if look.group else []}
        )

    def _activities(self, look: Look) -> None:
        self.stubs["autoscaling"].add_response(
            "describe_scaling_activities",
            {
                "Activities": [
                    {
                        "ActivityId": str(number),
                        "AutoScalingGroupName": "pool",
                        "Cause": "The group differs from its size.",
                        "StartTime": BORN,
                        "Description": "Launching a new EC2 instance",
                        "StatusCode": status,
                        **({"StatusMessage": message} if message else {}),
                    }
                    for number, (status, message) in reversed(list(enumerate(look.activities)))
                ]
            },
        )
