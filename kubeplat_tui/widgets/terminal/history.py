"""The lines that scrolled off the top of the screen, kept small.

A plain line is one string. A line with looks is its text and 14 bytes a run. Both are turned into `Line` when they
are looked at.
"""

from __future__ import annotations

import struct
from collections import deque
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.core import PLAIN, CellStyle, Colour, Line, Run, Underline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINES = 10_000
BYTES = 64 * 1024 * 1024
"""The history of one session holds no more than this, however long the machine's lines are."""

_RUN = struct.Struct("<IIHHH")  # foreground, background, looks, cells, characters
_WRAPPED = 1
_LINE_COST = 120  # a tuple, a string's and a bytes' head

_DEFAULT, _INDEXED, _RGB = 0, 1 << 24, 2 << 24
_UNDERLINES = tuple(Underline)
_FLAGS = ("bold", "dim", "italic", "blink", "reverse", "concealed", "strike", "overline")

Packed = str | tuple[str, bytes, tuple[str, ...], int]
"""A plain line, or text, runs, links (one a run, or none at all) and flags."""


def packed_line(runs: Iterable[tuple[tuple[int, int, int], str, str, int]], wrapped: bool) -> Packed:
    """The small form of a line. A run is its looks (`pack_run`), its link, its text and its number of cells."""
    texts, numbers, links = [], [], []
    for looks, link, text, cells in runs:
        texts.append(text)
        numbers.append(_RUN.pack(*looks, cells, len(text)))
        links.append(link)
    return "".join(texts), b"".join(numbers), tuple(links) if any(links) else (), _WRAPPED if wrapped else 0


def pack(line: Line) -> Packed:
    """The small form of a line."""
    runs = line.runs
    if not line.wrapped:
        if not runs:
            return ""
        if (
            len(runs) == 1
            and runs[0].style == PLAIN
            and runs[0].text.isascii()
            and runs[0].cells == len(runs[0].text)
        ):
            return runs[0].text
    return packed_line(
        [(pack_run(run.style), run.style.link, run.text, run.cells) for run in runs], line.wrapped
    )


def unpack(packed: Packed) -> Line:
    """The line of a small form."""
    if isinstance(packed, str):
        return Line((Run(packed, PLAIN, len(packed)),) if packed else ())
    text, numbers, links, flags = packed
    runs = []
    start = 0
    for index, (foreground, background, looks, cells, characters) in enumerate(_RUN.iter_unpack(numbers)):
        style = _unpack_style(foreground, background, looks, links[index] if links else "")
        runs.append(Run(text[start : start + characters], style, cells))
        start += characters
    return Line(tuple(runs), bool(flags & _WRAPPED))


@lru_cache(maxsize=4096)
def pack_run(style: CellStyle) -> tuple[int, int, int]:
    """Foreground, background and the other looks of a style, as numbers; its link is kept apart."""
    looks = _UNDERLINES.index(style.underline) << len(_FLAGS)
    for bit, name in enumerate(_FLAGS):
        looks |= getattr(style, name) << bit
    return _pack_colour(style.foreground), _pack_colour(style.background), looks


def _pack_colour(colour: Colour) -> int:
    if colour is None:
        return _DEFAULT
    if isinstance(colour, int):
        return _INDEXED | colour
    red, green, blue = colour
    return _RGB | red << 16 | green << 8 | blue


@lru_cache(maxsize=4096)
def _unpack_style(foreground: int, background: int, looks: int, link: str) -> CellStyle:
    flags = {name: bool(looks & 1 << bit) for bit, name in enumerate(_FLAGS)}
    underline = _UNDERLINES[looks >> len(_FLAGS)]
    return CellStyle(
        _unpack_colour(foreground), _unpack_colour(background), underline=underline, link=link, **flags
    )


def _unpack_colour(number: int) -> Colour:
    kind, value = number & 3 << 24, number & 0xFFFFFF
    if kind == _DEFAULT:
        return None
    return value if kind == _INDEXED else (value >> 16, value >> 8 & 0xFF, value & 0xFF)


def _cost(packed: Packed) -> int:
    if isinstance(packed, str):
        return _LINE_COST + len(packed)
    text, numbers, links, _ = packed
    return _LINE_COST * 3 + 4 * len(text) + len(numbers) + sum(map(len, links))


class History:
    """The last `limit` lines; fewer where they are so long that they would pass the limit in bytes."""

    def __init__(self, limit: int = LINES, *, most_bytes: int = BYTES) -> None:
        self.limit = limit
        self._most_bytes = most_bytes
        self._lines: deque[Packed] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, packed: Packed) -> None:
        """Add the newest line."""
        self._lines.append(packed)
        self._bytes += _cost(packed)
        if len(self._lines) > self.limit or self._bytes > self._most_bytes:
            self._shrink()

    def extend(self, lines: Iterable[Packed]) -> None:
        """Add lines, oldest first."""
        for packed in lines:
            self.append(packed)

    def _shrink(self) -> None:
        while self._lines and (len(self._lines) > self.limit or self._bytes > self._most_bytes):
            self._bytes -= _cost(self._lines.popleft())

    def __getitem__(self, index: int) -> Line:
        return unpack(self._lines[index])

    def lines(self, start: int, stop: int) -> Iterator[Line]:
        """Lines from `start` up to `stop`, quicker than one by one."""
        return map(unpack, islice(self._lines, start, stop))

    def take_back(self, count: int) -> list[Line]:
        """The newest lines, taken out; oldest first."""
        taken = [self._lines.pop() for _ in range(min(count, len(self._lines)))]
        self._bytes -= sum(map(_cost, taken))
        return [unpack(packed) for packed in reversed(taken)]

    def clear(self) -> None:
        """Forget all of it."""
        self._lines.clear()
        self._bytes = 0
