"""An environment with a bastion and a master in this process, and a cloud whose door leads to them."""

from __future__ import annotations

import base64
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh.connections import Connections
from kubeplat_tui.services.ssh.link import Pace
from tests.unit.sites import REGION, make_site
from tests.unit.ssh_servers import Machine, instance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.model import HostKeyQuestion, Passphrase, PassphraseQuestion

__all__ = ["BRISK", "Ec2", "Lab", "Network", "NetworkCloud", "Person", "instance", "tcp_pair"]

BRISK = Pace(ping=0.05, silent=0.1, lost=1.5)


@dataclass
class Network:
    """The machines, and who can be reached. `dialled` are the public addresses that were connected to."""

    machines: list[Machine] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    dialled: list[str] = field(default_factory=list)
    hang: threading.Event | None = None
    dialling: threading.Event = field(default_factory=threading.Event)
    near: list[socket.socket] = field(default_factory=list)

    def private(self, destination: tuple[str, int]) -> Machine | None:
        """Who is at a private address, SSH's port."""
        if destination[1] != 22 or destination[0] in self.refused:
            return None
        return next((each for each in self.machines if each.instance.private_ip == destination[0]), None)

    def dial(self, host: str) -> socket.socket:
        """A TCP connection to the machine with this public address."""
        self.dialled.append(host)
        self.dialling.set()
        if self.hang is not None:
            self.hang.wait(10)
        if host in self.refused:
            raise ConnectionRefusedError(111, "Connection refused")
        target = next((each for each in self.machines if each.instance.public_ip == host), None)
        if target is None or host in self.dead:
            raise TimeoutError("timed out")
        near, far = tcp_pair()
        self.near.append(near)
        target.serve(far)
        return near

    def instances(self) -> list[Instance]:
        """What AWS would list."""
        return [each.instance for each in self.machines]

    def close(self) -> None:
        """Give everything back."""
        for machine in self.machines:
            machine.close()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    return near, far


class NetworkCloud(Cloud):
    """A cloud whose door leads to the network. `lasting` as on AWS."""

    def __init__(self, network: Network, services: Mapping[str, Any]) -> None:
        super().__init__(REGION, None)
        self.network = network
        self.services = services

    def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        assert port == 22
        return self.network.dial(host)

    def client(self, service: str) -> Any:
        return self.services[service]


class Person:
    """Answers what is asked, and remembers it."""

    def __init__(self, *, trusts: bool = True, passphrases: list[Passphrase | None] | None = None) -> None:
        self.trusts = trusts
        self.passphrases = passphrases or []
        self.asked: list[HostKeyQuestion] = []
        self.asked_for_passphrase: list[PassphraseQuestion] = []
        self.before: Callable[[], None] = lambda: None

    def trust(self, question: HostKeyQuestion) -> bool:
        self.asked.append(question)
        self.before()
        return self.trusts

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        self.asked_for_passphrase.append(question)
        return self.passphrases.pop(0) if self.passphrases else None


class Ec2:
    """EC2 as far as the service asks it."""

    def __init__(self) -> None:
        self.consoles: dict[str, str] = {}
        self.images: dict[str, str] = {}
        self.looked_up = 0
        self.error: Exception | None = None

    def get_console_output(self, InstanceId: str, Latest: bool = False) -> dict[str, str]:  # noqa: N803 - as AWS has it
        if self.error is not None:
            raise self.error
        return {"InstanceId": InstanceId, "Output": self.consoles.get(InstanceId, "")}

    def describe_images(self, ImageIds: list[str]) -> dict[str, list[dict[str, str]]]:  # noqa: N803 - as AWS has it
        self.looked_up += 1
        if self.error is not None:
            raise self.error
        return {"Images": [{"Name": self.images[each]} for each in ImageIds if each in self.images]}


class Lab:
    """An environment with a bastion and a master, both of which accept its key."""

    def __init__(self, folder: Path, extra: str = "", environ: Mapping[str, str] | None = None) -> None:
        self.private = keys.generate_ssh()
        self.public = base64.b64decode(keys.ssh_public("key", self.private).split()[1])
        self.network = Network()
        self.ec2 = Ec2()
        self.own_network: str | None = "203.0.113.7/32"
        site = make_site(folder, extra=extra)
        cloud = NetworkCloud(self.network, {"ec2": self.ec2})
        self.site: Site = replace(site, cloud=cloud, environ=environ or {})
        self.bastion = self.add(instance(1, Layer.BASTION, public="54.1.2.3"))
        self.master = self.add(instance(100))
        self.connections = self.connect_with()
        self.put_key(self.private)

    def put_key(self, data: bytes) -> None:
        """Let the working copy have this private key."""
        place = self.site.folders.secrets / "locked"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / "id_ed25519").write_bytes(data)

    def add(self, of: Instance) -> Machine:
        """One machine more."""
        machine = Machine(of, [self.public], network=self.network)
        self.network.machines.append(machine)
        return machine

    def connect_with(self, pace: Pace | None = None) -> Connections:
        """Connections of this environment."""
        return Connections(
            self.site, self.network.instances, pace=pace or Pace(), own_network=lambda: self.own_network
        )

    def close(self) -> None:
        """Give everything back."""
        self.connections.close()
        for thread in threading.enumerate():
            if thread.name == "ssh-call":  # left to itself: what it brings is closed
                thread.join(10)
        self.network.close()
