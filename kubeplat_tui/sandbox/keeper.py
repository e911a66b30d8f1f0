"""The child's control loop: counts the leases, answers questions, and says when it is time to go."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import time
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.control import Verb, answer, asked_for, found, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.sandbox.control import Address
    from kubeplat_tui.services.cloud import SandboxStatus

GRACE = 0.5
"""Seconds between the last lease's end and ours: a front end that restarts finds its sandbox again."""

QUESTION_LIMIT = 512
"""Bytes of the longest question: a host's name has at most 253."""


class Keeper:
    """Owns the control socket's connections. Everything happens in the thread that calls `run`; `end` comes
    from signals.
    """

    def __init__(
        self,
        control: socket.socket,
        describe: Callable[[int, bool], SandboxStatus],
        locate: Callable[[str, int], Address],
    ) -> None:
        self._control = control
        self._describe = describe
        self._locate = locate
        self._leases: set[socket.socket] = set()
        self._heard: dict[socket.socket, bytes] = {}
        self._kept = False
        self._ending = False
        self._last_seen = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        control.setblocking(False)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def grant(self, connection: socket.socket) -> None:
        """Make `connection` a lease and tell it who we are."""
        self._adopt(connection)
        self._answer(connection, Verb.LEASE)

    def end(self) -> None:
        """Leave the loop soon. Safe in a signal handler."""
        self._ending = True
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"!")

    def run(self) -> None:
        """Answer until nobody needs us. Leases still open then are closed by the process's end."""
        while not self._ending:
            left = self._seconds_left()
            if left is not None and left <= 0:
                return
            for key, _ in self._selector.select(left):
                if key.fileobj is self._control:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)

    def _seconds_left(self) -> float | None:
        if self._leases or self._kept:
            return None
        return self._last_seen + GRACE - time.monotonic()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _ = self._control.accept()
            self._adopt(connection)

    def _adopt(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._heard[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> None:
        try:
            piece = connection.recv(QUESTION_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece or len(self._heard[connection]) > QUESTION_LIMIT:
            self._drop(connection)
            return
        *lines, self._heard[connection] = (self._heard[connection] + piece).split(b"\n")
        for line in lines:
            try:
                verb, *words = line.decode(errors="replace").split(" ")
                if verb == Verb.ADDRESS:
                    self._direct(connection, *asked_for(words))
                else:
                    self._answer(connection, Verb(" ".join([verb, *words])))
            except ValueError:
                self._drop(connection)
                return

    def _direct(self, connection: socket.socket, host: str, port: int) -> None:
        try:
            said = found(self._locate(host, port))
        except OSError as error:
            said = not_found(error)
        with contextlib.suppress(OSError):
            connection.sendall(said)

    def _answer(self, connection: socket.socket, verb: Verb) -> None:
        if verb is Verb.LEASE:
            self._leases.add(connection)
        self._kept = self._kept or verb is Verb.KEEP
        self._ending = self._ending or verb is Verb.STOP
        with contextlib.suppress(OSError):  # who asked and left is noticed by the next read
            connection.sendall(answer(self._describe(len(self._leases), self._kept)))

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._heard[connection]
        if connection in self._leases:
            self._leases.remove(connection)
            self._last_seen = time.monotonic()
        connection.close()
