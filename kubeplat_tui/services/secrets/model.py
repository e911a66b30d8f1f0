"""The nouns of the secrets: an object there, a file here, a version, and how the two sides compare."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class Side(StrEnum):
    """The two places of a secret."""

    HERE = "here"
    THERE = "there"


class State(StrEnum):
    """How the working copy and the bucket compare, for one key."""

    SAME = "same"
    CHANGED_HERE = "changed here"
    CHANGED_THERE = "changed there"
    CHANGED_BOTH = "changed in both"
    ONLY_HERE = "only here"
    ONLY_THERE = "only there"


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's current version in the bucket. `size` in bytes, `etag` without quotes, `modified` UTC.

    Source: S3 ListObjectsV2. `version` is "" where only a listing was made.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    version: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object (S3 ListObjectVersions). `deleted`: a delete marker, without content."""

    key: str
    version: str
    etag: str
    size: int
    modified: datetime
    latest: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the working copy. `sha256` in hex, of what the bucket would hold; `modified` UTC."""

    key: str
    path: Path
    size: int
    sha256: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class SecretFile:
    """One key with both its sides. `known`: both sides were once the same, so one that is missing was deleted."""

    key: str
    state: State
    here: LocalFile | None
    there: Stored | None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every key of both sides, sorted. `left_out`: keys in the bucket that the working copy does not take."""

    files: tuple[SecretFile, ...]
    left_out: tuple[Stored, ...] = ()

    def count(self, *states: State) -> int:
        """How many files are in one of these states."""
        return sum(file.state in states for file in self.files)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a fetch or an upload did: the keys by what became of them. `size` is bytes moved."""

    moved: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    """Changed on both sides: both were left as they are."""
    size: int = 0
    stopped: bool = False
    """It was asked to stop before it was done; a fetch then changed nothing."""

    @property
    def unchanged(self) -> bool:
        """Whether nothing was to do."""
        return not (self.moved or self.deleted or self.conflicts)
