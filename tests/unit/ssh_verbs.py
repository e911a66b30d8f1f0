"""The verbs of SSH on machines in this process: the sandbox's own servers behind a cloud of the test's.

`python -m tests.unit.ssh_verbs FOLDER VERB…` is the command line on such machines in a process of its own, at the
terminal that is its stdin.
"""

from __future__ import annotations

import base64
import fcntl
import os
import socket
import sys
import termios
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kubeplat_tui import cli
from kubeplat_tui.intents import Intents
from kubeplat_tui.sandbox.machines import home, processes
from kubeplat_tui.sandbox.machines.connection import Connection
from kubeplat_tui.sandbox.machines.host_key import HostKey
from kubeplat_tui.sandbox.machines.streams import FromOutside
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.events import now
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.model import SSH_PORT
from kubeplat_tui.services.ssh.model import HostKey as Key
from tests.unit.sites import REGION, make_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.sandbox.machines.instances import Instance as SimulatedInstance
    from kubeplat_tui.sandbox.machines.machine import Machine as SimulatedMachine
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.site import Site

PUBLIC = "54.1.2.3"


def instance(number: int, layer: Layer, public: str = "") -> Instance:
    """The machine `i-0<number>` at 10.80.10.<number>."""
    return Instance(
        id=f"i-0{number}",
        name=f"demo-{layer}",
        private_ip=f"10.80.10.{number}",
        public_ip=public,
        state="running",
        zone=f"{REGION}a",
        type="m7i.large",
        launched=datetime(2026, 5, 1, tzinfo=UTC),
        layer=layer,
    )


class Ec2:
    """EC2 as far as it is asked: consoles by instance id, and images that are all of one kind."""

    def __init__(self) -> None:
        self.consoles: dict[str, str] = {}

    def get_console_output(self, InstanceId: str, **_: object) -> dict[str, str]:  # noqa: N803 - as AWS has it
        return {"InstanceId": InstanceId, "Output": self.consoles[InstanceId]}

    def describe_images(self, **_: object) -> dict[str, list[dict[str, str]]]:
        return {"Images": [{"Name": "al2023-ami"}]}


class MachinesCloud(Cloud):
    """A cloud whose door leads to the machines."""

    def __init__(self, machines: Machines) -> None:
        super().__init__(REGION, None)
        self._machines = machines

    def address(self, host: str, port: int) -> tuple[str, int]:
        return (host, port)

    def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        assert port == SSH_PORT
        return self._machines.dial(host)

    def client(self, service: str) -> Any:
        assert service == "ec2"
        return self._machines.ec2


@dataclass(frozen=True)
class Described:
    """What the sandbox's servers ask about an instance."""

    id: str
    name: str
    private: tuple[str, ...]
    public: tuple[str, ...]
    key: bytes
    is_bastion: bool
    vpc: str = "vpc-1"

    @property
    def address(self) -> str:
        return self.private[0]


@dataclass
class Machine:
    """A machine with a shell of this computer: as much as the sandbox's servers need of one."""

    of: Instance
    folder: Path
    sockets: Path
    key: bytes
    machines: Machines
    host_key: HostKey = field(default_factory=HostKey)
    connections: list[Connection] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def make_folders(self) -> None:
        """Make its home."""
        home.make(self.folder)

    def serve(self, stream: Any) -> None:
        """Be the far end of `stream`."""
        described = Described(
            self.of.id,
            self.of.name,
            (self.of.private_ip,),
            (self.of.public_ip,) if self.of.public_ip else (),
            self.key,
            self.of.layer is Layer.BASTION,
        )
        made = Connection(
            stream,
            cast("SimulatedMachine", self),
            cast("SimulatedInstance", described),
            cast("Any", self.machines.reach),
        )
        self.connections.append(made)
        thread = threading.Thread(target=made.run, daemon=True)
        self.threads.append(thread)
        thread.start()

    def cut(self) -> None:
        """It goes away without a word."""
        for connection in self.connections:
            connection.close()
            waiting: Any = connection.transport
            with waiting.lock:  # whoever waits for channels looks only every few seconds
                waiting.server_accept_cv.notify_all()
        processes.end_all(self.folder)


