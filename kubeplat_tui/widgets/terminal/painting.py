"""Rows of cells as strips of the screen, each made once for as long as it looks the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from textual.cache import LRUCache
from textual.strip import Strip

from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.core import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.style import Style

    from kubeplat_tui.widgets.terminal.colours import Looks
    from kubeplat_tui.widgets.terminal.core import Line

KEPT = 2048
"""Strips that are kept: a flood that scrolls meets most of its rows again, one row higher."""


class Mark(NamedTuple):
    """Columns from `start` up to `end` that look different; later marks lie over earlier ones."""

    start: int
    end: int
    style: Style


class Painter:
    """Draws rows with one set of looks."""

    def __init__(self, looks: Looks) -> None:
        self.looks = looks
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(KEPT)

    def strip(self, line: Line, width: int, marks: Iterable[Mark] = ()) -> Strip:
        """A row, exactly `width` cells wide. The same row gives the same strip."""
        look = self.looks.of
        parts = [
            ("" if run.style.concealed else run.text, run.cells, look(run.style))
            for run in line.runs
            if run.cells
        ]
        key: tuple[object, ...] = (width, *[(text, cells, id(style)) for text, cells, style in parts], *marks)
        strip = self._strips.get(key)
        if strip is None:
            # The styles are kept with the strip, so that no other one can get the identity of one of them.
            strip = self._made([(glyphs.drawn(text, cells), style) for text, cells, style in parts], width)
            for mark in marks:
                strip = marked(strip, mark)
            self._strips[key] = strip
        return strip

    def text(self, text: str, width: int, style: Style) -> Strip:
        """A row of the application's own: safe text, cut or filled up."""
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def _made(self, parts: list[tuple[str, Style]], width: int) -> Strip:
        segments = [Segment(text, style) for text, style in parts if text]
        strip = Strip(segments)
        missing = width - strip.cell_length
        if missing > 0:
            return Strip([*segments, Segment(" " * missing, self.looks.of(PLAIN))], width)
        return strip if not missing else strip.crop(0, width)


def marked(strip: Strip, mark: Mark) -> Strip:
    """The strip with other looks between two columns."""
    width = strip.cell_length
    start, end = max(0, mark.start), min(width, mark.end)
    if start >= end:
        return strip
    pieces = list(strip.divide([cut for cut in (start, end, width) if cut]))
    index = 1 if start else 0
    pieces[index] = Strip(
        [Segment(text, (style + mark.style) if style else mark.style) for text, style, _ in pieces[index]],
        end - start,
    )
    return Strip.join(pieces)


def covered(strip: Strip, column: int, over: Strip) -> Strip:
    """The strip with another one laid over it from a column on."""
    width = strip.cell_length
    column = max(0, min(column, width))
    right = min(width, column + over.cell_length)
    return Strip.join([strip.crop(0, column), over.crop(0, right - column), strip.crop(right, width)])
