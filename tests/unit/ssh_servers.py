"""Machines in this process: SSH servers, and what can be run on them.

A private machine listens nowhere. The bastion hands what is meant for it to its server.
"""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko import common
from paramiko.message import Message

from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh.model import HostKey
from tests.unit.sites import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.unit.ssh_machines import Network

PROHIBITED, CONNECT_FAILED = 1, 2
LAUNCHED = datetime(2026, 5, 1, tzinfo=UTC)
PIECE = b"0123456789abcdef" * 2048


def ecdsa() -> paramiko.PKey:
    """A new key of another kind."""
    return paramiko.ECDSAKey.generate()


def ed25519() -> paramiko.PKey:
    """A new key of the kind that is asked for first."""
    return paramiko.Ed25519Key.from_private_key(io.StringIO(keys.generate_ssh().decode()))


def host_key(key: paramiko.PKey) -> HostKey:
    """The key as the service has it."""
    return HostKey(key.get_name(), key.asbytes())


def instance(
    number: int, layer: Layer = Layer.SECURE, *, public: str = "", state: str = "running", name: str = ""
) -> Instance:
    """The machine `i-0<number>` at 10.80.10.<number>."""
    return Instance(
        id=f"i-0{number}",
        name=name or f"demo-{layer}",
        private_ip=f"10.80.10.{number}",
        public_ip=public,
        state=state,
        zone=f"{REGION}a",
        type="m7i.large",
        launched=LAUNCHED,
        layer=layer,
    )


@dataclass
class Machine:
    """A machine and how it behaves. `accepted` are the public keys (wire form) that let in."""

    instance: Instance
    accepted: list[bytes]
    host_keys: list[paramiko.PKey] = field(default_factory=lambda: [ed25519()])
    user: str = "ec2-user"
    most_tries: int = 6
    silent_from_start: bool = False
    hangs_up: bool = False
    passes_on: bool = True
    swallows: threading.Event = field(default_factory=threading.Event)
    """While set, pings and new channels get no answer."""
    offered: list[tuple[str, bytes]] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    resized: threading.Event = field(default_factory=threading.Event)
    served: list[Server] = field(default_factory=list)
    wires: list[socket.socket] = field(default_factory=list)
    network: Network | None = None

    def serve(self, wire: socket.socket) -> None:
        """Be the far end of `wire`."""
        self.wires.append(wire)
        if self.hangs_up:
            wire.close()
            return
        if self.silent_from_start:
            return
        server = Server(wire, self)
        self.served.append(server)
        host = Host(self, server)
        server.start_server(threading.Event(), host)
        threading.Thread(target=host.accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection to it ends without a word."""
        for server in self.served:
            server.close()

    def close(self) -> None:
        """Give everything back."""
        self.cut()
        for server in self.served:
            server.join(5)
        for wire in self.wires:
            wire.close()


class Server(paramiko.Transport):
    """The far end of one connection."""

    _active_check_timeout = 1.0

    def __init__(self, wire: socket.socket, machine: Machine) -> None:
        super().__init__(wire)
        self.machine = machine
        self.wire = wire
        self.begun: list[threading.Thread] = []
        for key in machine.host_keys:
            self.add_server_key(key)
        handlers = paramiko.Transport._channel_handler_table  # type: ignore[attr-defined]  # not in the published types
        self._channel_handler_table = {**handlers, common.MSG_CHANNEL_REQUEST: self._requested}

    def close(self) -> None:
        with contextlib.suppress(OSError):  # wakes whoever reads
            self.wire.shutdown(socket.SHUT_RDWR)
        super().close()

    def _requested(self, channel: Any, m: Message) -> None:
        """A program begins after the answer that it does."""
        channel._handle_request(m)
        while self.begun:
            self.begun.pop().start()

    def _parse_global_request(self, m: Message) -> None:
        if not self.machine.swallows.is_set():
            super()._parse_global_request(m)  # type: ignore[misc]  # the published types leave it out

    def _parse_channel_open(self, m: Message) -> None:
        if not self.machine.swallows.is_set():
            super()._parse_channel_open(m)  # type: ignore[misc]  # the published types leave it out


class Host(paramiko.ServerInterface):
    """What the machine's sshd decides."""

    def __init__(self, machine: Machine, server: Server) -> None:
        self.machine = machine
        self.server = server
        self.tries = 0
        self.targets: dict[int, Machine] = {}

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.machine.offered.append((username, key.asbytes()))
        if username == self.machine.user and key.asbytes() in self.machine.accepted:
            return common.AUTH_SUCCESSFUL
        self.tries += 1
        if self.tries >= self.machine.most_tries:
            goodbye(self.server, "Too many authentication failures")
        return common.AUTH_FAILED

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        network = self.machine.network
        assert network is not None
        if not self.machine.passes_on:
            return PROHIBITED
        target = network.private(destination)
        if target is None:
            return CONNECT_FAILED
        self.targets[chanid] = target
        return common.OPEN_SUCCEEDED

    def accept(self) -> None:
        """Pass on what was opened to be passed on, until the connection ends."""
        while self.server.is_active():
            channel = self.server.accept(1)
            target = self.targets.pop(channel.get_id(), None) if channel is not None else None
            if target is not None:
                threading.Thread(target=self._pass_on, args=(channel, target), daemon=True).start()

    def _pass_on(self, channel: paramiko.Channel, target: Machine) -> None:
        near, far = socket.socketpair()
        target.serve(far)
        down = threading.Thread(target=_carry, args=(near.recv, channel.sendall, channel.close), daemon=True)
        down.start()
        _carry(channel.recv, near.sendall, lambda: near.shutdown(socket.SHUT_RDWR))
        down.join()
        near.close()

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return common.OPEN_SUCCEEDED if kind == "session" else common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(
        self, channel: paramiko.Channel, term: bytes, width: int, height: int, *rest: Any
    ) -> bool:
        self.machine.sizes.append((width, height))
        return True

    def check_channel_env_request(self, channel: paramiko.Channel, name: bytes, value: bytes) -> bool:
        self.machine.variables[name.decode()] = value.decode()
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, *rest: Any
    ) -> bool:
        self.machine.sizes.append((width, height))
        self.machine.resized.set()
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        return self._run(channel, "cat")

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return self._run(channel, command.decode())

    def check_channel_forward_agent_request(self, channel: paramiko.Channel) -> bool:
        return True

    def _run(self, channel: paramiko.Channel, command: str) -> bool:
        verb, _, rest = command.partition(" ")
        if verb not in PROGRAMS:
            return False
        program = threading.Thread(target=PROGRAMS[verb], args=(self.machine, channel, rest), daemon=True)
        self.server.begun.append(program)
        return True


