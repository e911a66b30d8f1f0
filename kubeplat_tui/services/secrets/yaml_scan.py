"""Where the values of a YAML or JSON text stand: each scalar with its place in the text and its path.

Nothing is built from the text, so an alias costs nothing however often it is used; JSON is read as the YAML it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIMIT = 1024 * 1024
"""Characters that are looked into; a tenth of a second with libyaml."""
MOST = 100_000
"""Values."""
DEEPEST = 100
"""Levels; nobody writes more by hand."""
_BRACKETS = re.compile(r"[\[\]{}]")

Path = tuple[str | int, ...]
"""Keys and positions from the document's top to a value."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value, or a key (`is_key`). `start` and `end` are positions in the text, quotes included.

    `path` leads to the value; a key has the path of what stands behind it. `document` counts from 0.
    """

    start: int
    end: int
    value: str
    path: Path
    is_key: bool
    quoted: bool
    document: int
    anchors: tuple[str, ...] = ()
    """The anchors of this value and of everything around it."""


@dataclass(frozen=True, slots=True)
class Alias:
    """`*name` at `path`: what carries that anchor stands here too."""

    name: str
    path: Path
    document: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What stands in a text, in its order."""

    scalars: tuple[Scalar, ...]
    aliases: tuple[Alias, ...]

    def values(self, document: int = 0) -> dict[Path, str]:
        """The values of one document by path; of a key that stands twice the last one, as Kubernetes reads it."""
        return {one.path: one.value for one in self.scalars if not one.is_key and one.document == document}

    @property
    def documents(self) -> int:
        """How many documents hold anything."""
        return len({one.document for one in self.scalars})


@dataclass(slots=True)
class _Level:
    """A mapping or sequence that is open."""

    path: Path
    mapping: bool
    anchor: str
    is_key: bool = False
    """It is itself a key of the level around it: legal, and without a name."""
    index: int = 0
    key: str | None = None

    def place(self) -> Path:
        """The path of the next value."""
        return (*self.path, (self.key or "") if self.mapping else self.index)

    def filled(self) -> None:
        """A value came."""
        self.key = None
        self.index += 1


@dataclass(slots=True)
class _Reader:
    """Follows the events of the parser and keeps what they say."""

    levels: list[_Level] = field(default_factory=list)
    document: int = -1
    scalars: list[Scalar] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)

    def take(self, event: Any) -> None:
        """The next event of PyYAML's (`yaml.events`)."""
        name = type(
            event
        ).__name__  # looked at for every value: a chain of isinstance takes three times as long
        if name == "ScalarEvent":
            self._scalar(event)
        elif name in {"MappingStartEvent", "SequenceStartEvent"}:
            self._open(event, mapping=name == "MappingStartEvent")
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            self._close()
        elif name == "AliasEvent":
            self._alias(event.anchor or "")
        elif name == "DocumentStartEvent":
            self.document += 1

    def _scalar(self, event: Any) -> None:
        if len(self.scalars) >= MOST:
            raise InputError(f"It holds more than {MOST:,} values.")
        is_key = self._at_key()
        if is_key:
            self.levels[-1].key = event.value
        self.scalars.append(
            Scalar(
                event.start_mark.index,
                event.end_mark.index,
                event.value,
                self._path(),
                is_key,
                event.style is not None,
                self.document,
                self._anchors(event.anchor),
            )
        )
        if not is_key:
            self._filled()

    def _open(self, event: Any, *, mapping: bool) -> None:
        if len(self.levels) >= DEEPEST:
            raise InputError(f"It is nested deeper than {DEEPEST} levels.")
        self.levels.append(_Level(self._path(), mapping, event.anchor or "", self._at_key()))

    def _close(self) -> None:
        if self.levels.pop().is_key:
            self.levels[-1].key = ""
        else:
            self._filled()

    def _alias(self, name: str) -> None:
        if self._at_key():
            self.levels[-1].key = ""
            return
        self.aliases.append(Alias(name, self._path(), self.document))
        self._filled()

    def _at_key(self) -> bool:
        return bool(self.levels) and self.levels[-1].mapping and self.levels[-1].key is None

    def _anchors(self, own: str | None) -> tuple[str, ...]:
        around = tuple(level.anchor for level in self.levels if level.anchor)
        return (*around, own) if own else around

    def _path(self) -> Path:
        return self.levels[-1].place() if self.levels else ()

    def _filled(self) -> None:
        if self.levels:
            self.levels[-1].filled()


def scan(text: str, *, strict: bool = False) -> Scan:
    """Every key and value of `text`. Raises `InputError` with the line where it is neither YAML nor JSON.

    Time grows with the text's length only, which may be `LIMIT` characters. `strict`: tabs do not indent, and a key
    stands once in a mapping, as readers of YAML want it.
    """
    import yaml

    if len(text) > LIMIT:
        raise InputError(f"It is longer than {LIMIT // 1024} KiB.")
    if "\ufeff" in text:  # libyaml leaves it out of its positions
        raise InputError("It is not YAML: a byte order mark stands in it.")
    _check_depth(text)
    reader = _Reader()
    try:
        # JSON is indented by tabs sometimes, which YAML refuses; a space takes as much room.
        for event in _events(text if strict else text.replace("\t", " ")):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise InputError(f"It is not YAML: {line}{error.problem or error.context}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"It is not YAML: {str(error).splitlines()[0]}.") from None
    if strict:
        _check_keys(reader.scalars, text)
    return Scan(tuple(reader.scalars), tuple(reader.aliases))


def _check_keys(scalars: Iterable[Scalar], text: str) -> None:
    """Go's readers refuse a mapping with the same key twice; PyYAML takes the last one."""
    known: set[tuple[int, Path]] = set()
    for one in scalars:
        if not one.is_key or one.path[-1:] == ("<<",):
            continue
        if (one.document, one.path) in known:
            number = text.count("\n", 0, one.start) + 1
            raise InputError(
                f"It is not right: line {number}: the key {one.value[:60]!r} stands there already."
            )
        known.add((one.document, one.path))


def _events(text: str) -> Iterator[Any]:
    """PyYAML's events, by libyaml where there is one: thirty times as fast."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _check_depth(text: str) -> None:
    """Brackets that are open at once make both parsers' time grow with the square of their number."""
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket.group() in "[{" else -1
        depth = max(0, depth)
        if depth > 10 * DEEPEST:
            raise InputError(f"It is nested deeper than {DEEPEST} levels.")
