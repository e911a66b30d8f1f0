"""The lines behind the log: a ring of raw strings, and the search in small portions. No terminal here."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import Level
from kubeplat_tui.widgets.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.widgets.pattern import Pattern

LIMIT = 1_000_000
DROPPED_AT_ONCE = 8_192
SEARCHED = 10_000
"""How much of one line is shown and searched, in characters. Saving writes all of it."""
PORTION = 512

LEVELS = tuple(Level)
_NUMBER = {level: number for number, level in enumerate(LEVELS)}


class LineStore:
    """Lines by their number since the beginning; above `limit` the oldest are dropped, some thousand at once.

    A line costs its string and nine bytes.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.dropped = 0
        """How many lines are gone; also the number of the first that is there."""
        self.longest = 0
        """The longest line's length in characters, as far as it is shown."""
        self._lines: list[str] = []
        self._levels = bytearray()

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def end(self) -> int:
        """The number the next line will have."""
        return self.dropped + len(self._lines)

    def append(self, lines: Sequence[str], level: Level = Level.INFO) -> None:
        """Add lines of one level. A string that holds line breaks becomes several lines."""
        if not lines:
            return
        whole = "\n".join(lines)
        if "\r" in whole:  # a line that was written over shows what it said last
            lines = [line.rstrip("\r").rpartition("\r")[2] for line in whole.split("\n")]
        elif whole.count("\n") != len(lines) - 1:
            lines = whole.split("\n")
        self._lines.extend(lines)
        self._levels.extend(bytes((_NUMBER[level],)) * len(lines))
        self.longest = min(SEARCHED, max(self.longest, len(max(lines, key=len))))
        surplus = len(self._lines) - self.limit
        if surplus > 0:
            surplus = min(len(self._lines), max(surplus, min(DROPPED_AT_ONCE, self.limit // 8)))
            del self._lines[:surplus]
            del self._levels[:surplus]
            self.dropped += surplus

    def raw(self, number: int) -> str:
        """The line as it came."""
        return self._lines[number - self.dropped]

    def shown(self, number: int) -> str:
        """The line as far as it is shown, still raw."""
        line = self._lines[number - self.dropped]
        return (
            line
            if len(line) <= SEARCHED
            else f"{line[:SEARCHED]}… ({len(line) - SEARCHED:,} more characters)"
        )

    def level(self, number: int) -> Level:
        """How loud the line is."""
        return LEVELS[self._levels[number - self.dropped]]


class Search:
    """What a pattern finds in a store: the hits, and the hits with the lines around them.

    `advance` works for a few milliseconds and goes on where it stopped, later at the new lines.
    """

    def __init__(self, store: LineStore, pattern: Pattern, context: int = 0) -> None:
        self.pattern = pattern
        self.context = context
        self.hits = array("Q")
        self.rows = array("Q")
        """The hits and their context, in order."""
        self._store = store
        self._next = store.dropped
        self._context_until = -1

    @property
    def behind(self) -> bool:
        """Whether there are lines it has not looked at."""
        return self._next < self._store.end

    def advance(self, seconds: float) -> None:
        """Search for about `seconds`."""
        until = perf_counter() + seconds
        while self.behind and perf_counter() < until:
            start = max(self._next, self._store.dropped)
            stop = min(start + PORTION, self._store.end)
            for number in range(start, stop):
                self._look_at(number)
            self._next = stop

    def forget_dropped(self) -> int:
        """Let go of what the store dropped; returns how many rows that were."""
        first = self._store.dropped
        del self.hits[: bisect_left(self.hits, first)]
        gone = bisect_left(self.rows, first)
        del self.rows[:gone]
        return gone

    def is_hit(self, number: int) -> bool:
        """Whether this line was found itself."""
        place = bisect_left(self.hits, number)
        return place < len(self.hits) and self.hits[place] == number

    def after(self, number: int) -> int | None:
        """The next hit, from the top again after the last."""
        if not self.hits:
            return None
        place = bisect_right(self.hits, number)
        return self.hits[place % len(self.hits)]

    def before(self, number: int) -> int | None:
        """The hit before, from the bottom again after the first."""
        if not self.hits:
            return None
        return self.hits[bisect_left(self.hits, number) - 1]

    def _look_at(self, number: int) -> None:
        line = self._store.raw(number)
        if len(line) > SEARCHED:
            line = line[:SEARCHED]
        if not self.pattern.matches(line if line.isprintable() else plain(line)):
            if number <= self._context_until:
                self.rows.append(number)
            return
        self.hits.append(number)
        first = max(number - self.context, self._store.dropped, self.rows[-1] + 1 if self.rows else 0)
        self.rows.extend(range(first, number + 1))
        self._context_until = number + self.context


class Wrapping:
    """Which line and which piece of it a row shows, where long lines are wrapped at `width` cells.

    Rows of the first N lines are summed up; like `Search` it works in portions.
    """

    def __init__(self, width: int, hang: int = 0) -> None:
        self.width = max(2, width)
        self.hang = hang
        """Cells by which further rows of a line are moved in."""
        self._ends = array("Q")
        self._base = 0

    @property
    def lines(self) -> int:
        """How many lines it knows."""
        return len(self._ends)

    @property
    def rows(self) -> int:
        """How many rows they take."""
        return self._ends[-1] - self._base if self._ends else 0

    def add(self, heights: Sequence[int]) -> None:
        """The next lines take this many rows each."""
        end = self._ends[-1] if self._ends else self._base
        for height in heights:
            end += height
            self._ends.append(end)

    def drop(self, lines: int) -> int:
        """Forget the first lines; returns how many rows they took."""
        lines = min(lines, len(self._ends))
        if not lines:
            return 0
        gone = self._ends[lines - 1] - self._base
        self._base = self._ends[lines - 1]
        del self._ends[:lines]
        return gone

    def find(self, row: int) -> tuple[int, int]:
        """The line (counted from the first one known) and the piece of it that a row shows."""
        line = bisect_right(self._ends, row + self._base)
        start = self._ends[line - 1] if line else self._base
        return line, row + self._base - start

    def row_of(self, line: int) -> int:
        """The first row of a line."""
        return (self._ends[line - 1] - self._base) if 0 < line <= len(self._ends) else 0