def goodbye(server: paramiko.Transport, text: str) -> None:
    """Hang up as sshd does, with a reason."""
    message = Message()
    message.add_byte(common.cMSG_DISCONNECT)
    message.add_int(2)
    message.add_string(text)
    message.add_string("")
    server._send_message(message)  # type: ignore[attr-defined]  # the published types leave it out
    server.close()


def _carry(recv: Callable[[int], bytes], send: Callable[[bytes], Any], end: Callable[[], Any]) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        while data := recv(32768):
            send(data)
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        end()


# --- what can be run on a machine -----------------------------------------------------------------------------------


def _exit(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    channel.send_exit_status(int(rest))
    channel.close()


def _say(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    channel.sendall(rest.encode())
    channel.sendall_stderr(b"mind you")
    _exit(machine, channel, "0")


def _signal(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    message = Message()
    message.add_byte(common.cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exit-signal")
    message.add_boolean(False)
    message.add_string(rest)
    message.add_boolean(False)
    message.add_string("ended by hand")
    message.add_string("")
    transport: Any = channel.transport
    transport._send_user_message(message)
    channel.close()


def _cat(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    with contextlib.suppress(OSError, EOFError):
        while data := channel.recv(65536):
            channel.sendall(data)
        _exit(machine, channel, "0")


def _flood(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            machine.sent += channel.send(PIECE)


def _leave(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    channel.close()


def _ask_agent(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    agent: Any = paramiko.agent.AgentSSH()
    try:
        lent = channel.get_transport().open_forward_agent_channel()
    except paramiko.SSHException:
        channel.sendall(b"no agent")
    else:
        agent._connect(lent)
        channel.sendall(b" ".join(base64.b64encode(key.asbytes()) for key in agent.get_keys()))
        lent.close()
    _exit(machine, channel, "0")


def _wait(machine: Machine, channel: paramiko.Channel, rest: str) -> None:
    """Runs until somebody ends it, and takes no input."""


PROGRAMS: Mapping[str, Callable[[Machine, paramiko.Channel, str], None]] = {
    "exit": _exit,
    "say": _say,
    "signal": _signal,
    "cat": _cat,
    "flood": _flood,
    "leave": _leave,
    "ask-agent": _ask_agent,
    "wait": _wait,
}
