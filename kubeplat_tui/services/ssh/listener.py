"""One forward: its listening port and its clients."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
import time
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import forward_probe, socks
from kubeplat_tui.services.ssh.forward_model import LOOPBACK, ForwardKind, ForwardState
from kubeplat_tui.services.ssh.model import LinkState, SshError
from kubeplat_tui.services.ssh.standing import Standing
from kubeplat_tui.services.ssh.tunnel import Tunnel, hang_up, reset

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    from kubeplat_tui.services.ssh.forward_model import Carrier, ForwardSpec, ForwardStatus
    from kubeplat_tui.services.ssh.model import LinkStatus

MOST_CLIENTS = 256
"""Connections of one forward at a time; more wait in the system's queue until one ends."""

BACKLOG = 128
GOODBYE = 5.0
"""Seconds that a stop waits for the threads of its clients."""

OUT_OF_FILES_MS = 500
_PROHIBITED = 1
"""SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1)."""


class Listener:
    """A forward from its start to its end. `changed` hears of a new state or number of clients, from any thread."""

    def __init__(self, number: int, spec: ForwardSpec, changed: Callable[[ForwardStatus], None]) -> None:
        self.spec = spec
        self._standing = Standing(number, spec, changed)
        self._forbidden: tuple[str, int] | None = None
        self._lock = threading.Lock()
        self._clients: dict[threading.Thread, socket.socket | Tunnel] = {}
        self._threads: list[threading.Thread] = []
        self._server: socket.socket | None = None
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"forward-{number}", daemon=True)
        self._watch = forward_probe.Watch(f"forward-{number}-probe", self.probe, self._standing.due)
        self._link: Carrier | None = None
        self._leave: Callable[[], None] = _nothing
        self._release: Callable[[], None] = _nothing

    def status(self) -> ForwardStatus:
        """How it stands."""
        return self._standing.now

    def bind(self) -> None:
        """Take the port; nobody is let in yet. Raises `InputError` where it is taken or not for us."""
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # Without it a port stays taken for a minute after its last connection.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((LOOPBACK, self.spec.bind_port))
        except (OSError, OverflowError) as error:
            server.close()
            raise _no_port(self.spec.bind_port, error) from error
        self._server = server
        self._standing.bound(server.getsockname()[1])

    def serve(self, link: Carrier, release: Callable[[], None]) -> None:
        """Let clients in, over `link`, which `release` gives back at the end; then probe once.

        Raises `InputError` where somebody took the port meanwhile.
        """
        self._link, self._release = link, release
        if self._server is None or self._standing.ending:
            raise SshError("The forward was closed while it was started.")
        try:
            self._server.listen(BACKLOG)
            self._server.setblocking(False)
        except OSError as error:
            raise _no_port(self.status().bound_port, error) from error
        self._leave = link.when_changed(self._link_changed)
        self._thread.start()
        self._link_changed(link.status)
        self.probe()
        self._watch.start()

    def probe(self) -> None:
        """Look whether it would carry, and let the state say so. Blocking, as long as a target may take."""
        link = self._link
        if link is None or self._standing.ending:
            return
        try:
            forward_probe.probe(link, self.spec, self._forbidden)
        except SshError as error:
            self._failed(str(error))
        else:
            self._worked()
        self._standing.probed()

    def fail(self, why: str) -> None:
        """It could not be begun: LOST, with the reason; nothing of it is left."""
        self.stop(ForwardState.LOST)
        self._standing.never_began(why)

    def stop(self, end: ForwardState = ForwardState.CLOSED) -> None:
        """End it: no port is left, nor a thread (but for one that a target keeps waiting, for some seconds)."""
        if self._thread.ident is None:
            self._over(end)
            return
        self._ask_end(end)
        self._thread.join()
        if end is ForwardState.CLOSED:
            self._standing.ended(end)
        self._watch.join(GOODBYE)
        until = time.monotonic() + GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    # --- what happens -------------------------------------------------------------------------------------------

    def _link_changed(self, status: LinkStatus) -> None:
        """The connection's own news, from its thread: never blocks."""
        if status.state in {LinkState.LOST, LinkState.CLOSED}:
            self._ask_end(ForwardState.LOST, status.why or "The connection was closed.")
        elif status.state is LinkState.SILENT:
            self._standing.silent(status.why)
        elif self._standing.heard():
            self._watch.soon()

    def _failed(self, why: str, *, counts: bool = True) -> None:
        self._standing.failed(why, counts=counts)
        self._watch.reckon()

    def _worked(self) -> None:
        self._forbidden = None
        self._standing.worked()

    # --- the clients --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        """The listening thread. Whatever happens, it leaves no port behind."""
        try:
            while not self._standing.ending:
                self._let_in()
        finally:
            self._over(self._standing.end)

    def _let_in(self) -> None:
        if self._server is None:
            return
        waiting = select.poll()
        waiting.register(self._woken, select.POLLIN)
        if len(self._clients) < MOST_CLIENTS:
            waiting.register(self._server, select.POLLIN)
        ready = {descriptor for descriptor, _ in waiting.poll()}
        if self._woken.fileno() in ready:
            self._woken.recv(1024)
        if self._standing.ending or self._server.fileno() not in ready:
            return
        try:
            client, _ = self._server.accept()
        except (BlockingIOError, ConnectionError):  # it went away again
            return
        except OSError as error:  # no more files: the queue keeps them until one of ours ends
            self._failed(f"A connection could not be accepted: {error.strerror}.", counts=False)
            waiting.unregister(self._server)
            waiting.poll(OUT_OF_FILES_MS)
            return
        client.setblocking(True)
        self._admit(client)

    def _admit(self, client: socket.socket) -> None:
        name = f"{self._thread.name}-{self.status().total + 1}"
        thread = threading.Thread(target=self._attend, args=(client,), name=name, daemon=True)
        with self._lock:
            self._clients[thread] = client
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            with self._lock:
                del self._clients[thread]
            reset(client)
            self._failed(f"A connection could not be served: {error}.", counts=False)
            return
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _attend(self, client: socket.socket) -> None:
        """One client's thread, from its first byte to its last."""
        me = threading.current_thread()
        self._standing.clients(len(self._clients), more=1)
        try:
            channel = self._channel(client)
            if channel is not None:
                self._carry(me, Tunnel(client, channel, self._standing.carried))
        finally:
            client.close()
            with self._lock:
                del self._clients[me]
            self._poke()
            self._standing.clients(len(self._clients))

    def _carry(self, me: threading.Thread, tunnel: Tunnel) -> None:
        with self._lock:
            self._clients[me] = tunnel
        if self._standing.ending:
            tunnel.give_up()
        tunnel.carry()

    def _channel(self, client: socket.socket) -> paramiko.Channel | None:
        """The channel to where the client is to go; None where it could not be had, and the client knows."""
        asked: socks.Asked | None = None
        if self.spec.kind is ForwardKind.DYNAMIC:
            try:
                asked = socks.read_request(client)
            except socks.SocksError as error:
                self._failed(str(error), counts=False)
                return None
            except OSError:
                return None
        try:
            channel = self._opened(asked)
            if asked is not None:
                self._answer(client, asked, channel)
        except SshError as error:
            self._refuse(client, asked, error)
            return None
        except OSError:
            return None
        return channel

    def _opened(self, asked: socks.Asked | None) -> paramiko.Channel:
        host, port = (asked.host, asked.port) if asked else (self.spec.host, self.spec.port)
        if self._link is None or self._standing.ending:
            raise SshError("The forward has ended.")
        channel = self._link.open(host, port, forward_probe.OPEN_SECONDS)
        self._worked()
        return channel

    @staticmethod
    def _answer(client: socket.socket, asked: socks.Asked, channel: paramiko.Channel) -> None:
        try:
            client.sendall(asked.answer(socks.Answer.GRANTED))
        except OSError:
            hang_up(channel)
            raise

    def _refuse(self, client: socket.socket, asked: socks.Asked | None, error: SshError) -> None:
        """Of a SOCKS forward only what the machine forbids counts against it: it may be so for every target."""
        code = _code(error)
        if asked is None:
            self._failed(str(error))
            reset(client)
            return
        answer = {_PROHIBITED: socks.Answer.NOT_ALLOWED, None: socks.Answer.UNREACHABLE}
        with contextlib.suppress(OSError):
            client.sendall(asked.answer(answer.get(code, socks.Answer.REFUSED)))
        if code == _PROHIBITED:
            self._forbidden = asked.host, asked.port
        self._failed(str(error), counts=code == _PROHIBITED)

    # --- the end ------------------------------------------------------------------------------------------------

    def _ask_end(self, end: ForwardState, why: str = "") -> None:
        self._standing.ask_end(end, why)
        self._poke()

    def _poke(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            self._wake.send(b"\0", socket.MSG_DONTWAIT)

    def _over(self, end: ForwardState) -> None:
        self._standing.ask_end(end)
        with self._lock:
            clients = list(self._clients.values())
        if self._server is not None:
            self._server.close()
        self._watch.end()
        self._leave()
        for client in clients:
            if isinstance(client, Tunnel):
                client.give_up()
            else:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RD)
        self._wake.close()
        self._woken.close()
        release, self._release = self._release, _nothing
        release()
        self._standing.ended(end)


def _nothing() -> None:
    """There is nothing to do."""


def _code(error: BaseException) -> int | None:
    """Why the machine refused a channel (RFC 4254, 5.1), None where it was not the machine."""
    from kubeplat_tui.services.ssh.transport import ChannelRefusedError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ChannelRefusedError):
            return cause.code
        cause = cause.__cause__
    return None


def _no_port(port: int, error: Exception) -> InputError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return InputError(
            f"Port {port} of this computer is taken.",
            why="Another program, or another forward, listens there.",
            todo="Take another one, or 0 for any that is free.",
        )
    if isinstance(error, PermissionError):
        return InputError(
            f"Port {port} of this computer is not for everybody.",
            why="The system keeps the low ports for its own services.",
            todo="Take one from 1024 on, or 0 for any that is free.",
        )
    return InputError(f"Port {port} of this computer cannot be used.", why=f"{error}.")
