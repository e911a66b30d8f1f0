"""What a fetch or an upload would do with some files, and what a person decides about the contested ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.screens.secrets.outline import Standing, standing
from kubeplat_tui.services.events import to_the_end
from kubeplat_tui.services.secrets.model import State
from kubeplat_tui.widgets.cells import byte_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.secrets.model import SecretFile, Transfer
    from kubeplat_tui.services.secrets.store import SecretStore


class Way(StrEnum):
    """Which way files go."""

    FETCH = "fetch"
    UPLOAD = "upload"


class Choice(StrEnum):
    """What becomes of a file that both sides claim."""

    KEEP = "keep both"
    THEIRS = "take theirs"
    """Mine is kept aside below the state folder."""
    MINE = "upload mine"
    """Theirs stays as an earlier version."""


_TAKES = {
    Way.FETCH: {State.ONLY_THERE, State.CHANGED_THERE},
    Way.UPLOAD: {State.ONLY_HERE, State.CHANGED_HERE},
}
_AGAINST = {Way.FETCH: State.CHANGED_HERE, Way.UPLOAD: State.CHANGED_THERE}
"""What this way would undo; it is offered only for files that were each pointed at."""
_DELETED = {Way.FETCH: Standing.DELETED_THERE, Way.UPLOAD: Standing.DELETED_HERE}
"""What was deleted where the files come from; the other side may follow."""


@dataclass(frozen=True, slots=True)
class Move:
    """What would be done. `contested` wait for a choice each; `deleted` stay unless that is asked for.

    `staying` counts what was changed where the files go to: it would be undone, and is left alone.
    """

    way: Way
    moving: tuple[SecretFile, ...] = ()
    contested: tuple[SecretFile, ...] = ()
    deleted: tuple[SecretFile, ...] = ()
    staying: int = 0

    @classmethod
    def planned(cls, way: Way, files: Sequence[SecretFile], *, one_by_one: bool) -> Move:
        """What `way` would do with these files. `one_by_one`: each was marked, or the cursor is on it."""
        deleted = tuple(file for file in files if standing(file) is _DELETED[way])
        moving = tuple(file for file in files if file.state in _TAKES[way])
        contested = tuple(
            file
            for file in files
            if file.state is State.CHANGED_BOTH or (one_by_one and file.state is _AGAINST[way])
        )
        against = sum(file.state is _AGAINST[way] for file in files)
        return cls(way, moving, contested, deleted, 0 if one_by_one else against)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to do and nothing to decide."""
        return not (self.moving or self.contested or self.deleted)

    @property
    def needs_asking(self) -> bool:
        """More than one file, or something would be replaced, brought back or deleted."""
        return bool(self.contested or self.deleted) or len(self.moving) > 1 or bool(self.replaced + self.back)

    @property
    def size(self) -> int:
        """Bytes that would move, without the contested files."""
        sides = (file.there if self.way is Way.FETCH else file.here for file in self.moving)
        return sum(side.size for side in sides if side is not None)

    @property
    def replaced(self) -> int:
        """How many files of the other side give way to a newer content."""
        return sum(file.state in {State.CHANGED_HERE, State.CHANGED_THERE} for file in self.moving)

    @property
    def back(self) -> int:
        """How many come back to the side where they had been deleted."""
        return sum(file.known and None in {file.here, file.there} for file in self.moving)

    def sentences(self) -> list[str]:
        """What would happen, a line each, the counts first."""
        fetches = self.way is Way.FETCH
        here, there = ("here", "in the bucket") if fetches else ("in the bucket", "here")
        lines = []
        if self.moving:
            lines.append(
                f"{files(len(self.moving))} ({byte_size(self.size)}) "
                + ("from the bucket to the working copy." if fetches else "to the bucket, encrypted.")
            )
        if self.replaced:
            kept = "" if fetches else "; what is there now stays as an earlier version"
            lines.append(f"{self.replaced:,} {_verb(self.replaced, 'replace')} what is {here}{kept}.")
        if self.back:
            had = "it had" if self.back == 1 else "they had"
            lines.append(f"{self.back:,} {_verb(self.back, 'come')} back: {had} been deleted {here}.")
        if self.staying:
            stays = "it stays as it is" if self.staying == 1 else "they stay as they are"
            lines.append(f"{files(self.staying)} changed {here}: {stays}.")
        if self.deleted:
            lines.append(f"{files(len(self.deleted))} had been deleted {there}, not {here}.")
        return lines


def files(count: int) -> str:
    """`1 file`, `12 files`."""
    return "1 file" if count == 1 else f"{count:,} files"


def _verb(count: int, word: str) -> str:
    return f"{word}s" if count == 1 else word


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided: a choice by key for the contested files, and whether deletions follow."""

    choices: Mapping[str, Choice] = field(default_factory=dict)
    deletions: bool = False

    def keys(self, choice: Choice) -> list[str]:
        """The keys with this choice."""
        return [key for key, one in self.choices.items() if one is choice]

    def does_something(self, move: Move) -> bool:
        """Whether anything would change."""
        return bool(move.moving or (self.deletions and move.deleted)) or any(
            choice is not Choice.KEEP for choice in self.choices.values()
        )


@dataclass(frozen=True, slots=True)
class Moved:
    """What the transfers did, together. `kept`: files whose two sides stay apart."""

    fetched: int = 0
    uploaded: int = 0
    deleted: int = 0
    size: int = 0
    conflicts: tuple[str, ...] = ()
    stopped: bool = False

    def sentence(self) -> str:
        """`12 files fetched (34 KiB).`"""
        parts = [
            f"{files(count)} {word}"
            for count, word in (
                (self.fetched, "fetched"),
                (self.uploaded, "uploaded"),
                (self.deleted, "deleted"),
            )
            if count
        ]
        done = ", ".join(parts) or "Nothing was moved"
        size = f" ({byte_size(self.size)})" if self.size else ""
        left = f" {files(len(self.conflicts))} changed on both sides: left as they are." * bool(
            self.conflicts
        )
        return f"{'Stopped: ' if self.stopped else ''}{done}{size}.{left}"


def carry_out(
    store: SecretStore, move: Move, answer: Answer, stop: Stop, seen: Callable[[Event], None]
) -> Moved:
    """Do what was decided, in a worker; `seen` gets every event. Raises `KubeplatError` where a transfer fails."""
    plain = [file.key for file in (*move.moving, *(move.deleted if answer.deletions else ()))]
    theirs, mine = answer.keys(Choice.THEIRS), answer.keys(Choice.MINE)
    fetched: list[Transfer] = []
    uploaded: list[Transfer] = []
    one = store.fetch if move.way is Way.FETCH else store.upload
    if plain:
        done = fetched if move.way is Way.FETCH else uploaded
        done.append(to_the_end(one(plain, delete=answer.deletions, stop=stop), seen))
    if theirs and not stop.requested:
        fetched.append(to_the_end(store.fetch(theirs, overwrite=True, stop=stop), seen))
    if mine and not stop.requested:
        uploaded.append(to_the_end(store.upload(mine, overwrite=True, stop=stop), seen))
    every = [*fetched, *uploaded]
    return Moved(
        sum(len(each.moved) for each in fetched),
        sum(len(each.moved) for each in uploaded),
        sum(len(each.deleted) for each in every),
        sum(each.size for each in every),
        tuple(key for each in every for key in each.conflicts),
        any(each.stopped for each in every),
    )
