"""Puts the tree of the secrets together, in a worker; the screen gets it whole and never changes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.screens.secrets.outline import GRAVITY, Kind, Node, Outline, Standing, standing
from kubeplat_tui.services.pki.findings import Health
from kubeplat_tui.services.secrets.layout import MACHINES_OWN, PREFIXES
from kubeplat_tui.services.secrets.model import State
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kubeplat_tui.services.pki.findings import Finding
    from kubeplat_tui.services.secrets.model import Comparison, LocalFile, SecretFile, Stored

DEEPEST = 32
"""What lies deeper keeps the rest of its path as its name: a key may be a thousand slashes."""
NO_FILES = "other objects"
"""The heading of objects whose keys can be no files beside the others, and of folders' marks."""
WARN_DAYS = 60
"""For what no finding tells about (the findings know lifetimes: a short one is due later)."""


@dataclass(slots=True)
class _Folder:
    """A folder while the tree is put together."""

    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[tuple[str, SecretFile]] = field(default_factory=list)


@dataclass(slots=True)
class _Sum:
    """What a folder says of everything below it."""

    files: int = 0
    size: int = 0
    worst: Standing | None = None
    modified: datetime | None = None
    expires: datetime | None = None
    due: bool = False

    def add(self, node: Node, *, in_use: bool = True) -> None:
        """Take one file or folder in. What is not in use frightens nobody by its expiry."""
        self.files += node.files
        self.size += node.size
        if node.standing is not None and (self.worst is None or GRAVITY[node.standing] > GRAVITY[self.worst]):
            self.worst = node.standing
        if node.modified is not None and (self.modified is None or node.modified > self.modified):
            self.modified = node.modified
        if in_use and node.expires is not None and (self.expires is None or node.expires < self.expires):
            self.expires, self.due = node.expires, node.due


def outline(
    comparison: Comparison,
    *,
    expiries: Mapping[str, datetime],
    findings: Sequence[Finding],
    renewable: Mapping[str, str],
    bucket: str,
    key_id: str,
    now: datetime,
) -> Outline:
    """The tree of both sides. `renewable` gives the name to renew by for the keys that have one."""
    maker = _Maker(expiries, {finding.key: finding for finding in findings}, renewable, now)
    nodes = maker.make(comparison, bucket)
    counts = Counter(standing(file) for file in comparison.files)
    at = {node.key: place for place, node in enumerate(nodes)}
    return Outline(tuple(nodes), counts, one_line(bucket), one_line(key_id), at)


