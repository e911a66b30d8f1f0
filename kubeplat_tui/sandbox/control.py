"""The control socket: one line with a verb goes in, one line of JSON comes back.

A connection that says `lease` keeps the child alive until it closes, however its holder ends. `keep` makes
the child outlive its leases, `stop` ends it, `status` only asks: the answer to these is the child's status.
`address HOST PORT` asks where on this computer a simulated host's port is.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.cloud import SandboxStatus
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_SECONDS = 10.0
LINE_LIMIT = 65_536


class Verb(StrEnum):
    """What can be asked."""

    LEASE = "lease"
    KEEP = "keep"
    STATUS = "status"
    STOP = "stop"
    ADDRESS = "address"


Address = tuple[str, int]
"""A host (name or number) and a TCP port."""


class GoneError(Exception):
    """Nobody answers at the socket: the child is not there, or ended while it was asked."""


def answer(status: SandboxStatus) -> bytes:
    """The status as it goes over the socket."""
    facts = asdict(status) | {"log": str(status.log), "started": status.started.isoformat()}
    return json.dumps(facts).encode() + b"\n"


def question(host: str, port: int) -> bytes:
    """Where is `host`:`port`? As it goes over the socket. Raises `OSError` for what no host can be called."""
    if not host or not host.isprintable() or not host.isascii() or " " in host:
        raise OSError(errno.EHOSTUNREACH, f"{host!r} is no host")
    return f"{Verb.ADDRESS} {host} {port}\n".encode()


def asked_for(words: list[str]) -> Address:
    """The host and port in the words that follow the verb. Raises `ValueError` for anything else."""
    host, port = words
    return host, int(port)


def found(address: Address) -> bytes:
    """An address as it goes over the socket."""
    return json.dumps({"host": address[0], "port": address[1]}).encode() + b"\n"


def not_found(error: OSError) -> bytes:
    """Why there is no address, as it goes over the socket."""
    facts = {"errno": error.errno or errno.EHOSTUNREACH, "why": error.strerror or str(error)}
    return json.dumps(facts).encode() + b"\n"


def parse_address(line: bytes) -> Address:
    """The address in `line`. Raises the `OSError` that is in it instead, `GoneError` where there is neither."""
    try:
        facts = json.loads(line)
        if "errno" not in facts:
            return str(facts["host"]), int(facts["port"])
        error = OSError(int(facts["errno"]), str(facts["why"]))
    except (ValueError, KeyError, TypeError) as unreadable:
        raise GoneError from unreadable
    raise error


def refusal(error: KubeplatError) -> bytes:
    """Why the child cannot start, as it goes over the socket."""
    facts = {"what": error.what, "why": error.why, "todo": error.todo, "input": isinstance(error, InputError)}
    return json.dumps({"refused": facts}).encode() + b"\n"


def parse(line: bytes) -> SandboxStatus:
    """The status in `line`. Raises the `KubeplatError` that is in it instead, `GoneError` where there is
    neither.
    """
    try:
        facts = json.loads(line)
        if refused := facts.get("refused"):
            kind = InputError if refused["input"] else KubeplatError
            raise kind(refused["what"], why=refused["why"], todo=refused["todo"])
        facts |= {"log": Path(facts["log"]), "started": datetime.fromisoformat(facts["started"])}
        return SandboxStatus(**facts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GoneError from error


def read_line(connection: socket.socket) -> bytes:
    """One line. Raises `GoneError` at the end of the stream, `TimeoutError` at the socket's timeout."""
    data = b""
    while not data.endswith(b"\n"):
        try:
            piece = connection.recv(4096)
        except ConnectionError as error:
            raise GoneError from error
        if not piece or len(data) > LINE_LIMIT:
            raise GoneError
        data += piece
    return data


@contextlib.contextmanager
def asked(control: Path, verb: Verb) -> Iterator[tuple[socket.socket, SandboxStatus]]:
    """Ask `verb`; the connection is closed at the end, and on every error.

    Raises `GoneError` where no child answers and `KubeplatError` where one is there but hangs.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(control))
            connection.sendall(f"{verb}\n".encode())
            status = parse(read_line(connection))
        except TimeoutError as error:
            raise KubeplatError(
                "The sandbox runs but does not answer.",
                why=f"{control} accepted the question and said nothing for {ANSWER_SECONDS:.0f} seconds.",
                todo="End the process named in child.lock beside the sandbox's log, then try again.",
            ) from error
        except OSError as error:
            raise GoneError from error
        yield connection, status


def ask_address(control: Path, host: str, port: int) -> Address:
    """Where on this computer the simulated `host`:`port` is. Raises `OSError` as connecting would."""
    words = question(host, port)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(control))
            connection.sendall(words)
            return parse_address(read_line(connection))
        except (GoneError, FileNotFoundError) as error:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the sandbox has ended") from error


def ask(control: Path, verb: Verb) -> SandboxStatus | None:
    """The answer to `verb`, None where no sandbox runs. Raises `KubeplatError` where one hangs."""
    try:
        with asked(control, verb) as (_, status):
            return status
    except GoneError:
        return None
