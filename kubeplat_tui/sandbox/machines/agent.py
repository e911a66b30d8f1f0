"""A forwarded agent: a socket on the machine whose connections are channels to the client's own agent."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.machines.forwarding import Joint
from kubeplat_tui.sandbox.machines.streams import TROUBLE, Line

if TYPE_CHECKING:
    from pathlib import Path

    from paramiko import Transport


class AgentSocket:
    """The socket that SSH_AUTH_SOCK names: one for each session that asked for it."""

    def __init__(self, folder: Path, transport: Transport) -> None:
        """Listen in `folder`, which is its owner's only. Raises `OSError`."""
        self._transport = transport
        self._closing = threading.Event()
        self.path = folder / f"agent.{secrets.token_hex(4)}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(self.path))
            self._listener.listen(8)
        except OSError:
            self._listener.close()
            raise
        threading.Thread(target=self._accept, name="machine-agent", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the socket. What is connected goes on until its own end."""
        self._closing.set()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as waker:
            waker.connect(str(self.path))  # who waits in accept is not woken by a close
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with self._listener as listener:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                if self._closing.is_set():
                    connection.close()
                    return
                self._forward(connection)

    def _forward(self, connection: socket.socket) -> None:
        try:
            channel = self._transport.open_forward_agent_channel()
        except TROUBLE:  # the client refused, or is gone
            connection.close()
        else:
            Joint(Line(channel), connection).start()
