"""A table's columns: what they show, how wide they are, and which give way where there is little room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from rich.cells import cell_len

from kubeplat_tui.widgets.cells import Mark, Tone, cut_end, cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeplat_tui.services.values import Value

Row = TypeVar("Row")
Cell = str | Mark
GAP = 2
"""Cells between two columns."""
ARROW = 2
"""Cells of the arrow beside the title of the column that is sorted by."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. On a narrow screen the one with the least `weight` goes first; 100 never goes."""

    title: str
    get: Callable[[Row], Cell]
    align: Literal["left", "right"] = "left"
    tone: Tone = Tone.PLAIN
    cut: Literal["middle", "end"] = "middle"
    shortest: int = 8
    """Cells a long value may be cut down to before a column is left out."""
    longest: int = 60
    weight: int = 50
    sort: Callable[[Row], float | str] | None = None
    """What to sort by; without it the text itself."""
    raw: Callable[[Row], Value] | None = None
    """What an export to JSON holds; without it the text itself."""

    def cell_text(self, cell: Cell, width: int) -> str:
        """The cell in exactly `width` cells."""
        text = str(cell)
        text = cut_middle(text, width) if self.cut == "middle" else cut_end(text, width)
        room = " " * (width - cell_len(text))
        return room + text if self.align == "right" else text + room


@dataclass(frozen=True, slots=True)
class TableData:
    """What an export writes: the rows shown, under the columns' titles."""

    noun: str
    titles: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    raws: tuple[tuple[Value, ...], ...]


def cell_word(cell: Cell) -> str:
    """A cell as it is copied and exported: a state by its word."""
    return cell.word if isinstance(cell, Mark) else cell


def natural_widths(
    columns: Sequence[Column[Any]], texts: Sequence[Sequence[str]], sorted_by: int
) -> list[int]:
    """The widths at which nothing is cut, up to each column's longest; `texts` are the cells of each column."""
    return [
        max(
            cell_len(column.title) + (ARROW if number == sorted_by else 0),
            max((min(column.longest, cell_len(text)) for text in texts[number]), default=0),
        )
        for number, column in enumerate(columns)
    ]


def fit(columns: Sequence[Column[Any]], natural: Sequence[int], room: int) -> list[tuple[int, int]]:
    """The columns that are shown in `room` cells and their widths.

    Long values shrink first, the longest most; where that is not enough, the lightest column is left out.
    """
    least = [
        max(cell_len(column.title), min(width, column.shortest)) if column.align == "left" else width
        for column, width in zip(columns, natural, strict=True)
    ]
    kept = list(range(len(columns)))
    while len(kept) > 1 and sum(least[number] + GAP for number in kept) - GAP > room:
        kept.remove(min(kept, key=lambda number: (columns[number].weight, -number)))
    widths = {number: natural[number] for number in kept}
    over = sum(widths.values()) + GAP * (len(kept) - 1) - room
    while over > 0:
        widest = max(kept, key=lambda number: widths[number] - least[number])
        if widths[widest] <= least[widest]:
            break
        widths[widest] -= 1
        over -= 1
    return [(number, widths[number]) for number in kept]
