"""What the simulated EC2 knows of an instance, and which one has an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from kubeplat_tui.sandbox.corrections.instance_events import launch_key
from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING = "running"
NODE_ID = "NodeID"
"""The tag that a master, its volume and its interface share."""
BASTION = "bastion"
"""The tag Role of the machines that accept connections from outside."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance. Addresses include its DNS names; `public` is empty where nobody outside reaches it.

    `key` is the public key that its image lets in, in OpenSSH's form.
    """

    id: str
    name: str
    role: str
    vpc: str
    private: tuple[str, ...]
    public: tuple[str, ...]
    key: bytes = field(repr=False)

    @property
    def is_bastion(self) -> bool:
        """Whether connections to other machines begin here."""
        return self.role == BASTION

    @property
    def address(self) -> str:
        """The first private address."""
        return self.private[0]


def described(found: Any) -> Instance:
    """Moto's instance in our words."""
    tags = found.ec2_backend.tags.get(found.id, {})
    interfaces = list(found.nics.values())
    private = [each["PrivateIpAddress"] for nic in interfaces for each in nic.private_ip_addresses]
    public = [nic.public_ip for nic in interfaces if nic.public_ip]
    if found.public_dns_name:
        public.append(found.public_dns_name)
    return Instance(
        id=found.id,
        name=tags.get("Name", found.id),
        role=tags.get("Role", ""),
        vpc=found.vpc_id or "",
        private=(*private, found.private_dns_name, found.private_dns_name.split(".")[0]),
        public=tuple(public),
        key=launch_key(found),
    )


def bastion_at(host: str) -> Instance | None:
    """The running bastion with the public address or name `host`."""
    for found in _running():
        if (instance := described(found)).is_bastion and host in instance.public:
            return instance
    return None


def neighbour_at(vpc: str, host: str) -> Instance | None:
    """The running instance with the private address or name `host` in the network `vpc`.

    Two environments may use the same addresses: each in its own network.
    """
    for found in _running():
        if found.vpc_id == vpc and host in (instance := described(found)).private:
            return instance
    return _with_interface(vpc, host)


def _with_interface(vpc: str, host: str) -> Instance | None:
    """The running instance that its boot would have given the free interface `host`: both have the same NodeID."""
    nodes = {
        nic.ec2_backend.tags.get(nic.id, {}).get(NODE_ID)
        for backend in list(ec2_backends[SANDBOX_ACCOUNT].values())
        for nic in list(backend.enis.values())
        if nic.private_ip_address == host and nic.subnet.vpc_id == vpc and nic.instance is None
    } - {None}
    for found in _running():
        if found.vpc_id == vpc and found.ec2_backend.tags.get(found.id, {}).get(NODE_ID) in nodes:
            return described(found)
    return None


def running(instance_id: str) -> Instance | None:
    """The instance as it is now; None where it does not run."""
    return next((described(found) for found in _running() if found.id == instance_id), None)


def _running() -> Iterator[Any]:
    # Requests change these while we look: each list is copied in one step.
    for backend in list(ec2_backends[SANDBOX_ACCOUNT].values()):
        for reservation in list(backend.reservations.values()):
            for instance in list(reservation.instances):
                if instance.state == RUNNING:
                    yield instance
