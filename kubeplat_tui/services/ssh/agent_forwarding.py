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


class LentAgent:
    """What one connection lends. OpenSSH's server keeps the agent's socket for every later session of a connection,
    until the connection ends: so it is on this side that lending ends, with the last session that asked for it.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._asking: set[paramiko.Channel] = set()
        self._carried: set[paramiko.Channel] = set()
        self._lock = threading.Lock()

    def lend(self, session: paramiko.Channel) -> None:
        """Ask the machine to lend the agent of `environ` to what runs in `session`."""
        with self._lock:
            self._asking.add(session)
        session.request_forward_agent(self._opened)

    def end(self, session: paramiko.Channel) -> None:
        """That session is over."""
        with self._lock:
            self._asking.discard(session)
            left = [] if self._lent() else list(self._carried)
        for channel in left:
            _close(channel)

    def _lent(self) -> bool:
        return any(not session.closed for session in self._asking)

    def _opened(self, channel: paramiko.Channel) -> None:
        """A program there asks. Called from paramiko's thread, which must not wait."""
        with self._lock:
            if self._lent():
                self._carried.add(channel)
                target = self._carry
            else:
                target = _close
        threading.Thread(target=target, args=(channel,), name="ssh-agent", daemon=True).start()

    def _carry(self, channel: paramiko.Channel) -> None:
        agent = dial(self._environ, LIST_SECONDS)
        if agent is None:
            self._ended(channel)
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
        self._ended(channel)

    def _ended(self, channel: paramiko.Channel) -> None:
        _close(channel)
        with self._lock:
            self._carried.discard(channel)


def _close(channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        channel.close()


def _back(agent: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        while data := agent.recv(PIECE):
            channel.sendall(data)
    _end(agent, channel)


def _end(agent: socket.socket, channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError):
        agent.shutdown(2)
    _close(channel)
