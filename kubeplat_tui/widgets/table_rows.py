"""A table's rows as data: by key, filtered, sorted, marked, laid out on lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeplat_tui.widgets.columns import TableData, cell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kubeplat_tui.widgets.columns import Cell, Column

Row = TypeVar("Row")


class TableRows(Generic[Row]):
    """What a table shows and in which order. `order` has the keys that pass the filter, as they are seen."""

    def __init__(
        self, columns: Sequence[Column[Row]], key: Callable[[Row], str], section: Callable[[Row], str] | None
    ) -> None:
        self.columns = columns
        self.by_key: dict[str, Row] = {}
        self.cells: dict[str, tuple[Cell, ...]] = {}
        self.order: list[str] = []
        self.lines: list[int | str] = []
        """What stands on each line: the index of a row in `order`, or a section's heading."""
        self.line_of: list[int] = []
        self.sorted_by = -1
        """The column's number; -1 leaves the rows in the order given, and shows the sections."""
        self.descending = False
        self.filter = ""
        self.marked: set[str] = set()
        self._key = key
        self._section = section

    def set(self, rows: Iterable[Row]) -> set[str] | None:
        """Take these rows; returns the keys that are new, changed or gone, None where nothing differs."""
        fresh = {self._key(row): row for row in rows}
        cells = {key: tuple(column.get(row) for column in self.columns) for key, row in fresh.items()}
        moved = list(fresh) != list(self.by_key)
        changed = {key for key in cells.keys() | self.cells.keys() if self.cells.get(key) != cells.get(key)}
        self.by_key, self.cells = fresh, cells
        if not moved and not changed:
            return None
        self.marked &= fresh.keys()
        self.arrange()
        return changed

    def set_filter(self, text: str) -> str:
        """Filter by a regular expression; returns a sentence where it is none: the filter before it stays."""
        try:
            re.compile(text.removeprefix("!"))
        except re.error as error:
            return f"Not a regular expression yet: {error}."
        self.filter = text
        self.arrange()
        return ""

    def sort_by(self, column: int) -> None:
        """Sort by a column; by it already: the other way round."""
        self.descending = not self.descending if self.sorted_by == column else False
        self.sorted_by = column
        self.arrange()

    def arrange(self) -> None:
        """Filter, sort, lay out."""
        keys = list(self.by_key)
        if self.filter:
            wanted = not self.filter.startswith("!")
            pattern = re.compile(self.filter.removeprefix("!"), re.IGNORECASE)
            keys = [
                key for key in keys if bool(pattern.search("  ".join(map(str, self.cells[key])))) is wanted
            ]
        if self.sorted_by >= 0:
            keys.sort(key=self._sort_key, reverse=self.descending)
        self.order = keys
        self.lines, self.line_of = [], []
        heading = ""
        for index, key in enumerate(keys):
            section = self._section(self.by_key[key]) if self._section and self.sorted_by < 0 else heading
            if section != heading:
                self.lines.append(section)
                heading = section
            self.line_of.append(len(self.lines))
            self.lines.append(index)

    def texts(self) -> list[list[str]]:
        """The cells of each column, all rows."""
        return [[str(cells[number]) for cells in self.cells.values()] for number in range(len(self.columns))]

    def words(self, key: str) -> tuple[str, ...]:
        """A row as it is copied."""
        return tuple(cell_word(cell) for cell in self.cells[key])

    def data(self, noun: str) -> TableData:
        """The rows shown (the marked ones, where some are), for an export."""
        keys = [key for key in self.order if key in self.marked] or self.order
        return TableData(
            noun,
            tuple(column.title for column in self.columns),
            tuple(self.words(key) for key in keys),
            tuple(
                tuple(
                    column.raw(self.by_key[key]) if column.raw else word
                    for column, word in zip(self.columns, self.words(key), strict=True)
                )
                for key in keys
            ),
        )

    def _sort_key(self, key: str) -> tuple[int, float, str]:
        column = self.columns[self.sorted_by]
        value: float | str = self.words(key)[self.sorted_by].casefold()
        if column.sort:
            value = column.sort(self.by_key[key])
        return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")
