"""What connections and programs read from and write to: sockets and channels, with their manners evened out."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import paramiko

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGIN_BYTES = 64 * 1024
"""What a client may send before it has logged in: a key exchange and a dozen keys fit well."""

TROUBLE = (OSError, EOFError, paramiko.SSHException)
"""What a channel raises when the connection under it is gone, in whatever it was doing."""


class FromOutside:
    """A client's socket, from which only so much is read before the client has logged in."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = LOGIN_BYTES
        self.trusted: Callable[[], bool] = lambda: False
        self.send = connection.send
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
        """Close, and wake up who waits in `recv`."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class FromBastion:
    """A channel through a bastion, as the socket of a connection."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self.send = channel.send
        self.recv = channel.recv
        self.settimeout = channel.settimeout

    @property
    def _closed(self) -> bool:  # paramiko asks for this name
        return self._channel.closed

    def close(self) -> None:
        """Close, also where there is nobody any more to tell."""
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
