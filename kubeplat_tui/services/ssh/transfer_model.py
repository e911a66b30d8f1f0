"""The words of a transfer: what is copied, how far it is, and what was left out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.services.ssh.model import SshError

if TYPE_CHECKING:
    import paramiko

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.model import LinkStatus


class Machine(Protocol):
    """What a transfer needs of a connection; `connection.Connection` is one."""

    instance: Instance
    user: str

    @property
    def status(self) -> LinkStatus:
        """How it stands."""
        ...

    def sftp(self) -> paramiko.SFTPClient:
        """The machine's files. Raises `SshError`."""
        ...


class Kind(StrEnum):
    """What can be copied."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to copy. `relative` is its path below what was named, with `/`; `size` in bytes.

    `mode` has the nine permission bits and `modified` is in seconds since 1970; None where the machine does not say.
    `link` is where a symbolic link leads.
    """

    relative: str
    kind: Kind
    size: int
    mode: int | None
    modified: int | None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out, by its path below what was named, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """How far it is: of the file `name`, `done` of `size` bytes; of all, so many files and bytes."""

    name: str
    done: int
    size: int
    files_done: int
    files: int
    bytes_done: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did: where to (a path here, or on the machine), how much, and what was left out."""

    target: str
    files: int
    bytes: int
    seconds: float
    skipped: tuple[Skipped, ...] = ()


class TransferStoppedError(SshError):
    """It was stopped because somebody asked for it. Files that are there are whole."""


def found(relative: str, item: Item | None, link: str) -> Item | Skipped:
    """What a walk says of what it found at `relative`: `item`, None for what cannot be copied."""
    if item is None:
        return Skipped(relative, "it is neither a file nor a folder")
    if item.kind is Kind.LINK and not link_stays_inside(relative, link):
        return Skipped(relative, f"it is a link that leads out of the folder, to {link}")
    return item


def waiting_name() -> str:
    """What a file is called until all of it is there."""
    return f".kubeplat-{secrets.token_hex(6)}.part"


def link_stays_inside(relative: str, link: str) -> bool:
    """Whether a symbolic link at `relative` leads nowhere but below the folder that is copied.

    It may climb first and then descend, never climb after a name: that name might be a link, too.
    """
    parts = [part for part in link.split("/") if part not in {"", "."}]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    depth = relative.count("/")
    return bool(link) and not link.startswith("/") and climbs <= depth and ".." not in parts[climbs:]
