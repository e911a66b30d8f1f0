"""The far side of forwards and transfers, in this process: an SSH server that opens connections, over a socket pair."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import threading
from typing import TYPE_CHECKING, cast

import paramiko

from kubeplat_tui.services.events import now
from kubeplat_tui.services.ssh.link import Link, Pace
from kubeplat_tui.services.ssh.model import LinkState, LinkStatus, UnreachableError
from kubeplat_tui.services.ssh.transport import ChannelRefusedError, NoAnswerError, SshTransport
from kubeplat_tui.services.ssh.tunnel import broken, hang_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.ssh.forwards import Forwards, ForwardState, ForwardStatus
    from kubeplat_tui.services.ssh.model import Questions

PATIENCE = 20.0
HOST_KEY = paramiko.ECDSAKey.generate()
PROHIBITED, CONNECT_FAILED = 1, 2


class FarSide(paramiko.ServerInterface):
    """A machine. `targets` says where its names lead; what is `forbidden` is refused as sshd refuses it."""

    def __init__(self) -> None:
        self.targets: dict[tuple[str, int], tuple[str, int]] = {}
        self.forbidden: set[str] = set()
        self.opened: list[tuple[str, int]] = []
        self._sockets: dict[int, socket.socket] = {}

    def check_auth_none(self, username: str) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        self.opened.append(destination)
        if destination[0] in self.forbidden:
            return PROHIBITED
        try:
            self._sockets[chanid] = socket.create_connection(self.targets.get(destination, destination), 5)
        except OSError:
            return CONNECT_FAILED
        return paramiko.common.OPEN_SUCCEEDED

    def serve(self, transport: paramiko.Transport) -> None:
        """Carry every channel that is opened, until the connection ends."""
        while transport.is_active():
            channel = transport.accept(0.5)
            if channel is not None:
                target = self._sockets.pop(channel.get_id())
                threading.Thread(target=_carry, args=(channel, target), daemon=True).start()


def _carry(channel: paramiko.Channel, target: socket.socket) -> None:
    with target:
        down = threading.Thread(target=_down, args=(channel, target), daemon=True)
        down.start()
        with contextlib.suppress(*broken()):
            while data := channel.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        down.join()
    hang_up(channel)


def _down(channel: paramiko.Channel, target: socket.socket) -> None:
    with contextlib.suppress(*broken()):
        while data := target.recv(32000):
            channel.sendall(data)
        channel.shutdown_write()


class Draining:
    """A server's socket that takes whatever is sent, as sshd does.

    Of two ends that both wait until the other reads, and answer requests in the thread that reads, none ever would.
    """

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.recv = wire.recv
        self.settimeout = wire.settimeout
        threading.Thread(target=self._drain, daemon=True).start()

    @property
    def _closed(self) -> bool:  # paramiko asks for this name
        return self._wire.fileno() < 0

    def send(self, data: bytes) -> int:
        self._waiting.put(bytes(data))
        return len(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
        self._waiting.put(b"")

    def _drain(self) -> None:
        with self._wire, contextlib.suppress(OSError):
            while data := memoryview(self._waiting.get()):
                while data:
                    select.select([], [self._wire], [])
                    data = data[self._wire.send(data) :]


class Near:
    """Our end: what a forward sees of a connection."""

    def __init__(self, far: FarSide) -> None:
        ours, theirs = socket.socketpair()
        self.server = paramiko.Transport(cast("socket.socket", Draining(theirs)))
        self.server.add_server_key(HOST_KEY)
        self.server.start_server(threading.Event(), far)
        threading.Thread(target=far.serve, args=(self.server,), daemon=True).start()
        transport = SshTransport(ours, ())
        transport.start_client(timeout=10)
        transport.auth_none("tester")
        self.link = Link(transport, "play-bastion", Pace())
        self.closed = 0
        self._listening: list[Callable[[LinkStatus], None]] = []

    @property
    def status(self) -> LinkStatus:
        return self.link.status

    def when_changed(self, callback: Callable[[LinkStatus], None]) -> Callable[[], None]:
        self._listening.append(callback)
        return self.link.when_changed(callback)

    def news(self, state: LinkState, why: str = "") -> None:
        """What the connection tells whoever listens."""
        for callback in self._listening:
            callback(LinkStatus(state, now(), why))

    def open(self, host: str, port: int, seconds: float) -> paramiko.Channel:
        try:
            return self.link.transport.tunnel(host, port, seconds)
        except ChannelRefusedError as error:
            raise UnreachableError(f"{host}:{port} refused.", why=error.text) from error
        except (NoAnswerError, EOFError) as error:
            raise UnreachableError(f"{host}:{port} could not be reached.") from error

    def ping(self, seconds: float) -> float:
        return self.link.ping(seconds)

    def close(self) -> None:
        self.closed += 1
        self.link.close()

    def cut(self) -> None:
        """The machine goes away without a word."""
        self.server.close()


class FarConnections:
    """Stands for `Connections`: every connection leads to the same far side."""

    def __init__(self) -> None:
        self.far = FarSide()
        self.made: list[Near] = []
        self.asked: list[str] = []
        self.refuse: Exception | None = None

    def bastion(self, questions: Questions) -> Near:
        if self.refuse is not None:
            raise self.refuse
        self.made.append(Near(self.far))
        return self.made[-1]

    def find(self, text: str) -> str:
        self.asked.append(text)
        return text

    def connect(self, instance: str, questions: Questions) -> Near:
        return self.bastion(questions)

    def close(self) -> None:
        for near in self.made:
            near.link.close()
            near.server.close()


def no_questions() -> Questions:
    """Nobody who could be asked."""
    return cast("Questions", None)


class Seen:
    """What the forwards say of themselves, from now on."""

    def __init__(self, forwards: Forwards) -> None:
        self._forwards = forwards
        self._news = threading.Condition()
        self.states: list[ForwardState] = []
        forwards.when_changed(self._hear)

    def _hear(self, status: ForwardStatus) -> None:
        with self._news:
            self.states.append(status.state)
            self._news.notify_all()

    def until(self, condition: Callable[[ForwardStatus], bool]) -> ForwardStatus:
        """The only forward, when it is so."""
        with self._news:
            assert self._news.wait_for(lambda: condition(self._forwards.statuses()[0]), PATIENCE), (
                self._forwards.statuses()
            )
        return self._forwards.statuses()[0]


def echo(client: socket.socket) -> None:
    """Send back what comes."""
    with contextlib.suppress(OSError):
        while data := client.recv(65536):
            client.sendall(data)


@contextlib.contextmanager
def target(
    answer: Callable[[socket.socket], None], family: int = socket.AF_INET
) -> Iterator[tuple[str, int]]:
    """A server on this computer that gives each client to `answer`; the address it is at."""
    server = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family)

    def attend(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            answer(client)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=attend, args=(client,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[:2]
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(PATIENCE)
