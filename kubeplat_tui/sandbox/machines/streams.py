"""What connections and programs read from and write to: sockets and channels, with their manners evened out."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING

import paramiko

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGIN_BYTES = 64 * 1024
"""What a client may send before it has logged in: a key exchange and a dozen keys fit well."""

FLUSH_SECONDS = 5.0
"""How long a client gets to take what was sent before the end."""

TROUBLE = (OSError, EOFError, paramiko.SSHException)
"""What a channel raises when the connection under it is gone, in whatever it was doing."""


class Outbox:
    """What is sent on a stream, by a thread of its own: `put` never blocks.

    Paramiko answers requests and widens windows in the thread that reads. Of two such ends that both wait for the
    other to read, neither ever would. How much waits here is bounded by the windows of the connection's channels.
    """

    def __init__(self, send: Callable[[bytes], int], close: Callable[[], None]) -> None:
        self._send = send
        self._close = close
        self._waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._late = 0.0
        threading.Thread(target=self._run, name="sandbox-outbox", daemon=True).start()

    def put(self, data: bytes) -> int:
        """Send it later; as a socket's `send`. Raises `OSError` after the end."""
        if self._ended.is_set():
            raise BrokenPipeError
        self._waiting.put(bytes(data))
        return len(data)

    def end(self) -> None:
        """Send what waits, then close; a client that takes nothing is not waited for. Does not block."""
        if not self._ended.is_set():
            self._late = time.monotonic() + FLUSH_SECONDS
            self._ended.set()
            self._waiting.put(b"")

    def _run(self) -> None:
        with contextlib.suppress(*TROUBLE):
            while data := self._waiting.get():
                self._send_all(data)
        self._ended.set()
        self._close()

    def _send_all(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._send(data) :]
            except TimeoutError:
                if self._ended.is_set() and time.monotonic() > self._late:
                    raise


class FromOutside:
    """A client's socket, from which only so much is read before the client has logged in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = LOGIN_BYTES
        name = connection.getsockname()
        self.port: int = name[1] if isinstance(name, tuple) else 0
        """Of this computer, where the client came in: 0 for a client that came through another machine."""
        self.trusted: Callable[[], bool] = lambda: False
        self._outbox = Outbox(connection.send, self._hang_up)
        self.send = self._outbox.put
        self.settimeout = connection.settimeout

    @property
    def _closed(self) -> bool:  # paramiko asks for this name
        return self._connection.fileno() < 0

    def recv(self, size: int) -> bytes:
        """As a socket's; b"" when a stranger has said enough."""
        if self._left <= 0 and not self.trusted():
            return b""
        data = self._connection.recv(size)
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Close once everything is sent, and wake up who waits in `recv`."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RD)
        self._outbox.end()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class FromBastion:
    """A channel through a bastion, as the socket of a connection."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._outbox = Outbox(channel.send, self._hang_up)
        self.port = 0
        self.send = self._outbox.put
        self.recv = channel.recv
        self.settimeout = channel.settimeout

    @property
    def _closed(self) -> bool:  # paramiko asks for this name
        return self._channel.closed

    def close(self) -> None:
        """Close once everything is sent, also where there is nobody any more to tell."""
        self._outbox.end()

    def _hang_up(self) -> None:
        with contextlib.suppress(*TROUBLE):
            self._channel.close()


ClientStream = FromOutside | FromBastion


class Line:
    """A channel as one end of a pipe. All its trouble is an `OSError`, or the end."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel

    @property
    def closed(self) -> bool:
        """Whether either side has closed it."""
        return self._channel.closed

    def wait_closed(self) -> None:
        """Return when either side has closed it."""
        self._channel.status_event.wait()

    def recv(self, size: int) -> bytes:
        """Bytes of the client; b"" at the end of its input and of the channel."""
        try:
            return self._channel.recv(size)
        except TROUBLE:
            return b""

    def sendall(self, data: bytes) -> None:
        """Send. Blocks while the client's window is full; raises `OSError` after the end."""
        with _as_os_error():
            self._channel.sendall(data)

    def sendall_stderr(self, data: bytes) -> None:
        """Send as error output, in the same way."""
        with _as_os_error():
            self._channel.sendall_stderr(data)

    def end(self) -> None:
        """Say that nothing more comes from here."""
        with contextlib.suppress(*TROUBLE):
            self._channel.shutdown_write()

    def close(self) -> None:
        """Close. Closing twice is allowed."""
        with contextlib.suppress(*TROUBLE):
            self._channel.close()


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except (EOFError, paramiko.SSHException) as error:
        raise ConnectionResetError from error
