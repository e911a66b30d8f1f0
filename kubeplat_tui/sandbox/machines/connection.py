"""One SSH connection to a machine, from the handshake to its end."""

from __future__ import annotations

import errno
import io
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_FAILED_UNKNOWN_CHANNEL_TYPE,
    OPEN_SUCCEEDED,
)

from kubeplat_tui.sandbox.machines import home
from kubeplat_tui.sandbox.machines.files import Files, FileServer
from kubeplat_tui.sandbox.machines.forwarding import Joint
from kubeplat_tui.sandbox.machines.session import Session
from kubeplat_tui.sandbox.machines.streams import ClientStream, FromBastion, FromOutside, Line
from kubeplat_tui.sandbox.machines.terminal import Terminal, Window
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.ssh.model import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.sandbox.machines.instances import Instance
    from kubeplat_tui.sandbox.machines.machine import Machine

LOGIN_SECONDS = 60.0
"""How long a client may take to log in (sshd's LoginGraceTime)."""

LOOK_SECONDS = 5.0
CONNECT_SECONDS = 5.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
VERSION = "SSH-2.0-KubeplatSandbox"

OLD = {
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
}
"""What sshd does not offer any more either."""

# What goes wrong on the way in is the client's affair, and a port scan would fill the log.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

logger = logging.getLogger("kubeplat.sandbox")


def _requested(channel: paramiko.Channel, message: paramiko.Message) -> None:
    channel._handle_request(message)  # type: ignore[attr-defined]  # noqa: SLF001 - see Transport
    desk = channel.get_transport().server_object
    if isinstance(desk, Desk):
        desk.answered(channel)


class Transport(paramiko.Transport):
    """Paramiko's, with two changes to what it keeps to itself."""

    # Looks around less often: who closes it wakes it up.
    _active_check_timeout = 5.0

    # Says when a request has been answered. A program that ended before that would close the channel, and its
    # client would take the request for refused.
    _channel_handler_table: ClassVar[dict[int, Callable[..., None]]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001
        MSG_CHANNEL_REQUEST: _requested,
    }


class Connection:
    """A client's connection to `machine`. `reach(host)` is the machine that a hop goes to; None for none."""

    def __init__(
        self,
        stream: ClientStream,
        machine: Machine,
        instance: Instance,
        reach: Callable[[Instance, str], Machine | None],
    ) -> None:
        self._stream = stream
        self._desk = Desk(self, machine, instance, reach)
        # Whatever has these methods of a socket will do; the types say less.
        self._transport = Transport(stream, disabled_algorithms=OLD)  # type: ignore[arg-type]
        self._transport.local_version = VERSION
        self._transport.channel_timeout = CONNECT_SECONDS
        self._transport.add_server_key(paramiko.Ed25519Key(file_obj=io.StringIO(machine.host_key.private)))
        if isinstance(stream, FromOutside):
            stream.trusted = self._transport.is_authenticated
        self._transport.set_subsystem_handler("sftp", FileServer, Files, machine)

    @property
    def transport(self) -> paramiko.Transport:
        """The connection as paramiko knows it."""
        return self._transport

    @property
    def port(self) -> int:
        """The port of this computer that the client came in by; 0 where it came through another machine."""
        return self._stream.port

    @property
    def is_stranger(self) -> bool:
        """Whether the client is here and has not proved who it is."""
        return self._transport.is_active() and not self._transport.is_authenticated()

    def run(self) -> None:
        """Serve until one of the sides closes. Blocking."""
        late = time.monotonic() + LOGIN_SECONDS
        try:
            self._transport.start_server(event=threading.Event(), server=self._desk)
            while self._transport.is_active():
                channel = self._transport.accept(LOOK_SECONDS)
                if channel is not None:
                    self._desk.opened(channel)
                elif self.is_stranger and time.monotonic() > late:
                    break
        finally:
            self.close()
            self._desk.close()

    def close(self) -> None:
        """End it with everything in it."""
        self._transport.close()
        self._stream.close()


