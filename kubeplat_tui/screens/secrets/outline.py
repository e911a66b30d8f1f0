"""The bucket and the working copy as one tree: its nodes, which of them are seen, and what lies below which.

The nodes stand in one tuple, each folder before what it holds: a node knows where its own end, so folding and
filtering only skip numbers. No terminal here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.services.secrets.model import State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from kubeplat_tui.services.pki.findings import Finding
    from kubeplat_tui.services.secrets.model import SecretFile, Stored
    from kubeplat_tui.widgets.pattern import Pattern

OPEN_UP_TO = 60
"""A folder begins open where there are at most so many files below it."""


class Kind(Enum):
    """What a row stands for."""

    BUCKET = "bucket"
    FOLDER = "folder"
    FILE = "file"
    LEFT_OUT = "left out"
    """An object that the working copy does not take: the machines' own."""


class Standing(Enum):
    """How the two sides compare, as it is shown: a file that is missing on one side may have been deleted there."""

    SAME = "same"
    ONLY_HERE = "only here"
    ONLY_THERE = "only there"
    CHANGED_HERE = "changed here"
    CHANGED_THERE = "changed there"
    DELETED_HERE = "deleted here"
    DELETED_THERE = "deleted there"
    CHANGED_BOTH = "both changed"


GRAVITY = {standing: number for number, standing in enumerate(Standing)}
"""A folder shows the gravest of what it holds."""
_STANDING = {
    State.SAME: Standing.SAME,
    State.CHANGED_HERE: Standing.CHANGED_HERE,
    State.CHANGED_THERE: Standing.CHANGED_THERE,
    State.CHANGED_BOTH: Standing.CHANGED_BOTH,
}


def standing(file: SecretFile) -> Standing:
    """How `file` is shown."""
    if file.state is State.ONLY_HERE:
        return Standing.DELETED_THERE if file.known else Standing.ONLY_HERE
    if file.state is State.ONLY_THERE:
        return Standing.DELETED_HERE if file.known else Standing.ONLY_THERE
    return _STANDING[file.state]


@dataclass(frozen=True, slots=True)
class Node:
    """One row. `key` is "" for the bucket, ends with / for a folder, and is the object's for a file.

    `parent` and `end` are places in `Outline.nodes`: of what holds it (-1: nothing), and after all it holds.
    `size` is bytes; a folder's is the sum, its `modified` the latest and its `expires` the earliest below it.
    """

    kind: Kind
    key: str
    name: str
    depth: int
    parent: int
    end: int
    standing: Standing | None
    size: int
    modified: datetime | None
    expires: datetime | None = None
    due: bool = False
    files: int = 0
    children: int = 0
    file: SecretFile | None = None
    stored: Stored | None = None
    finding: Finding | None = None
    renews: str = ""
    """The name by which this certificate or kubeconfig is renewed, "" where nothing renews it."""
    haystack: str = ""

    @property
    def holds(self) -> bool:
        """Whether it can be opened."""
        return self.file is None and self.stored is None

    @property
    def begins_open(self) -> bool:
        """Whether it is open before anybody opens or closes it."""
        return self.kind is Kind.BUCKET or (not self.machines and self.files <= OPEN_UP_TO)

    @property
    def machines(self) -> bool:
        """Whether it belongs to the machines: nothing here moves or changes it."""
        return self.kind is Kind.LEFT_OUT or (self.kind is Kind.FOLDER and not self.files)


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole tree. The first node is the bucket."""

    nodes: tuple[Node, ...]
    counts: Mapping[Standing, int]
    bucket: str
    key_id: str
    at: Mapping[str, int]
    """Where each key stands in `nodes`."""

    @property
    def files(self) -> int:
        """How many files there are, beside what the working copy leaves out."""
        return self.nodes[0].files

    def passing(self, pattern: Pattern) -> set[int]:
        """The places of the files that match."""
        return {
            place
            for place, node in enumerate(self.nodes)
            if not node.holds and pattern.matches(node.haystack)
        }

    def rows(self, is_open: Callable[[Node], bool], passing: Collection[int] | None) -> list[int]:
        """The places of the nodes that are seen. `passing` are the files a filter leaves; None: no filter."""
        held = None if passing is None else self._holding(passing)
        seen = []
        place, last = 0, len(self.nodes)
        while place < last:
            node = self.nodes[place]
            if held is not None and place not in held:
                place = node.end
                continue
            seen.append(place)
            place = place + 1 if not node.holds or is_open(node) else node.end
        return seen

    def below(self, place: int, passing: Collection[int] | None) -> Iterator[SecretFile]:
        """The files at and below a place, those that the filter leaves."""
        for number in range(place, self.nodes[place].end):
            file = self.nodes[number].file
            if file is not None and (passing is None or number in passing):
                yield file

    def _holding(self, passing: Collection[int]) -> set[int]:
        """Those places and every folder on the way to them."""
        held = set(passing)
        held.add(0)
        for place in passing:
            parent = self.nodes[place].parent
            while parent not in held:
                held.add(parent)
                parent = self.nodes[parent].parent
        return held
