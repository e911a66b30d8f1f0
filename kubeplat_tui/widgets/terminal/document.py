"""History and screen as one text. Its lines have numbers that stay theirs while the machine writes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.core import Line

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import Changes, TerminalCore

BLANK = Line(())
LONGEST = 500
"""Rows that one wrapped line may have: beyond that it is cut for searching and selecting."""
WORD_SIGNS = frozenset("_-./:@%~+=?&#,")
"""What belongs to a word beside letters and digits: paths, addresses, options."""


class Place(NamedTuple):
    """A cell of the text: the line's number and the column."""

    line: int
    column: int


class Document:
    """Reads a core. `take` keeps the numbers true; call it whenever the core was fed or resized."""

    def __init__(self, core: TerminalCore) -> None:
        self.core = core
        self._screen = core.history_length

    @property
    def first(self) -> int:
        """The number of the oldest line."""
        return self._screen - self.core.history_length

    @property
    def screen(self) -> int:
        """The number of the screen's first row: how many lines ever left it."""
        return self._screen

    @property
    def end(self) -> int:
        """The number after the screen's last row."""
        return self._screen + self.core.rows

    def take(self, changes: Changes) -> None:
        """Follow the growth of the history."""
        self._screen += changes.added

    def line(self, number: int) -> Line:
        """A line; a blank one where there is none (any more)."""
        if self._screen <= number < self.end:
            return self.core.line(number - self._screen)
        if self.first <= number < self._screen:
            return self.core.history_line(number - self.first)
        return BLANK

    def used(self) -> int:
        """The rows of the screen down to the cursor, or to the last that is not blank."""
        last = self.core.rows
        cursor = self.core.cursor.y
        while last > cursor + 1 and not self.core.line(last - 1).text.strip():
            last -= 1
        return max(0, last)

    # --- lines that go on in the next row ---------------------------------------------------------

    def whole(self, number: int) -> tuple[int, int]:
        """The first and the last row of the line that row `number` belongs to."""
        first = last = number
        while first > self.first and number - first < LONGEST and self.line(first - 1).wrapped:
            first -= 1
        while last < self.end - 1 and last - first < LONGEST and self.line(last).wrapped:
            last += 1
        return first, last

    def row_text(self, number: int, start: int = 0, end: int | None = None) -> str:
        """The text of a row's columns; a row that goes on keeps the blanks at its end."""
        line = self.line(number)
        stop = self.core.columns if end is None else end
        text = glyphs.between(line, start, stop)
        missing = min(stop, self.core.columns) - max(start, glyphs.width(line))
        if not line.wrapped or missing <= 0:
            return text
        if missing == 1 and self._begins_wide(number + 1):
            return text  # the cell was left because the next glyph takes two
        return text + " " * missing

    def _begins_wide(self, number: int) -> bool:
        line = self.line(number)
        return bool(line.runs) and glyphs.span_at(line, 0) == (0, 2)

    def text(self, start: Place, end: Place) -> str:
        """What lies from `start` up to `end`: wrapped rows joined, blanks at the ends of lines left out."""
        lines: list[str] = []
        pieces: list[str] = []
        for number in range(max(start.line, self.first), min(end.line, self.end - 1) + 1):
            left = start.column if number == start.line else 0
            right = end.column if number == end.line else None
            pieces.append(self.row_text(number, left, right))
            if not self.line(number).wrapped or number == end.line:
                lines.append("".join(pieces).rstrip())
                pieces = []
        if pieces:
            lines.append("".join(pieces).rstrip())
        return "\n".join(lines)

    # --- words ------------------------------------------------------------------------------------

    def word(self, place: Place) -> tuple[Place, Place]:
        """From the first to after the last cell of the word at a place, over the ends of wrapped rows."""
        kind = self._kind(place)
        if kind == " ":
            return place, Place(place.line, place.column + 1)
        start = place
        while (before := self._before(start)) is not None and self._kind(before) == kind:
            start = before
        last = place
        while (after := self._after(last)) is not None and self._kind(after) == kind:
            last = after
        return start, Place(last.line, glyphs.span_at(self.line(last.line), last.column)[1])

    def _kind(self, place: Place) -> str:
        """`a` for what words are made of, blank, or the sign itself."""
        text = glyphs.between(self.line(place.line), place.column, place.column + 1)
        if not text or text.isspace():
            return " "
        return "a" if text[0].isalnum() or text[0] in WORD_SIGNS else text[0]

    def _before(self, place: Place) -> Place | None:
        if place.column > 0:
            return Place(place.line, glyphs.span_at(self.line(place.line), place.column - 1)[0])
        if place.line > self.first and self.line(place.line - 1).wrapped:
            width = max(1, glyphs.width(self.line(place.line - 1)))
            return Place(place.line - 1, glyphs.span_at(self.line(place.line - 1), width - 1)[0])
        return None

    def _after(self, place: Place) -> Place | None:
        line = self.line(place.line)
        right = glyphs.span_at(line, place.column)[1]
        if right < glyphs.width(line):
            return Place(place.line, right)
        if line.wrapped and place.line < self.end - 1:
            return Place(place.line + 1, 0)
        return None
