"""OpenSSH servers behind a bastion, each in a namespace of its own, and a client that reaches the bastions only.

    client ──┬── bastion-1 ──┬── secure-1
             └── bastion-2 ──┴── compute-1

    10.80.0.0/24  the public side        10.80.10.0/24  the private side
    10.81.0.0/24  a second way from the client to bastion-1, whose wire can be slow or cut (`Farm.wire`)

The application's own code runs in the process of the tests; `FarmCloud.dial` gives it connections that were made in
the client's namespace. Everything ends with the process that made the farm, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.inventory import Instance, Layer
from tests.ssh.debian import program, root_of
from tests.ssh.namespaces import Machine
from tests.terminal.driver import until

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

REGION = "eu-west-2"
API_NAME = "kube.demo.internal"
LAUNCHED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
BY_WIRE = "10.81.0.11"
"""The address of bastion-1 behind the wire."""

ADDRESSES = {
    "client": ("10.80.0.2", ""),
    "bastion-1": ("10.80.0.11", "10.80.10.11"),
    "bastion-2": ("10.80.0.12", "10.80.10.12"),
    "secure-1": ("", "10.80.10.101"),
    "compute-1": ("", "10.80.10.201"),
}
"""Public and private address of each."""

INSTANCES = {
    "bastion-1": "i-0b0000000000000a1",
    "bastion-2": "i-0b0000000000000a2",
    "secure-1": "i-050000000000000c1",
    "compute-1": "i-0c0000000000000d1",
}

SSHD_CONFIG = """\
Port 22
HostKey {folder}/host_key
AuthorizedKeysFile {keys}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
AllowAgentForwarding yes
AllowTcpForwarding yes
MaxStartups 100
PrintMotd no
PidFile {folder}/sshd.pid
Subsystem sftp internal-sftp
"""

PROFILE = "PS1='[\\u@\\h \\W]# '\nunset PROMPT_COMMAND HISTFILE\n"


class Server(Machine):
    """A machine with an SSH server. `keys` is the file with the public keys that may log in as root."""

    def __init__(self, name: str, folder: Path, keys: Path, beside: Machine) -> None:
        super().__init__(name, folder, f"{ADDRESSES['secure-1'][1]} {API_NAME}\n", beside)
        (self.home / ".bashrc").write_text(PROFILE)
        (self.home / ".bash_profile").write_text(". ~/.bashrc\n")
        (folder / "sshd_config").write_text(SSHD_CONFIG.format(folder=folder, keys=keys) + _own_parts())
        self.make_host_key()

    @property
    def host_key(self) -> str:
        """The public host key: `ssh-ed25519 AAAA…`."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    def make_host_key(self) -> None:
        """A new host key, for the server's next start."""
        for old in self.folder.glob("host_key*"):
            old.unlink()
        make_key(self.folder / "host_key", self.name)

    def serve(self) -> None:
        """Start the SSH server; it listens when this returns."""
        self.run(program("sshd"), "-f", self.folder / "sshd_config", "-E", self.folder / "sshd.log")
        assert until(lambda: self.listens(22)), self.log()  # it goes into the background before it listens

    def stop_serving(self) -> None:
        """Kill the SSH server and whoever it serves: no goodbye is said, their sockets are reset."""
        self.kill(is_server)

    def restart(self) -> None:
        """Kill the server and start it again."""
        self.stop_serving()
        self.serve()

    def log(self) -> str:
        """What the server wrote."""
        return (self.folder / "sshd.log").read_text(errors="replace")


Part = TypeVar("Part", Machine, Server, "Wire")


