"""Lending this computer's ssh-agent to a machine, for as long as one session there lives, and only when asked to.

Source: draft-ietf-sshm-ssh-agent, "Agent forwarding" (auth-agent-req@openssh.com). Whoever is root on the machine can
use the agent's keys meanwhile; it cannot take them away.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.agent_keys import LIST_SECONDS, dial

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    import paramiko

PIECE = 16 * 1024


def forward_agent(channel: paramiko.Channel, environ: Mapping[str, str]) -> None:
    """Ask the machine to lend the agent of `environ` to what runs in `channel`."""
    lent = _Lent(environ)
    channel.request_forward_agent(lent.opened)


class _Lent:
    """Every program there that asks for the agent gets a connection of its own to it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def opened(self, channel: paramiko.Channel) -> None:
        """A program there asks. Called from paramiko's thread, which must not wait."""
        threading.Thread(target=self._carry, args=(channel,), name="ssh-agent", daemon=True).start()

    def _carry(self, channel: paramiko.Channel) -> None:
        agent = dial(self._environ, LIST_SECONDS)
        if agent is None:
            channel.close()
            return
        agent.settimeout(None)
        back = threading.Thread(target=_back, args=(agent, channel), name="ssh-agent-back", daemon=True)
        back.start()
        with contextlib.suppress(OSError, EOFError):
            while data := channel.recv(PIECE):
                agent.sendall(data)
        _end(agent, channel)
        back.join()
        agent.close()


def _back(agent: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        while data := agent.recv(PIECE):
            channel.sendall(data)
    _end(agent, channel)


def _end(agent: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        agent.shutdown(2)
    with contextlib.suppress(OSError, EOFError):
        channel.close()