class Machines:
    """The network: a bastion and whoever is behind it."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.key = key
        self.folder = folder
        self.all: list[Machine] = []
        self.ec2 = Ec2()

    def add(self, of: Instance) -> Machine:
        """One machine more. Its console shows its key."""
        made = Machine(of, self.folder / of.id, self.folder / f"{of.id}.s", self.key, self)
        self.ec2.consoles[of.id] = (
            "-----BEGIN SSH HOST KEY KEYS-----\n"
            f"{made.host_key.public} root@{of.name}\n"
            "-----END SSH HOST KEY KEYS-----\n"
        )
        self.all.append(made)
        return made

    def reach(self, source: Described, host: str) -> Machine | None:
        """Who a bastion reaches at a private address."""
        if not source.is_bastion:
            return None
        return next((each for each in self.all if each.of.private_ip == host), None)

    def dial(self, host: str) -> socket.socket:
        """A TCP connection from outside."""
        found = next((each for each in self.all if each.of.public_ip == host), None)
        if found is None:
            raise ConnectionRefusedError(111, "Connection refused")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            near = socket.create_connection(listening.getsockname())
            far, _ = listening.accept()
        found.serve(FromOutside(far))
        return near

    def close(self) -> None:
        """End everything."""
        for machine in self.all:
            machine.cut()
            for thread in machine.threads:
                thread.join(5)


class SshIntents(Intents):
    """Everything as always, on machines of the test's."""

    def __init__(self, site: Site, machines: Machines) -> None:
        super().__init__(site.workplace, environ=dict(site.environ))
        self.site = site
        self.machines = machines

    def environment(self, name: str) -> Environment:
        assert name == self.site.environment.name
        return self.site.environment

    def open(self, name: str) -> Site:
        assert name == self.site.environment.name
        return self.site

    def instances(self, site: Site) -> list[Instance]:
        return [machine.of for machine in self.machines.all]


@dataclass
class Place:
    """An environment with a bastion, a master and two workers of one name."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        private = keys.generate_ssh()
        self.machines = Machines(self.folder / "machines", keys.ssh_public("demo", private).encode())
        cloud = MachinesCloud(self.machines)
        self.site = replace(make_site(self.folder), cloud=cloud, environ=dict(self.environ))
        self.bastion = self.machines.add(instance(1, Layer.BASTION, PUBLIC))
        self.master = self.machines.add(instance(100, Layer.SECURE))
        self.workers = [self.machines.add(instance(number, Layer.COMPUTE)) for number in (120, 121)]
        self.put_key(private)

    def put_key(self, data: bytes) -> None:
        """Let the working copy have this private key."""
        place = self.site.folders.secrets / "locked"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / "id_ed25519").write_bytes(data)

    def know(self) -> None:
        """Know every machine's host key, as if somebody had accepted it."""
        known = HostKeys(self.site.folders.ssh)
        for machine in self.machines.all:
            kind, blob = machine.host_key.public.split()[:2]
            known.accept(machine.of, Key(kind, base64.b64decode(blob)), now())

    def intents(self) -> SshIntents:
        """A front end's."""
        return SshIntents(self.site, self.machines)

    def close(self) -> None:
        """End everything."""
        self.machines.close()


CUT = "cut"


def main() -> int:
    """Run one verb at this process's terminal, which becomes its controlling one where it is a terminal.

    Whoever writes to the pipe `../cut` beside a machine's home ends the connections to the master.
    """
    if sys.stdin.isatty():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    place = Place(Path(sys.argv[1]))
    place.know()
    pipe = place.machines.folder / CUT
    place.machines.folder.mkdir()
    os.mkfifo(pipe)

    def cut() -> None:
        pipe.read_bytes()
        place.master.cut()

    threading.Thread(target=cut, daemon=True).start()
    try:
        return cli.main(sys.argv[2:], make_intents=place.intents, open_application=lambda _: 0)
    finally:
        place.close()


if __name__ == "__main__":
    sys.exit(main())
