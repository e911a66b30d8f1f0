"""A simulated machine: its host key, its folder, and the connections to it."""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.machines import home, instances, processes
from kubeplat_tui.sandbox.machines.host_key import HostKey
from kubeplat_tui.sandbox.places import own_folder
from kubeplat_tui.services.workplace import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubeplat_tui.sandbox.machines.connection import Connection
    from kubeplat_tui.sandbox.machines.instances import Instance
    from kubeplat_tui.sandbox.machines.streams import ClientStream

STRANGERS = 32
"""Clients of one machine that have not logged in; more are turned away (sshd's MaxStartups)."""

GOODBYE_SECONDS = 1.0

logger = logging.getLogger("kubeplat.sandbox")


class Machine:
    """What is behind an instance. It costs a host key; a folder and threads come with the first connection."""

    def __init__(
        self, instance_id: str, folder: Path, sockets: Path, reach: Callable[[Instance, str], Machine | None]
    ) -> None:
        """`folder` and `sockets` are its own; `reach` finds the other machines."""
        self.id = instance_id
        self.folder = folder
        self.sockets = sockets
        self.host_key = HostKey()
        self._reach = reach
        self._connections: set[Connection] = set()
        self._gone = False
        self._lock = threading.Lock()

    def make_folders(self) -> None:
        """Make its folders where they are not there yet. Raises `OSError` once it is gone, `KubeplatError`."""
        with self._lock:
            if self._gone:
                raise OSError(errno.ENODEV, f"{self.id} is gone")
            home.make(self.folder)
            own_folder(self.sockets.parents[1])
            private_folder(self.sockets)

    def serve(self, stream: ClientStream) -> None:
        """Serve a client on `stream` in a thread of its own; close it for a stranger
        too many, or where the instance does not run.
        """
        threading.Thread(target=self._serve, args=(stream,), name=f"machine-{self.id}", daemon=True).start()

    def end_sessions(self) -> None:
        """Close every connection and kill every process, as a machine does that is switched off."""
        with self._lock:
            connections = list(self._connections)
        closers = [threading.Thread(target=each.close, daemon=True) for each in connections]
        for closer in closers:
            closer.start()
        for closer in closers:
            # A client that was suspended takes no goodbye: nobody waits for it.
            closer.join(GOODBYE_SECONDS)
        if self.folder.is_dir():
            processes.end_all(self.folder)

    def remove(self) -> None:
        """Take it away with its folder."""
        with self._lock:
            self._gone = True
        self.end_sessions()
        home.remove(self.folder)
        home.remove(self.sockets)

    def _serve(self, stream: ClientStream) -> None:
        # Slow to load, and most sandboxes never need it.
        from kubeplat_tui.sandbox.machines.connection import Connection

        with contextlib.closing(stream):
            connection: Connection | None = None
            try:
                with self._lock:
                    instance = instances.running(self.id)
                    strangers = sum(each.is_stranger for each in self._connections)
                    if instance is None or strangers >= STRANGERS:
                        return
                    connection = Connection(stream, self, instance, self._reach)
                    self._connections.add(connection)
                connection.run()
            except Exception:
                logger.exception("a connection to %s ended", self.id)
            finally:
                with self._lock:
                    self._connections.discard(connection)
