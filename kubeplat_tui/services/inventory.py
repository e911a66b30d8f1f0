"""What of an environment exists in AWS: instances, volumes, load balancers. Found by tag, this environment only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Cloud


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


class Inventory:
    """Reads one environment's resources. Every call asks AWS anew, follows every page, and may take seconds."""

    def __init__(self, cloud: Cloud, environment: str) -> None:
        self._cloud = cloud
        self._environment = environment
