"""Walking through the text by keyboard to mark and copy: a cursor of its own, with vi's keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.document import Place
from kubeplat_tui.widgets.terminal.selection import Grain, Selection

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.document import Document


@dataclass(slots=True)
class Walk:
    """The cursor, and where marking began."""

    document: Document
    at: Place
    anchor: Place | None = None
    grain: Grain = Grain.CELL

    @property
    def selection(self) -> Selection | None:
        """What is marked."""
        return None if self.anchor is None else Selection(self.anchor, self.at, self.grain)

    @property
    def last(self) -> int:
        """The last row that is not blank."""
        return self.document.screen + max(1, self.document.used()) - 1

    def mark(self, grain: Grain) -> None:
        """Begin to mark here; the same again stops."""
        if self.anchor is not None and self.grain is grain:
            self.anchor = None
        else:
            self.anchor = self.at if self.anchor is None else self.anchor
            self.grain = grain

    def go(self, place: Place) -> None:
        """Put the cursor on a place, or the nearest one that there is."""
        document = self.document
        number = max(document.first, min(place.line, self.last))
        column = max(0, min(place.column, document.core.columns - 1))
        self.at = Place(number, glyphs.span_at(document.line(number), column)[0])

    def rows(self, count: int) -> None:
        """Up or down."""
        self.go(Place(self.at.line + count, self.at.column))

    def left(self) -> None:
        """A glyph to the left; no further than the row."""
        self.go(Place(self.at.line, self.at.column - 1))

    def right(self) -> None:
        """A glyph to the right; no further than the row's last."""
        line = self.document.line(self.at.line)
        right = glyphs.span_at(line, self.at.column)[1]
        if right < max(1, glyphs.width(line)):
            self.go(Place(self.at.line, right))

    def to_start(self) -> None:
        """To the row's first cell."""
        self.go(Place(self.at.line, 0))

    def to_end(self) -> None:
        """To the row's last cell that is not blank."""
        line = self.document.line(self.at.line)
        text = line.text.rstrip()
        self.go(Place(self.at.line, glyphs.columns(line)[len(text) - 1] if text else 0))

    def word(self, *, forward: bool) -> None:
        """To the beginning of the next word, or of this one and then the one before."""
        starts = self._word_starts(self.at.line)
        columns = [
            start for start in starts if (start > self.at.column if forward else start < self.at.column)
        ]
        if columns:
            self.go(Place(self.at.line, columns[0] if forward else columns[-1]))
            return
        number = self.at.line
        while self.document.first <= (number := number + (1 if forward else -1)) < self.document.end:
            starts = self._word_starts(number)
            if starts:
                self.go(Place(number, starts[0] if forward else starts[-1]))
                return

    def word_end(self) -> None:
        """To the last cell of this word, or of the next one."""
        last = self._last_of_word()
        if last <= self.at:
            before = self.at
            self.word(forward=True)
            if self.at == before:
                return
            last = self._last_of_word()
        self.go(last)

    def _last_of_word(self) -> Place:
        end = self.document.word(self.at)[1]
        return Place(end.line, glyphs.span_at(self.document.line(end.line), max(0, end.column - 1))[0])

    def _word_starts(self, number: int) -> list[int]:
        """The columns in which the words of a row begin."""
        starts: list[int] = []
        line = self.document.line(number)
        column, blank, width = 0, True, glyphs.width(line)
        while column < width:
            start, end = glyphs.span_at(line, column)
            text = glyphs.between(line, start, end)
            if text.strip() and blank:
                starts.append(start)
            blank = not text.strip()
            column = max(end, column + 1)
        return starts
