"""A session of a connection: what was asked for, and the program that runs in it."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from typing import TYPE_CHECKING

import paramiko

from kubeplat_tui.sandbox.machines import home
from kubeplat_tui.sandbox.machines.agent import AgentSocket
from kubeplat_tui.sandbox.machines.program import Program
from kubeplat_tui.sandbox.machines.streams import TROUBLE, Line
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeplat_tui.sandbox.machines.instances import Instance
    from kubeplat_tui.sandbox.machines.machine import Machine
    from kubeplat_tui.sandbox.machines.terminal import Terminal, Window

CHANNEL_REQUEST = b"\x62"
"""SSH_MSG_CHANNEL_REQUEST (RFC 4254, 9)."""

SEND = "_send_user_message"
"""Paramiko's own way to send a message of a channel; it has none that is public."""

logger = logging.getLogger("kubeplat.sandbox")


class Session:
    """One shell, command or subsystem. `terminal` and `environ` are what the client asked for beforehand.

    `port` is where the client came in, 0 where through another machine.
    """

    def __init__(
        self, channel: paramiko.Channel, machine: Machine, instance: Instance, user: str, port: int = 0
    ) -> None:
        # Paramiko itself holds a channel only weakly.
        self._channel = channel
        self._line = Line(channel)
        self._machine = machine
        self._instance = instance
        self._user = user
        self._port = port
        self._agent: AgentSocket | None = None
        self._program: Program | None = None
        self._greeting: str | None = None
        self._closing = threading.Lock()
        self.terminal: Terminal | None = None
        self.environ: dict[str, str] = {}

    @property
    def over(self) -> bool:
        """Whether its channel has closed, and nothing is still to begin."""
        return self._channel.closed and self._greeting is None

    def forward_agent(self, transport: paramiko.Transport) -> bool:
        """Offer the client's agent to the program. False where that cannot be done."""
        if self._agent is None and self._program is None:
            try:
                self._machine.make_folders()
                self._agent = AgentSocket(self._machine.sockets, transport)
            except (OSError, KubeplatError):
                logger.exception("an agent could not be forwarded")
        return self._agent is not None

    def resize(self, window: Window) -> bool:
        """Give the terminal another size. False where there is none."""
        if self.terminal is None:
            return False
        self.terminal = self.terminal.resized(window)
        if self._program is not None:
            self._program.resize(window)
        return True

    def start(self, command: Sequence[str], greeting: str = "") -> bool:
        """Start `command`; `answered` is to follow. False where something runs already or it cannot be done."""
        if self._program is not None:
            return False
        folder, sockets = self._machine.folder, self._machine.sockets
        environ = home.environ(self._instance, self._user, folder, sockets, self.environ)
        if self._port:
            environ[home.WAY_IN] = str(self._port)
        if self._agent is not None:
            environ["SSH_AUTH_SOCK"] = str(self._agent.path)
        program = Program(self._line, self._ended)
        try:
            self._machine.make_folders()
            program.start(command, folder, environ, self.terminal)
        except (OSError, ValueError, KubeplatError):
            logger.exception("a session could not be started on %s", self._instance.id)
            return False
        self._program = program
        self._greeting = greeting.replace("\n", "\r\n")
        return True

    def answered(self) -> None:
        """The client knows that what it asked for was done. Not before may the program say anything, or end."""
        if self._program is not None and self._greeting is not None:
            greeting, self._greeting = self._greeting, None
            self._program.carry(greeting)

    def close(self) -> None:
        """Hang up."""
        self._line.close()
        self.answered()  # what was started has to be carried to its end
        if self._program is not None:
            self._program.hang_up()
        self._close_agent()

    def _ended(self, code: int) -> None:
        with contextlib.suppress(*TROUBLE):  # the client is gone
            if code >= 0:
                self._channel.send_exit_status(code)
            else:
                self._send_exit_signal(signal.Signals(-code))
        self._line.close()
        self._close_agent()

    def _send_exit_signal(self, number: signal.Signals) -> None:
        # RFC 4254, 6.10; paramiko sends exit codes only.
        message = paramiko.Message()
        message.add_byte(CHANNEL_REQUEST)
        message.add_int(self._channel.remote_chanid)
        message.add_string("exit-signal")
        message.add_boolean(False)
        message.add_string(number.name.removeprefix("SIG"))
        message.add_boolean(False)
        message.add_string("")
        message.add_string("")
        send: Callable[[paramiko.Message], None] = getattr(self._channel.get_transport(), SEND)
        send(message)

    def _close_agent(self) -> None:
        with self._closing:
            agent, self._agent = self._agent, None
        if agent is not None:
            agent.close()