class Desk(paramiko.ServerInterface):
    """What the machine answers to a client. Paramiko calls it from the connection's thread."""

    def __init__(
        self,
        connection: Connection,
        machine: Machine,
        instance: Instance,
        reach: Callable[[Instance, str], Machine | None],
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._instance = instance
        self._reach = reach
        self._user = ""
        self._sessions: dict[int, Session] = {}
        self._hops: dict[int, Machine | socket.socket] = {}
        self._lock = threading.Lock()

    def opened(self, channel: paramiko.Channel) -> None:
        """A channel that we agreed to is there."""
        hop = self._hops.pop(channel.get_id(), None)
        if isinstance(hop, socket.socket):
            Joint(Line(channel), hop).start()
        elif hop is not None:
            hop.serve(FromBastion(channel))
        else:
            self._session(channel)

    def answered(self, channel: paramiko.Channel) -> None:
        """A request about `channel` was answered."""
        session = self._sessions.get(channel.get_id())
        if session is not None:
            session.answered()

    def close(self) -> None:
        """The connection has ended: so do its sessions."""
        for session in list(self._sessions.values()):
            session.close()
        for hop in list(self._hops.values()):
            if isinstance(hop, socket.socket):
                hop.close()

    # Who may come in

    def get_allowed_auths(self, username: str) -> str:
        """Keys only."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """The key that the instance was launched with, for the users that images have."""
        if username in home.USERS and _same(key, self._instance.key):
            self._user = username
            return AUTH_SUCCESSFUL
        return AUTH_FAILED

    # Channels

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions, and nothing else that is not said below."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_UNKNOWN_CHANNEL_TYPE

    def check_channel_direct_tcpip_request(
        self,
        chanid: int,
        origin: tuple[str, int],
        destination: tuple[str, int],
    ) -> int:
        """A hop to another machine's sshd, or to a port of this one, which is the computer's own."""
        host, port = destination
        own = host in LOCAL or host in self._instance.private or host in self._instance.public
        try:
            if port == SSH_PORT:
                hop = self._machine if own else self._reach(self._instance, host)
                if hop is None:
                    return OPEN_FAILED_CONNECT_FAILED
                self._hops[chanid] = hop
            elif own:
                self._hops[chanid] = connected(host if host in LOCAL else "127.0.0.1", port)
            else:
                return OPEN_FAILED_CONNECT_FAILED
        except OSError:
            return OPEN_FAILED_CONNECT_FAILED
        return OPEN_SUCCEEDED

    # What a session is told before it begins, and how it begins

    def check_channel_env_request(self, channel: paramiko.Channel, name: Any, value: Any) -> bool:
        """Variables of the language and of colours."""
        wanted = _text(name)
        if wanted not in home.ACCEPTED and not wanted.startswith("LC_"):
            return False
        self._session(channel).environ[wanted] = _text(value)
        return True

    def check_channel_pty_request(  # noqa: PLR0917 - the library's
        self,
        channel: paramiko.Channel,
        term: Any,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: Any,
    ) -> bool:
        """A pseudo-terminal of this size."""
        window = Window(width, height, pixelwidth, pixelheight)
        self._session(channel).terminal = Terminal(_text(term), window, bytes(modes))
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        """Another size."""
        return self._session(channel).resize(Window(width, height, pixelwidth, pixelheight))

    def check_channel_forward_agent_request(self, channel: paramiko.Channel) -> bool:
        """The client's agent for this session."""
        return self._session(channel).forward_agent(self._connection.transport)

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        """A login shell."""
        session = self._session(channel)
        greeting = home.motto(self._instance) if session.terminal else ""
        return session.start([home.shell(), "-l"], greeting)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """A command, by the shell."""
        return self._session(channel).start([home.shell(), "-c", _text(command)])

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        """Files, and nothing else."""
        try:
            return super().check_channel_subsystem_request(channel, name)
        except (OSError, KubeplatError):
            logger.exception("no files of %s", self._instance.id)
            return False

    def _session(self, channel: paramiko.Channel) -> Session:
        with self._lock:
            for number in [each for each, session in self._sessions.items() if session.over]:
                del self._sessions[number]
            number = channel.get_id()
            if number not in self._sessions:
                self._sessions[number] = Session(
                    channel, self._machine, self._instance, self._user, self._connection.port
                )
            return self._sessions[number]


def connected(host: str, port: int) -> socket.socket:
    """A connection to a port of this computer. Raises `OSError`."""
    if not 0 < port < 65_536:
        raise OSError(errno.EADDRNOTAVAIL, f"{port} is no port")
    connection = socket.create_connection((host, port), CONNECT_SECONDS)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _same(key: paramiko.PKey, line: bytes) -> bool:
    words = line.decode(errors="replace").split()
    return len(words) >= 2 and key.get_base64() == words[1]


def _text(said: bytes | str) -> str:
    return said.decode(errors="surrogateescape") if isinstance(said, bytes) else said
