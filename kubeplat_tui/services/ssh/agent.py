"""The running ssh-agent: what keys it has, and a key added to it for a time.

Source: draft-ietf-sshm-ssh-agent (before: draft-miller-ssh-agent), sections 3.2 and 3.5.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.ssh.model import HostKey
from kubeplat_tui.services.ssh_wire import string, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SOCKET = "SSH_AUTH_SOCK"
SECONDS = 10.0
"""An agent may ask its owner before it answers, but it lists and adds without."""

LONGEST_ANSWER = 256 * 1024
"""Bytes, as OpenSSH's own client has it."""
LONGEST_LIFE = 2**32 - 1
"""Seconds; the field has 32 bits."""

_FAILURE, _SUCCESS = 5, 6
_REQUEST_IDENTITIES, _IDENTITIES_ANSWER = 11, 12
_ADD_ID_CONSTRAINED = 25
_CONSTRAIN_LIFETIME = 1
_KIND = b"ssh-ed25519"


class AgentError(KubeplatError):
    """The agent does not answer, or refuses."""


class NoAgentError(InputError):
    """No agent is named, or nobody listens where it is named."""


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key that the agent has: its public half, and the words that came with it."""

    key: HostKey
    comment: str


def keys(environ: Mapping[str, str]) -> tuple[AgentKey, ...]:
    """The agent's keys in its order. Raises `NoAgentError` without an agent, `AgentError` where it does not answer."""
    with _agent(environ) as agent:
        kind, body = _ask(agent, bytes((_REQUEST_IDENTITIES,)))
    if kind != _IDENTITIES_ANSWER:
        raise _odd()
    try:
        if len(body) < 4:
            raise ValueError("the count is cut off")
        count, body = int.from_bytes(body[:4], "big"), body[4:]
        found = []
        for _ in range(count):
            blob, body = take(body)
            comment, body = take(body)
            found.append(
                AgentKey(HostKey(take(blob)[0].decode("ascii"), blob), comment.decode(errors="replace"))
            )
    except ValueError as error:
        raise _odd() from error
    return tuple(found)


def add_key(environ: Mapping[str, str], key: bytes, comment: str, seconds: int) -> None:
    """Add an ed25519 key (OpenSSH's form, without a passphrase) to the agent, which forgets it after `seconds`.

    A key that it has gets the new lifetime. Raises `InputError` for a key or time that cannot be, `NoAgentError`,
    `AgentError`.
    """
    if not 0 < seconds <= LONGEST_LIFE:
        raise InputError(f"A key cannot be kept for {seconds} seconds.", todo=f"Take 1 to {LONGEST_LIFE}.")
    private, public = _halves(key)
    message = (
        bytes((_ADD_ID_CONSTRAINED,))
        + string(_KIND)
        + string(public)
        + string(private + public)
        + string(comment.encode())
        + bytes((_CONSTRAIN_LIFETIME,))
        + seconds.to_bytes(4, "big")
    )
    with _agent(environ) as agent:
        kind, _ = _ask(agent, message)
    if kind == _SUCCESS:
        return
    if kind != _FAILURE:
        raise _odd()
    raise AgentError(
        "The ssh-agent did not take the key.",
        why="It is locked, or takes no keys with a lifetime.",
        todo="Unlock it (ssh-add -X), or start OpenSSH's own: eval $(ssh-agent)",
    )


def _halves(key: bytes) -> tuple[bytes, bytes]:
    """The private and the public half, 32 bytes each."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        loaded = serialization.load_ssh_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise InputError(
            "The ssh key cannot be read.", why="It is damaged, or still under its passphrase."
        ) from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise InputError("The ssh key is no ed25519 key.", todo="Add others yourself: ssh-add FILE")
    return loaded.private_bytes_raw(), loaded.public_key().public_bytes_raw()


@contextlib.contextmanager
def _agent(environ: Mapping[str, str]) -> Iterator[socket.socket]:
    place = environ.get(SOCKET, "")
    if not place:
        raise NoAgentError(
            "There is no ssh-agent.",
            why=f"{SOCKET} is not set.",
            todo="Start one: eval $(ssh-agent)",
        )
    agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        agent.settimeout(SECONDS)
        try:
            agent.connect(place)
        except OSError as error:
            raise NoAgentError(
                f"No ssh-agent answers at {place}.",
                why=f"{error.strerror or error}.",
                todo=f"Start one (eval $(ssh-agent)), or set {SOCKET} to the one that runs.",
            ) from error
        yield agent
    except OSError as error:
        raise AgentError(
            "The ssh-agent does not answer.", why=f"{error.strerror or error}.", todo="Start it anew."
        ) from error
    finally:
        agent.close()


def _ask(agent: socket.socket, message: bytes) -> tuple[int, bytes]:
    """The answer's type and the rest of it."""
    agent.sendall(string(message))
    length = int.from_bytes(_receive(agent, 4), "big")
    if not 0 < length <= LONGEST_ANSWER:
        raise _odd()
    answer = _receive(agent, length)
    return answer[0], answer[1:]


def _receive(agent: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = agent.recv(count - len(data))
        if not piece:
            raise AgentError("The ssh-agent hung up.", todo="Start it anew.")
        data += piece
    return data


def _odd() -> AgentError:
    return AgentError("What the ssh-agent answers cannot be understood.", todo="Start OpenSSH's own.")
