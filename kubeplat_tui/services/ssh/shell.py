"""A shell or a command on a machine: bytes in, bytes out, a size, and how it ended."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.model import Size, SshError

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    from kubeplat_tui.services.ssh.link import Link

WINDOW = 128 * 1024
"""Bytes of output that may be on the way: after ctrl+c in a flood no more than these still come."""
MOST_WAITING = 16 << 20
"""Bytes of input that wait for a machine that takes none."""
PIECE = 32 * 1024
WRITE_SECONDS = 1.0
JOIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ShellEnd:
    """How it ended: with an exit code, by a signal (its name without SIG), or neither (`why` says so).

    `lost`: the connection went away, and nobody knows how the command went on.
    """

    exit_code: int | None
    signal: str
    lost: bool
    why: str


class Shell:
    """One session. `read` and `read_error` block their callers; everything else returns at once but `wait`."""

    def __init__(self, channel: paramiko.Channel, link: Link, when_over: Callable[[Shell], None]) -> None:
        self._channel = channel
        self._link = link
        self._when_over = when_over
        self._input: deque[bytes | Size | None] = deque()
        self._waiting = 0
        self._something = threading.Condition()
        self._closed = False
        self._ended_input = False
        self._writer: threading.Thread | None = None
        self._fate = link.transport.fate(channel)

    # --- output -------------------------------------------------------------------------------------------------

    def read(self, limit: int = PIECE) -> bytes:
        """The next bytes of output, at most `limit`; b"" at the end. Blocks until there are some."""
        return self._read(self._channel.recv, limit)

    def read_error(self, limit: int = PIECE) -> bytes:
        """The same of standard error, which only a command without a terminal has apart."""
        return self._read(self._channel.recv_stderr, limit)

    def _read(self, recv: Callable[[int], bytes], limit: int) -> bytes:
        from paramiko.ssh_exception import SSHException

        try:
            return recv(limit)
        except (OSError, EOFError, SSHException):  # the connection ended under it
            return b""

    # --- input --------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send `data`, in order. Never blocks.

        Raises `SshError` where it is over, and where 16 MiB wait because the machine takes none.
        """
        if not data:
            return
        with self._something:
            if self._closed or self._ended_input or self._channel.closed:
                raise SshError(f"The session on {self._link.name} is over: nothing was sent.")
            if self._waiting + len(data) > MOST_WAITING:
                raise SshError(
                    f"{self._link.name} takes no input: {self._waiting >> 20} MiB wait to be sent.",
                    todo="Wait until the program there reads, or close the session.",
                )
            self._waiting += len(data)
            self._put(data)

    @property
    def waiting(self) -> int:
        """Bytes of input that the machine has not taken yet: whoever has much to send looks at it first."""
        return self._waiting

    def end_input(self) -> None:
        """What was written is all: the command reads its end (as ctrl+d does without a terminal)."""
        with self._something:
            if not self._closed and not self._ended_input:
                self._ended_input = True
                self._put(None)

    def resize(self, size: Size) -> None:
        """The terminal has another size now."""
        with self._something:
            if not self._closed:
                self._put(size)

    def _put(self, item: bytes | Size | None) -> None:
        self._input.append(item)
        self._something.notify()
        if self._writer is None:
            self._writer = threading.Thread(
                target=self._write, name=f"ssh-input {self._link.name}", daemon=True
            )
            self._writer.start()

    def _write(self) -> None:
        from paramiko.ssh_exception import SSHException

        try:
            while True:
                with self._something:
                    while not self._input and not self._closed:
                        self._something.wait()
                    if self._closed:
                        return
                    item = self._input.popleft()
                self._send(item)
        except (OSError, EOFError, SSHException):
            return  # it is over: whoever reads or waits is told

    def _send(self, item: bytes | Size | None) -> None:
        if item is None:
            self._channel.shutdown_write()
        elif isinstance(item, Size):
            self._channel.resize_pty(item.columns, item.rows)
        else:
            self._channel.sendall(item)
            with self._something:
                self._waiting -= len(item)

    # --- the end ------------------------------------------------------------------------------------------------

    def wait(self, seconds: float | None = None) -> ShellEnd | None:
        """How it ended; None where it has not within `seconds` (None: wait for it).

        Output may still be there to be read.
        """
        if not self._channel.status_event.wait(seconds):
            return None
        return self._end()

    def close(self) -> None:
        """End it; what runs there is hung up on. Closing again does nothing."""
        with self._something:
            if self._closed:
                return
            self._closed = True
            self._input.clear()
            self._something.notify_all()
        from paramiko.ssh_exception import SSHException

        with contextlib.suppress(OSError, EOFError, SSHException):
            self._channel.close()
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join(JOIN_SECONDS)
        self._link.transport.forget(self._channel)
        self._when_over(self)

    def _end(self) -> ShellEnd:
        code = self._channel.exit_status
        if code >= 0:
            return ShellEnd(code, "", lost=False, why="")
        if self._fate.signal:
            core = f": {self._fate.message}" if self._fate.message else ""
            return ShellEnd(
                None, self._fate.signal, lost=False, why=f"Ended by SIG{self._fate.signal}{core}."
            )
        if self._closed:
            return ShellEnd(None, "", lost=False, why="The session was closed here.")
        if self._fate.closed:
            return ShellEnd(None, "", lost=False, why=f"{self._link.name} ended it without an exit code.")
        self._link.ended.wait(JOIN_SECONDS)
        return ShellEnd(None, "", lost=True, why=self._link.status.why or "The connection was closed here.")
