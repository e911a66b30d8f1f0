"""The keys of the user's running ssh-agent, to log in with. They stay in the agent; it signs.

Source: draft-miller-ssh-agent.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubeplat_tui.services.ssh.signing import SteadyKey

LIST_SECONDS = 5.0
SIGN_SECONDS = 60.0
"""A key may be one that the agent asks its owner about, or that has to be touched."""

SOCKET = "SSH_AUTH_SOCK"


def dial(environ: Mapping[str, str], seconds: float) -> socket.socket | None:
    """A connection to the agent; None where there is none that answers."""
    path = environ.get(SOCKET)
    if not path:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
    except OSError:  # left over from an agent that is gone
        connection.close()
        return None
    return connection


@contextlib.contextmanager
def agent_keys(environ: Mapping[str, str]) -> Iterator[tuple[SteadyKey, ...]]:
    """The agent's keys while the block runs; none where there is no agent, or it does not speak as one."""
    from paramiko.agent import AgentSSH
    from paramiko.ssh_exception import SSHException

    from kubeplat_tui.services.ssh.signing import SteadyKey

    connection = dial(environ, LIST_SECONDS)
    if connection is None:
        yield ()
        return
    agent: Any = AgentSSH()
    try:
        # paramiko's own way looks into the environment of this process only.
        agent._connect(connection)  # noqa: SLF001
        connection.settimeout(SIGN_SECONDS)
        keys = tuple(SteadyKey(agent, key.blob, key.comment) for key in agent.get_keys())
    except (SSHException, OSError, ValueError, IndexError, struct.error):
        keys = ()
    try:
        yield keys
    finally:
        connection.close()
