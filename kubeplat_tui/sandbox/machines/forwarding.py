"""Bytes between a channel and a socket, both ways, to the end of both."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.sandbox.machines.streams import Line

PIECE = 32 * 1024


class Joint:
    """Carries bytes until both sides have ended, in two threads.

    The end of one side's bytes is passed on, and the other may go on; an error ends both.
    """

    def __init__(self, line: Line, other: socket.socket) -> None:
        self._line = line
        self._other = other
        self._lock = threading.Lock()
        self._running = 2

    def start(self) -> None:
        """Begin. Returns at once."""
        for work in (self._outward, self._inward):
            threading.Thread(target=work, name="machine-forward", daemon=True).start()

    def _outward(self) -> None:
        try:
            while data := self._line.recv(PIECE):
                self._other.sendall(data)
            self._other.shutdown(socket.SHUT_RDWR if self._line.closed else socket.SHUT_WR)
            self._line.wait_closed()
            self._other.shutdown(socket.SHUT_RDWR)
        except OSError:
            self._line.close()
        self._leave()

    def _inward(self) -> None:
        try:
            while data := self._other.recv(PIECE):
                self._line.sendall(data)
            self._line.end()
        except OSError:
            self._line.close()
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running:
                return
        self._line.close()
        self._other.close()
