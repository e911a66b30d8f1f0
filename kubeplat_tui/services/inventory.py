"""What of an environment exists in AWS: instances, volumes, load balancers. Found by tag, this environment
only.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import aws_call, code_of, is_absent
from kubeplat_tui.services.errors import InputError, NotFoundError
from kubeplat_tui.services.leftovers import Leftover

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from kubeplat_tui.services.cloud import Cloud

__all__ = [
    "Instance",
    "Inventory",
    "Layer",
    "Leftover",
    "Listener",
    "LoadBalancer",
    "Target",
    "Volume",
]

LIVE_STATES = ("pending", "running", "shutting-down", "stopping", "stopped")
"""Every state of an instance but `terminated` (EC2 API, InstanceState)."""

RUNNING = "running"
GOING = frozenset({"shutting-down", "terminated"})
"""States of an instance that does not come back."""

PAGE = 1000
TAGS_AT_ONCE = 20
"""As many load balancers DescribeTags takes in one call (Elastic Load Balancing API 2015-12-01)."""

FILTERED_AT_ONCE = 200
"""As many values as one filter takes (EC2 API, Filter)."""

PARALLEL = 8


class Layer(StrEnum):
    """The part of the cluster a machine belongs to (its `Role` tag)."""

    SECURE = "secure"
    COMPUTE = "compute"
    BASTION = "bastion"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine (EC2 DescribeInstances). `state` is AWS's word; addresses are "" where there is none."""

    id: str
    name: str
    private_ip: str
    public_ip: str
    state: str
    zone: str
    type: str
    launched: datetime
    layer: Layer
    image: str = ""
    subnet: str = ""
    key_name: str = ""
    auto_scaling_group: str = ""
    volumes: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """An EBS volume (EC2 DescribeVolumes). `size` in GiB; `attached_to` is an instance id or ""."""

    id: str
    name: str
    size: int
    type: str
    state: str
    zone: str
    encrypted: bool
    attached_to: str
    device: str
    node_id: str
    created: datetime
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One machine behind a load balancer. `health` is AWS's word, `reason` why, where it says so."""

    id: str
    port: int
    health: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A load balancer's open port and the targets behind it."""

    protocol: str
    port: int
    target_group: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A network load balancer (ELBv2 DescribeLoadBalancers). `scheme` is `internet-facing` or `internal`."""

    arn: str
    name: str
    scheme: str
    dns_name: str
    state: str
    type: str
    zones: tuple[str, ...]
    listeners: tuple[Listener, ...]
    created: datetime
    tags: tuple[tuple[str, str], ...] = ()

    def healthy(self) -> int:
        """How many targets answer."""
        return sum(target.health == "healthy" for listener in self.listeners for target in listener.targets)

    def targets(self) -> int:
        """How many targets there are."""
        return sum(len(listener.targets) for listener in self.listeners)


def by_layer(instances: Iterable[Instance], layers: Sequence[Layer] = tuple(Layer)) -> list[Instance]:
    """The machines in the order of `layers`; within one by name, zone and address."""
    return sorted(
        instances, key=lambda one: (layers.index(one.layer), one.name, one.zone, one.private_ip, one.id)
    )


class Inventory:
    """Reads one environment's resources. Every call asks AWS anew, follows every page, and may take seconds.

    Every method raises `AwsError`s (`services.aws_errors`): refused, throttled, unreachable and bad
    credentials are classes of their own.
    """

    def __init__(self, cloud: Cloud, environment: str) -> None:
        self._cloud = cloud
        self._environment = environment

    def instances(
        self, *, include_terminated: bool = False, only: Collection[str] | None = None
    ) -> list[Instance]:
        """The machines (of the ids `only`, where given), by name and id. Terminated ones stay visible in AWS
        for about an hour: left out unless asked.
        """
        states = [*LIVE_STATES, "terminated"] if include_terminated else list(LIVE_STATES)
        filters = [self._ours(), {"Name": "instance-state-name", "Values": states}]
        wanted = (
            [filters]
            if only is None
            else [
                [*filters, {"Name": "instance-id", "Values": batch}]
                for batch in _batches(sorted(only), FILTERED_AT_ONCE)
            ]
        )
        with aws_call("Listing the instances"):
            found = [
                _instance(each)
                for filtered in wanted
                for page in self._pages("ec2", "describe_instances", PAGE, Filters=filtered)
                for reservation in page["Reservations"]
                for each in reservation["Instances"]
            ]
        return sorted(found, key=lambda each: (each.name, each.id))

    def volumes(self) -> list[Volume]:
        """The volumes, by name and id."""
        with aws_call("Listing the volumes"):
            found = [
                _volume(each)
                for page in self._pages("ec2", "describe_volumes", PAGE, Filters=[self._ours()])
                for each in page["Volumes"]
            ]
        return sorted(found, key=lambda each: (each.name, each.id))

    def load_balancers(self) -> list[LoadBalancer]:
        """The load balancers with listeners and target health, by name.

        AWS cannot filter them by tag: all of the region's are listed, then their tags are read.
        """
        with aws_call("Listing the load balancers"), ThreadPoolExecutor(PARALLEL) as pool:
            listed = [
                each
                for page in self._pages("elbv2", "describe_load_balancers", 400)
                for each in page["LoadBalancers"]
            ]
            tags: dict[str, dict[str, str]] = {}
            arns = [each["LoadBalancerArn"] for each in listed]
            for part in pool.map(self._tags_of, _batches(arns, TAGS_AT_ONCE)):
                tags |= part
            ours = [each for each in listed if self._belongs(tags.get(each["LoadBalancerArn"], {}))]
            listeners = list(pool.map(self._listeners, [each["LoadBalancerArn"] for each in ours]))
            groups = {arn for each in listeners for listener in each for arn in _group_arns(listener)}
            targets = dict(zip(groups, pool.map(self._targets, groups), strict=True))
        return sorted(
            (
                _load_balancer(each, tags[each["LoadBalancerArn"]], found, targets)
                for each, found in zip(ours, listeners, strict=True)
            ),
            key=lambda each: each.name,
        )

    def terminate(self, instance_id: str) -> None:
        """Terminate a machine of this environment through EC2: the way for one that is in no auto-scaling group.

        Raises `NotFoundError` where there is no such instance, `InputError` where it is not of this
        environment.
        """
        ec2 = self._cloud.client("ec2")
        with aws_call(f"Looking up {instance_id}"):
            found = [
                _instance(each)
                for reservation in self._lookup(instance_id)["Reservations"]
                for each in reservation["Instances"]
            ]
        if not found or found[0].state == "terminated":
            raise NotFoundError(f"There is no instance {instance_id} any more.", todo="Refresh the list.")
        owner = dict(found[0].tags).get("Env", "")
        if owner != self._environment:
            raise InputError(
                f"{instance_id} does not belong to {self._environment}.",
                why=f"Its tag Env is {owner}." if owner else "It has no tag Env.",
                todo="Nothing was terminated.",
            )
        with aws_call(f"Terminating {instance_id}"):
            ec2.terminate_instances(InstanceIds=[instance_id])

    def leftovers(self) -> list[Leftover]:
        """What still exists of the environment; see `services.leftovers`."""
        from kubeplat_tui.services.leftovers import sweep

        return sweep(self._cloud, self._environment)

    def _ours(self) -> dict[str, Any]:
        return {"Name": "tag:Env", "Values": [self._environment]}

    def _belongs(self, tags: dict[str, str]) -> bool:
        # Kubernetes tags the load balancers it makes itself with the cluster's name only.
        return tags.get("Env") == self._environment or f"kubernetes.io/cluster/{self._environment}" in tags

    def _pages(self, service: str, operation: str, size: int, **arguments: Any) -> Iterator[dict[str, Any]]:
        pages: Iterator[dict[str, Any]] = (
            self._cloud.client(service)
            .get_paginator(operation)
            .paginate(PaginationConfig={"PageSize": size}, **arguments)
        )
        return pages

    def _lookup(self, instance_id: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            answer: dict[str, Any] = self._cloud.client("ec2").describe_instances(InstanceIds=[instance_id])
        except ClientError as error:
            if code_of(error).startswith("InvalidInstanceID"):
                raise NotFoundError(
                    f"There is no instance {instance_id}.", todo="Refresh the list."
                ) from error
            raise
        return answer

    def _tags_of(self, arns: list[str]) -> dict[str, dict[str, str]]:
        """The tags by ARN. One that was deleted meanwhile spoils the whole call: then each is asked alone."""
        answer = self._unless_gone("describe_tags", ResourceArns=arns)
        if answer is not None:
            return {each["ResourceArn"]: dict(_tags(each)) for each in answer["TagDescriptions"]}
        if len(arns) == 1:
            return {}
        return {key: tags for arn in arns for key, tags in self._tags_of([arn]).items()}

    def _listeners(self, load_balancer: str) -> list[dict[str, Any]]:
        answer = self._unless_gone("describe_listeners", LoadBalancerArn=load_balancer, PageSize=400)
        return [] if answer is None else list(answer["Listeners"])

    def _targets(self, group: str) -> tuple[Target, ...]:
        answer = self._unless_gone("describe_target_health", TargetGroupArn=group)
        return () if answer is None else tuple(_target(each) for each in answer["TargetHealthDescriptions"])

    def _unless_gone(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            answer: dict[str, Any] = getattr(self._cloud.client("elbv2"), operation)(**arguments)
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        return answer


def _tags(resource: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((tag["Key"], tag["Value"]) for tag in resource.get("Tags", [])))


def _instance(found: dict[str, Any]) -> Instance:
    tags = dict(_tags(found))
    role = tags.get("Role", "")
    return Instance(
        id=found["InstanceId"],
        name=tags.get("Name", ""),
        private_ip=found.get("PrivateIpAddress", ""),
        public_ip=found.get("PublicIpAddress", ""),
        state=found["State"]["Name"],
        zone=found.get("Placement", {}).get("AvailabilityZone", ""),
        type=found.get("InstanceType", ""),
        launched=found["LaunchTime"].astimezone(UTC),
        layer=next((layer for layer in Layer if layer == role), Layer.UNKNOWN),
        image=found.get("ImageId", ""),
        subnet=found.get("SubnetId", ""),
        key_name=found.get("KeyName", ""),
        auto_scaling_group=tags.get("aws:autoscaling:groupName", ""),
        volumes=tuple(
            device["Ebs"]["VolumeId"] for device in found.get("BlockDeviceMappings", []) if "Ebs" in device
        ),
        security_groups=tuple(group["GroupName"] for group in found.get("SecurityGroups", [])),
        tags=_tags(found),
    )


def _volume(found: dict[str, Any]) -> Volume:
    tags = dict(_tags(found))
    attachments = found.get("Attachments") or [{}]
    return Volume(
        id=found["VolumeId"],
        name=tags.get("Name", ""),
        size=found["Size"],
        type=found.get("VolumeType", ""),
        state=found["State"],
        zone=found.get("AvailabilityZone", ""),
        encrypted=found.get("Encrypted", False),
        attached_to=attachments[0].get("InstanceId", ""),
        device=attachments[0].get("Device", ""),
        node_id=tags.get("NodeID", ""),
        created=found["CreateTime"].astimezone(UTC),
        tags=_tags(found),
    )


def _target(found: dict[str, Any]) -> Target:
    health = found["TargetHealth"]
    return Target(
        id=found["Target"]["Id"],
        port=found["Target"].get("Port", 0),
        health=health["State"],
        reason=health.get("Description") or health.get("Reason", ""),
    )


def _group_arns(listener: dict[str, Any]) -> tuple[str, ...]:
    """The target groups of a listener: an action names a single one, or several with their weights."""
    arns = []
    for action in listener.get("DefaultActions", []):
        weighted = action.get("ForwardConfig", {}).get("TargetGroups", [])
        arns += [each["TargetGroupArn"] for each in weighted] or [action.get("TargetGroupArn", "")]
    return tuple(dict.fromkeys(arn for arn in arns if arn))


def _load_balancer(
    found: dict[str, Any],
    tags: dict[str, str],
    listeners: list[dict[str, Any]],
    targets: dict[str, tuple[Target, ...]],
) -> LoadBalancer:
    made = [_listener(each, targets) for each in listeners]
    return LoadBalancer(
        arn=found["LoadBalancerArn"],
        name=found["LoadBalancerName"],
        # Absent means internet-facing, the API's default; the simulated one leaves it out.
        scheme=found.get("Scheme", "internet-facing"),
        dns_name=found.get("DNSName", ""),
        state=found.get("State", {}).get("Code", ""),
        type=found.get("Type", ""),
        zones=tuple(sorted(zone["ZoneName"] for zone in found.get("AvailabilityZones", []))),
        listeners=tuple(sorted(made, key=lambda each: (each.port, each.protocol))),
        created=found["CreatedTime"].astimezone(UTC),
        tags=tuple(sorted(tags.items())),
    )


def _listener(found: dict[str, Any], targets: dict[str, tuple[Target, ...]]) -> Listener:
    arns = _group_arns(found)
    behind = [target for arn in arns for target in targets[arn]]
    return Listener(
        protocol=found.get("Protocol", ""),
        port=found.get("Port", 0),
        # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
        target_group=", ".join(arn.split("/")[1] for arn in arns),
        targets=tuple(sorted(behind, key=lambda each: (each.id, each.port))),
    )


def _batches(names: list[str], size: int) -> Iterable[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
