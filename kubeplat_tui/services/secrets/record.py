"""What the working copy remembers beside its files: what was last in step with the bucket, and cached digests."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from kubeplat_tui.services.secrets.transaction import Stage

HEAD = "kubeplat secrets 1"
"""The first line of both files."""

SETTLED = 100_000_000
"""Nanoseconds after which a file that is changed again has another time of change; kernels tick every 1-10 ms."""


@dataclass(frozen=True, slots=True)
class InStep:
    """An object as both sides last had it. `sha256` in hex; `version` "" where it was not told."""

    etag: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Protected:
    """A file that is kept under a passphrase here. `file` is its own SHA-256, `plain` that of what it stands for."""

    file: str
    plain: str


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one working copy. A file beside it; never a content."""

    in_step: Mapping[str, InStep] = field(default_factory=dict)
    protected: Mapping[str, Protected] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Record:
        """Read the record; an absent one is empty. Raises `KubeplatError` where it is there and cannot be read."""
        in_step: dict[str, InStep] = {}
        protected: dict[str, Protected] = {}
        try:
            for kind, key, *fields in _lines(path):
                if kind == "in step":
                    in_step[key] = InStep(*fields)
                elif kind == "protected":
                    protected[key] = Protected(*fields)
                else:
                    raise ValueError(f"it has a line of the kind {kind!r}")
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError) as error:
            raise KubeplatError(
                f"{path} cannot be read: it remembers what was last in step with the bucket.",
                why=f"{error}.",
                todo="Move it away: the files stay, and the next comparison asks the bucket for every digest.",
            ) from error
        return cls(in_step, protected)

    def encoded(self) -> bytes:
        """The record as its file holds it."""
        in_step = (
            ("in step", key, each.etag, each.version, each.sha256) for key, each in self.in_step.items()
        )
        protected = (("protected", key, each.file, each.plain) for key, each in self.protected.items())
        return _written([*in_step, *protected])

    def learned(self, in_step: Mapping[str, InStep], forget: Collection[str] = ()) -> Record:
        """This record with what is in step by now, without the keys to forget."""
        kept = {key: each for key, each in self.in_step.items() if key not in forget}
        return replace(self, in_step=kept | dict(in_step))

    def unprotected(self, keys: Collection[str]) -> Record:
        """This record without the protection of these files: they were written anew, or are gone."""
        if not any(key in self.protected for key in keys):
            return self
        return replace(self, protected={key: each for key, each in self.protected.items() if key not in keys})


class Digests:
    """The digests of files by what the file system says of them, so that ten thousand need not be read again.

    A file that was changed a moment ago is not remembered: it could change once more within one tick of the clock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, tuple[str, str]] | None = None
        self._changed = False

    def get(self, key: str, stat: os.stat_result) -> str:
        """The SHA-256 of the file as it stands, "" where it must be read."""
        identity, sha256 = self._entries().get(key, ("", ""))
        return sha256 if identity == _identity(stat) else ""

    def put(self, key: str, stat: os.stat_result, sha256: str) -> None:
        """Remember the digest of a file whose `stat` was taken before it was read."""
        if time.time_ns() - stat.st_ctime_ns > SETTLED:
            self._entries()[key] = (_identity(stat), sha256)
            self._changed = True

    def save(self, stage: Stage, keys: Collection[str]) -> None:
        """Keep the digests of `keys` for the next process. It is a comfort: where that fails nothing is lost."""
        if not self._changed:
            return
        entries = {key: entry for key, entry in self._entries().items() if key in keys}
        with contextlib.suppress(KubeplatError):
            stage.move(stage.add(_written((key, *entry) for key, entry in entries.items())), self._path)
        self._known, self._changed = entries, False

    def _entries(self) -> dict[str, tuple[str, str]]:
        if self._known is None:
            try:
                self._known = {key: (identity, sha256) for key, identity, sha256 in _lines(self._path)}
            except (OSError, ValueError):
                self._known = {}
        return self._known


def _identity(stat: os.stat_result) -> str:
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _lines(path: Path) -> Iterator[list[str]]:
    """The fields of each line. Not JSON: reading ten thousand keys of it would hold up all other threads.

    Raises `OSError` or `ValueError` where the file cannot be read or is cut short.
    """
    head, *lines = path.read_bytes().decode().split("\n")
    if head != HEAD or lines[-1:] != [""]:
        raise ValueError("it is cut short, or of another version")
    for line in lines[:-1]:
        yield line.split("\t")


def _written(rows: Iterable[tuple[str, ...]]) -> bytes:
    """Lines of fields, none of which holds a tab or a line break: they are keys, tags and digests."""
    return "".join([f"{HEAD}\n", *("\t".join(row) + "\n" for row in rows)]).encode()
