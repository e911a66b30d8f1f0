"""A listening loopback port of a bastion."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG = 64
LOOPBACK = "127.0.0.1"
PAUSE = 1.0
"""Seconds before the next try where there is nothing left to open a connection with."""

logger = logging.getLogger("kubeplat.sandbox")


class Door:
    """Accepts connections in a thread of its own and hands them on, until it is closed."""

    def __init__(self, accepted: Callable[[socket.socket], None]) -> None:
        """Listen on a free port. Raises `OSError`."""
        self._accepted = accepted
        self._closing = threading.Event()
        self._listener = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)
        self.address: tuple[str, int] = self._listener.getsockname()
        threading.Thread(target=self._accept, name="machine-door", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        # A thread that waits in accept is not woken by a close.
        with contextlib.suppress(OSError):
            socket.create_connection(self.address).close()

    def _accept(self) -> None:
        with self._listener:
            while not self._closing.is_set():
                try:
                    connection, _ = self._listener.accept()
                except ConnectionError:  # gone before we looked
                    continue
                except OSError:
                    logger.exception("a bastion's port could not be answered")
                    self._closing.wait(PAUSE)
                    continue
                if self._closing.is_set():
                    connection.close()
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._accepted(connection)
