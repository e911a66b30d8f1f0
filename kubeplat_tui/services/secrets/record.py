"""What the working copy remembers beside its files: what was last in step with the bucket, and cached digests."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from kubeplat_tui.services.secrets.transaction import Stage

FORMAT = 1

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
        try:
            body = json.loads(path.read_bytes())
            if body["format"] != FORMAT:
                raise ValueError(f"its format is {body['format']}")
            return cls(
                {key: InStep(*map(str, values)) for key, values in body["in_step"].items()},
                {key: Protected(*map(str, values)) for key, values in body["protected"].items()},
            )
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise KubeplatError(
                f"{path} cannot be read: it remembers what was last in step with the bucket.",
                why=f"{error}.",
                todo="Move it away: the files stay, and the next comparison asks the bucket for every digest.",
            ) from error

    def encoded(self) -> bytes:
        """The record as its file holds it."""
        body = {
            "format": FORMAT,
            "in_step": {key: (each.etag, each.version, each.sha256) for key, each in self.in_step.items()},
            "protected": {key: (each.file, each.plain) for key, each in self.protected.items()},
        }
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()

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
        self._known: dict[str, list[Any]] | None = None
        self._changed = False

    def get(self, key: str, stat: os.stat_result) -> str:
        """The SHA-256 of the file as it stands, "" where it must be read."""
        entry = self._entries().get(key)
        return str(entry[-1]) if entry and entry[:-1] == _identity(stat) else ""

    def put(self, key: str, stat: os.stat_result, sha256: str) -> None:
        """Remember the digest of a file whose `stat` was taken before it was read."""
        if time.time_ns() - stat.st_ctime_ns > SETTLED:
            self._entries()[key] = [*_identity(stat), sha256]
            self._changed = True

    def save(self, stage: Stage, keys: Collection[str]) -> None:
        """Keep the digests of `keys` for the next process. It is a comfort: where that fails nothing is lost."""
        if not self._changed:
            return
        entries = {key: entry for key, entry in self._entries().items() if key in keys}
        with contextlib.suppress(KubeplatError):
            stage.move(stage.add(json.dumps(entries, separators=(",", ":")).encode()), self._path)
        self._known, self._changed = entries, False

    def _entries(self) -> dict[str, list[Any]]:
        if self._known is None:
            try:
                body = json.loads(self._path.read_bytes())
            except (OSError, ValueError):
                body = {}
            self._known = body if isinstance(body, dict) else {}
        return self._known


def _identity(stat: os.stat_result) -> list[int]:
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