class Wire:
    """The second way from the client to bastion-1."""

    def __init__(self, switch: Machine) -> None:
        self._process = subprocess.Popen(
            switch.command(
                sys.executable, "-I", Path(__file__).with_name("wire.py"), "wire-client", "wire-bastion"
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def set(self, *, delay: float = 0.0, rate: float = 0.0, cut: bool = False) -> None:
        """Its condition from now on: seconds one way, bytes a second, whether nothing comes through."""
        orders, answers = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        orders.write(json.dumps({"delay": delay, "rate": rate, "cut": cut}) + "\n")
        orders.flush()
        assert answers.readline() == "ok\n", "the wire has ended"

    @contextlib.contextmanager
    def being(self, *, delay: float = 0.0, rate: float = 0.0, cut: bool = False) -> Iterator[Wire]:
        """In that condition while the block runs."""
        self.set(delay=delay, rate=rate, cut=cut)
        try:
            yield self
        finally:
            self.set()

    def close(self) -> None:
        """Take it away."""
        self._process.communicate()


class Farm:
    """All of it, up and listening. Raises `NoNamespacesError` or `MissingProgramError` where it cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "environment_key"
        self._ends = contextlib.ExitStack()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            make_key(self.key, "demo")
            self.switch = self._closed(Machine("switch", folder / "switch"))
            self.client = self._closed(Machine("client", folder / "client", beside=self.switch))
            self.servers = {
                name: self._closed(Server(name, folder / name, folder / "environment_key.pub", self.switch))
                for name in INSTANCES
            }
            self._wire_up()
            self.wire = self._closed(Wire(self.switch))
            self.wire.set()
            for server in self.servers.values():
                server.serve()
        except BaseException:
            self.close()
            raise

    @property
    def bastion(self) -> Server:
        """The first bastion."""
        return self.servers["bastion-1"]

    def instances(self, *, public: str = "", bastions: tuple[str, ...] = ("bastion-1",)) -> list[Instance]:
        """The machines as the inventory has them. `public` is another public address of bastion-1."""
        found = [instance(name) for name in INSTANCES if not name.startswith("bastion") or name in bastions]
        return [
            replace(each, public_ip=public) if public and each.id == INSTANCES["bastion-1"] else each
            for each in found
        ]

    def close(self) -> None:
        """End everything."""
        self._ends.close()

    def _closed(self, part: Part) -> Part:
        self._ends.callback(part.close)
        return part

    def _wire_up(self) -> None:
        for side in ("public", "private"):
            self.switch.interface("link", "add", side, "type", "bridge")
            self.switch.interface("link", "set", side, "up")
        for name, addresses in ADDRESSES.items():
            machine = self.client if name == "client" else self.servers[name]
            for side, address in zip(("public", "private"), addresses, strict=True):
                if address:
                    port = f"{side[:3]}-{name}"
                    self._connect(machine, side, port, f"{address}/24")
                    self.switch.interface("link", "set", port, "master", side)
        self._connect(self.client, "wire", "wire-client", "10.81.0.2/24")
        self._connect(self.bastion, "wire", "wire-bastion", f"{BY_WIRE}/24")

    def _connect(self, machine: Machine, name: str, other: str, address: str) -> None:
        """A cable from the switch to `machine`, which sees it as `name`."""
        peer = ("peer", "name", name, "netns", str(machine.pid))
        self.switch.interface("link", "add", other, "type", "veth", *peer)
        self.switch.interface("link", "set", other, "up")
        machine.interface("address", "add", address, "dev", name)
        machine.interface("link", "set", name, "up")


@dataclass
class FarmEc2:
    """As much of EC2 as the SSH service asks: what the machines' consoles say, by instance id."""

    consoles: dict[str, str] = field(default_factory=dict)

    def get_console_output(self, *, InstanceId: str, Latest: bool = False) -> dict[str, Any]:  # noqa: N803 - boto3's
        """As boto3 answers: without `Output` where the console said nothing yet."""
        text = self.consoles.get(InstanceId)
        return {"InstanceId": InstanceId} | ({} if text is None else {"Output": text})


class FarmCloud(Cloud):
    """A cloud whose machines are the farm's."""

    def __init__(self, farm: Farm) -> None:
        super().__init__(REGION, None)
        self.ec2 = FarmEc2()
        self._farm = farm
        self.dialled: list[str] = []
        """Every address that was connected to, in order."""

    def client(self, service: str) -> Any:
        """Only EC2 is asked."""
        assert service == "ec2", service
        return self.ec2

    def credentials(self) -> Any:
        """None: no bucket is asked, whatever credentials whoever runs the tests has."""
        return None

    def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        """From the client's namespace."""
        self.dialled.append(host)
        return self._farm.client.dial(host, port, seconds)


def instance(name: str) -> Instance:
    """The machine `name` of the farm as EC2 describes it."""
    public, private = ADDRESSES[name]
    layer = Layer(name.partition("-")[0])
    return Instance(
        id=INSTANCES[name],
        name=f"demo-{name}",
        private_ip=private,
        public_ip=public,
        state="running",
        zone=f"{REGION}a",
        type="m5.large",
        launched=LAUNCHED,
        layer=layer,
        key_name="demo",
    )


def is_server(command: str) -> bool:
    """Whether the command line is an SSH server's, the one that listens or one that serves."""
    return command.startswith("sshd")


def make_key(path: Path, comment: str) -> None:
    """An ed25519 key pair without a passphrase: `path` and `path.pub`."""
    arguments = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
    subprocess.run([program("ssh-keygen"), *arguments], check=True, stdin=subprocess.DEVNULL)


def _own_parts() -> str:
    """Where a fetched sshd has its other programs, which OpenSSH 9.8 and 10.0 split off (sshd_config(5))."""
    root = root_of(program("sshd"))
    if root is None:
        return ""
    parts = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
    found = {option: next(root.glob(f"usr/lib*/openssh/{name}"), None) for option, name in parts.items()}
    return "".join(f"{option} {path}\n" for option, path in found.items() if path)
