"""A front end's hold on the running sandbox."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.control import Verb, ask, ask_address
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubeplat_tui.services.cloud import SandboxStatus


class Lease:
    """An open connection to the child: while it is open the child lives, and when the child dies it ends.

    Implements `services.cloud.SandboxLease`. The kernel closes the connection of a killed front end, so no
    child is left behind; it is not inherited by programs started from here (PEP 446).
    """

    def __init__(self, connection: socket.socket, status: SandboxStatus, control: Path) -> None:
        connection.settimeout(None)
        self._connection = connection
        self._control = control
        self._endpoint = status.endpoint
        self._port = status.port
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._closed = False
        self._lost = False
        self._watcher = threading.Thread(target=self._watch, name="sandbox-lease", daemon=True)
        self._watcher.start()

    @property
    def endpoint(self) -> str:
        """The simulated AWS: `http://127.0.0.1:PORT`."""
        return self._endpoint

    @property
    def port(self) -> int:
        """The port of the endpoint."""
        return self._port

    @property
    def lost(self) -> bool:
        """Whether the sandbox ended although this lease was held."""
        return self._lost

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, from another thread, when the sandbox ends; at once, from here, if it has."""
        with self._lock:
            if not self._lost:
                self._callbacks.append(callback)
                return
        callback()

    def keep(self) -> None:
        """Make the sandbox outlive its front ends, until `kubeplat sandbox stop`. Raises `KubeplatError` if
        it ended.
        """
        if ask(self._control, Verb.KEEP) is None:
            raise KubeplatError("The sandbox has ended and cannot be kept.", todo="Start it again.")

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Where on this computer the simulated `host`:`port` is. Blocking, a few milliseconds.

        Raises `OSError` as connecting would: `EHOSTUNREACH` for a private address, `ECONNREFUSED` where
        nothing listens.
        """
        return ask_address(self._control, host, port)

    def close(self) -> None:
        """Give the lease back. Closing twice is allowed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._callbacks.clear()
        with contextlib.suppress(OSError):  # the other side may have gone
            self._connection.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._watcher:
            self._watcher.join()
        self._connection.close()

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while self._connection.recv(4096):
                pass  # the child says nothing on a lease; only its end matters
        with self._lock:
            if self._closed:
                return
            self._lost = True
            self._connection.close()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
