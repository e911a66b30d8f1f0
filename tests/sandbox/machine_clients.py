"""A small network of simulated machines, and clients that log in there as any SSH client does."""

from __future__ import annotations

import contextlib
import io
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kubeplat_tui.sandbox.door import LocalSandbox, stop
from kubeplat_tui.sandbox.places import Places, locked
from kubeplat_tui.services.cloud import Cloud

if TYPE_CHECKING:
    import socket
    from pathlib import Path

REGION = "eu-west-1"
IMAGE = "ami-12c6146b"
ENOUGH = 30.0
"""Seconds that are never needed; only a failing test waits so long."""


def new_private() -> bytes:
    """A private key nobody knows, in OpenSSH's form."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def new_key() -> paramiko.Ed25519Key:
    """The same as paramiko has it."""
    return paramiko.Ed25519Key(file_obj=io.StringIO(new_private().decode()))


@dataclass
class Network:
    """A sandbox with machines in it; everything that was opened is closed by `close`."""

    state: Path
    private_key: bytes = field(default_factory=new_private)

    def __post_init__(self) -> None:
        self.key = paramiko.Ed25519Key(file_obj=io.StringIO(self.private_key.decode()))
        self.lease = LocalSandbox(self.state).open()
        self.cloud = Cloud(REGION, None, self.lease)
        self.ec2 = self.cloud.client("ec2")
        self.stack = ExitStack()
        line = f"ssh-ed25519 {self.key.get_base64()} tests"
        self.ec2.import_key_pair(KeyName="tests", PublicKeyMaterial=line.encode())
        self.subnet = self.new_subnet()

    @property
    def folders(self) -> Path:
        """Where the machines' folders are."""
        return Places.of(self.state).machines

    def new_subnet(self) -> str:
        """A network of its own, always with the same addresses."""
        vpc = self.ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
        subnet: str = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.10.0/24")["Subnet"]["SubnetId"]
        return subnet

    def launch(self, role: str, *, subnet: str = "", key: str = "tests", public: bool | None = None) -> str:
        """A new machine; a bastion is `public` where nothing else is said. Returns its instance id."""
        interface = {
            "DeviceIndex": 0,
            "SubnetId": subnet or self.subnet,
            "AssociatePublicIpAddress": role == "bastion" if public is None else public,
        }
        tags = [{"Key": "Name", "Value": f"play-{role}"}, {"Key": "Role", "Value": role}]
        answer = self.ec2.run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
            **({"KeyName": key} if key else {}),
        )
        instance: str = answer["Instances"][0]["InstanceId"]
        return instance

    def described(self, instance: str) -> dict[str, Any]:
        """What EC2 says of an instance."""
        answer = self.ec2.describe_instances(InstanceIds=[instance])
        described: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return described

    def public(self, instance: str) -> str:
        """Its public address."""
        return str(self.described(instance)["PublicIpAddress"])

    def private(self, instance: str) -> str:
        """Its private address."""
        return str(self.described(instance)["PrivateIpAddress"])

    def console(self, instance: str) -> str:
        """Its console output."""
        return str(self.ec2.get_console_output(InstanceId=instance)["Output"])

    def dial(self, instance: str) -> socket.socket:
        """A connection from outside to the sshd of a bastion."""
        return self.cloud.dial(self.public(instance), 22, ENOUGH)

    def start(self, stream: Any) -> paramiko.Transport:
        """A client on `stream`, not logged in yet."""
        transport = paramiko.Transport(stream)
        self.stack.callback(transport.close)
        transport.start_client(timeout=ENOUGH)
        return transport

    def enter(self, bastion: str, user: str = "ec2-user") -> paramiko.Transport:
        """Logged in on a bastion."""
        transport = self.start(self.dial(bastion))
        transport.auth_publickey(user, self.key)
        return transport

    def hop(self, through: paramiko.Transport, host: str, port: int = 22) -> paramiko.Channel:
        """A channel from a machine to `host`:`port`. Raises `ChannelException`."""
        return through.open_channel("direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=ENOUGH)

    def enter_behind(self, through: paramiko.Transport, instance: str) -> paramiko.Transport:
        """Logged in on a private machine."""
        transport = self.start(self.hop(through, self.private(instance)))
        transport.auth_publickey("ec2-user", self.key)
        return transport

    def close(self) -> None:
        """Close the clients and end the sandbox, to its very end."""
        self.stack.close()
        self.cloud.close()
        stop(self.state)
        wait_ended(self.state)


def wait_ended(state: Path) -> None:
    """Return when no child of `state` lives: it holds its lock until the very end."""
    with locked(Places.of(state).child_lock, seconds=ENOUGH):
        pass


@dataclass
class Answer:
    """What a command said, and how it ended."""

    output: str
    error: str
    code: int


def said(transport: paramiko.Transport, command: str, given: bytes = b"") -> Answer:
    """Run a command without a terminal, to its end."""
    channel = transport.open_session(timeout=ENOUGH)
    channel.settimeout(ENOUGH)
    channel.exec_command(command)
    with contextlib.suppress(OSError):  # it may end without having read everything
        channel.sendall(given)
    channel.shutdown_write()
    output, error = channel.makefile("rb").read(), channel.makefile_stderr("rb").read()
    code = channel.recv_exit_status()
    channel.close()
    return Answer(output.decode(), error.decode(), code)


class Typist:
    """Somebody at a terminal: types, and reads until something is there."""

    def __init__(self, transport: paramiko.Transport, command: str = "", **size: int) -> None:
        self.channel = transport.open_session(timeout=ENOUGH)
        self.channel.settimeout(ENOUGH)
        self.channel.get_pty("xterm-256color", **size)
        if command:
            self.channel.exec_command(command)
        else:
            self.channel.invoke_shell()
        self.seen = ""

    def read_to(self, text: str) -> str:
        """Read until `text` was said; return everything up to its end, and forget that."""
        while text not in self.seen:
            piece = self.channel.recv(4096)
            assert piece, f"the end came after {self.seen!r}"
            self.seen += piece.decode(errors="replace")
        end = self.seen.index(text) + len(text)
        before, self.seen = self.seen[:end], self.seen[end:]
        return before

    def type(self, text: str) -> None:
        """Type."""
        self.channel.sendall(text.encode())

    def rest(self) -> str:
        """Everything to the end."""
        while piece := self.channel.recv(4096):
            self.seen += piece.decode(errors="replace")
        return self.seen