class _Maker:
    """Puts the nodes one after the other; a folder's own node is written when all of it is known."""

    def __init__(
        self,
        expiries: Mapping[str, datetime],
        findings: Mapping[str, Finding],
        renewable: Mapping[str, str],
        now: datetime,
    ) -> None:
        self._expiries = expiries
        self._findings = findings
        self._renewable = renewable
        self._now = now
        self._nodes: list[Node | None] = []

    def make(self, comparison: Comparison, bucket: str) -> list[Node]:
        """Every node, the bucket's first."""
        root = _Folder()
        for file in comparison.files:
            folder = root
            *way, name = file.key.split("/", DEEPEST)
            for part in way:
                folder = folder.folders.setdefault(part, _Folder())
            folder.files.append((name, file))
        self._nodes.append(None)
        total = _Sum()
        order = {prefix.name: number for number, prefix in enumerate(PREFIXES)}
        tops = sorted(root.folders, key=lambda name: (order.get(name, len(order)), name))
        for name in tops:
            total.add(self._folder(root.folders[name], f"{name}/", name, 0, 0))
        for name, file in root.files:
            node = self._file(file, name, 0, 0)
            total.add(node, in_use=self._in_use(node))
        children = len(self._nodes) - 1
        self._left_out(comparison.left_out)
        self._nodes[0] = self._holder(Kind.BUCKET, total, name=bucket, parent=-1, children=children)
        return [node for node in self._nodes if node is not None]

    def _folder(self, folder: _Folder, key: str, name: str, depth: int, parent: int) -> Node:
        place = len(self._nodes)
        self._nodes.append(None)
        total = _Sum()
        for inner in sorted(folder.folders):
            total.add(self._folder(folder.folders[inner], f"{key}{inner}/", inner, depth + 1, place))
        for inner, file in folder.files:
            node = self._file(file, inner, depth + 1, place)
            total.add(node, in_use=self._in_use(node))
        children = len(folder.folders) + len(folder.files)
        node = self._holder(
            Kind.FOLDER, total, key=key, name=name, depth=depth, parent=parent, children=children
        )
        self._nodes[place] = node
        return node

    def _holder(
        self,
        kind: Kind,
        total: _Sum,
        *,
        name: str,
        parent: int,
        children: int,
        key: str = "",
        depth: int = 0,
    ) -> Node:
        return Node(
            kind,
            key,
            _shown(name),
            depth,
            parent,
            end=len(self._nodes),
            standing=total.worst,
            size=total.size,
            modified=total.modified,
            expires=total.expires,
            due=total.due,
            files=total.files,
            children=children,
        )

    def _file(self, file: SecretFile, name: str, depth: int, parent: int) -> Node:
        place = len(self._nodes)
        how = standing(file)
        newer = newer_side(file)
        finding = self._findings.get(file.key)
        expires = self._expiries.get(file.key) or (finding.expires if finding is not None else None)
        node = Node(
            Kind.FILE,
            file.key,
            _shown(name),
            depth,
            parent,
            end=place + 1,
            standing=how,
            size=newer.size,
            modified=newer.modified,
            expires=expires,
            due=self._is_due(finding, expires),
            files=1,
            file=file,
            finding=finding,
            renews=self._renewable.get(file.key, ""),
            haystack=_haystack(file.key, how, finding),
        )
        self._nodes.append(node)
        return node

    def _left_out(self, objects: Sequence[Stored]) -> None:
        """What stays in the bucket: a folder for each prefix of the machines, one for what can be no file here."""
        tops: dict[str, list[Stored]] = {}
        for stored in objects:
            top = stored.key.partition("/")[0]
            tops.setdefault(top if top in MACHINES_OWN else "", []).append(stored)
        for top, members in sorted(tops.items()):
            place = len(self._nodes)
            total = _Sum(
                size=sum(stored.size for stored in members),
                modified=max(stored.modified for stored in members),
            )
            objects_below = [
                Node(
                    Kind.LEFT_OUT,
                    stored.key,
                    _shown(stored.key.partition("/")[2] if top else stored.key),
                    1,
                    place,
                    end=number + 1,
                    standing=None,
                    size=stored.size,
                    modified=stored.modified,
                    stored=stored,
                    haystack=_haystack(stored.key, None, None),
                )
                for number, stored in enumerate(sorted(members, key=lambda each: each.key), place + 1)
            ]
            self._nodes += [None, *objects_below]
            self._nodes[place] = self._holder(
                Kind.FOLDER,
                total,
                key=f"{top}/",
                name=top or NO_FILES,
                parent=0,
                children=len(members),
            )

    def _is_due(self, finding: Finding | None, expires: datetime | None) -> bool:
        if finding is not None and finding.health in {Health.VALID, Health.DUE, Health.EXPIRED}:
            return finding.health is not Health.VALID
        return expires is not None and (expires - self._now).days < WARN_DAYS

    @staticmethod
    def _in_use(node: Node) -> bool:
        return node.finding is None or node.finding.in_use


def newer_side(file: SecretFile) -> Stored | LocalFile:
    """The side whose facts are shown: the one that changed last.

    Of two that are the same it is the bucket's: a file that was fetched just now is as old as its object.
    """
    here, there = file.here, file.there
    if there is None:
        if here is None:
            raise ValueError(f"{file.key} is on neither side")
        return here
    if here is None or file.state is State.SAME:
        return there
    return here if here.modified > there.modified else there


def _shown(name: str) -> str:
    return one_line(name) or "(no name)"


def _haystack(key: str, how: Standing | None, finding: Finding | None) -> str:
    health = finding.health if finding is not None else ""
    return f"{key}  {how.value if how is not None else 'left out'}  {health}"
