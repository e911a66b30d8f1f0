"""Finding a pattern in history and screen, in portions: the keys are answered between two of them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.document import Place

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.document import Document

LINE_LENGTH = 4000
"""Characters of a line that are searched: a pattern that goes astray on a longer one would stop the application."""
MOST = 10_000
"""Matches that are kept of the history; the oldest go first."""


class Match(NamedTuple):
    """The first cell of a match and the one after its last."""

    start: Place
    end: Place


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression, or the text itself where it is none. Capitals make it care about capitals."""
    flags = 0 if any(character.isupper() for character in pattern) else re.IGNORECASE
    try:
        return re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError):
        return re.compile(re.escape(pattern), flags)


class Search:
    """One pattern. Lines of the history are searched once, the screen whenever it changed."""

    def __init__(self, document: Document, pattern: str) -> None:
        self.pattern = pattern
        self._regex = compiled(pattern)
        self._document = document
        self._next = document.first
        self._history: list[Match] = []
        self._screen: list[Match] = []

    @property
    def behind(self) -> bool:
        """Whether lines of the history are still to be searched."""
        return self._next < self._border()

    @property
    def matches(self) -> list[Match]:
        """What was found so far, from the top."""
        return self._history + self._screen

    @property
    def on_screen(self) -> bool:
        """Whether something was found on the screen, which is searched first."""
        return bool(self._screen)

    def advance(self, seconds: float) -> None:
        """Search for at most that long (a line more)."""
        until = perf_counter() + seconds
        border = self._border()
        while self._next < border and perf_counter() < until:
            last = self._document.whole(self._next)[1]
            self._history += self._found(self._next, last)
            self._next = last + 1
        if len(self._history) > MOST:
            del self._history[: len(self._history) - MOST]

    def look_at_screen(self) -> None:
        """Search what is on the screen, and the beginning of its first line in the history."""
        self._forget(self._document.first)
        found: list[Match] = []
        number = self._border()
        while number < self._document.end:
            last = self._document.whole(number)[1]
            found += self._found(number, last)
            number = last + 1
        self._screen = found

    def on_row(self, number: int) -> list[Match]:
        """The matches that touch a row."""
        found = []
        for matches in (self._history, self._screen):
            place = bisect_left(matches, number, key=lambda match: match.end.line)
            while place < len(matches) and matches[place].start.line <= number:
                found.append(matches[place])
                place += 1
        return found

    def before(self, place: Place) -> Match | None:
        """The nearest match that begins above or left of a place; the last one where there is none."""
        matches = self.matches
        index = bisect_left(matches, place, key=lambda match: match.start)
        return matches[index - 1] if matches else None

    def after(self, place: Place) -> Match | None:
        """The nearest match that begins below or right of a place; the first one where there is none."""
        matches = self.matches
        index = bisect_right(matches, place, key=lambda match: match.start)
        return matches[index % len(matches)] if matches else None

    def number(self, match: Match) -> int:
        """The match's number from the top, from 1."""
        return bisect_left(self.matches, match.start, key=lambda one: one.start) + 1

    def _border(self) -> int:
        """The first row of the line that the screen begins with."""
        document = self._document
        return document.whole(document.screen)[0] if document.core.rows else document.end

    def _forget(self, first: int) -> None:
        self._next = max(self._next, first)
        gone = bisect_left(self._history, first, key=lambda match: match.start.line)
        del self._history[:gone]

    def _found(self, first: int, last: int) -> list[Match]:
        """The matches in the rows of one line."""
        rows = [self._document.row_text(number) for number in range(first, last + 1)]
        text = "".join(rows)[:LINE_LENGTH]
        spans = [hit.span() for hit in self._regex.finditer(text.rstrip()) if hit.end() > hit.start()]
        return [Match(self._place(rows, first, start), self._end(rows, first, end)) for start, end in spans]

    def _place(self, rows: list[str], first: int, offset: int) -> Place:
        for index, row in enumerate(rows):
            if offset < len(row) or index == len(rows) - 1:
                return Place(first + index, self._column(row, first + index, offset))
            offset -= len(row)
        return Place(first, 0)

    def _end(self, rows: list[str], first: int, offset: int) -> Place:
        last = self._place(rows, first, offset - 1)
        return Place(last.line, glyphs.span_at(self._document.line(last.line), last.column)[1])

    def _column(self, row: str, number: int, offset: int) -> int:
        if row.isascii():
            return offset
        found = glyphs.columns(self._document.line(number))
        return found[offset] if offset < len(found) else found[-1] + offset - len(found) + 1
