"""Tables for people: as wide as the terminal allows, or plain aligned text in a pipe, nothing left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from kubeplat_tui.widgets import cells as look
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

GAP = "  "
NARROWEST = 8
"""No column is cut below this."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, and how it is drawn. `state` gives each cell its symbol on a terminal."""

    title: str
    right: bool = False
    dim: bool = False
    state: bool = False


def print_table(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print `rows` under their titles. In a pipe: no colours, boxes, symbols or cuts."""
    fancy = console.is_terminal
    cells = [[_cell(column, cell, fancy) for column, cell in zip(columns, row, strict=True)] for row in rows]
    widths = [
        max([cell_len(column.title), *(cell_len(row[index]) for row in cells)])
        for index, column in enumerate(columns)
    ]
    if fancy:
        widths = fitted(widths, console.width - len(GAP) * (len(columns) - 1))
    _print_line(console, columns, [column.title for column in columns], widths, header=True)
    for row in cells:
        _print_line(console, columns, row, widths)


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """`widths` made to fit into `room` by narrowing the widest ones first, none below `NARROWEST`."""
    narrowed = list(widths)
    while sum(narrowed) > room:
        widest = max(range(len(narrowed)), key=narrowed.__getitem__)
        if narrowed[widest] <= NARROWEST:
            break
        narrowed[widest] -= 1
    return narrowed


def _cell(column: Column, cell: str, fancy: bool) -> str:
    cell = one_line(cell) or "-"
    return str(look.aws_state(cell)) if column.state and fancy and cell != "-" else cell


def _print_line(
    console: Console,
    columns: Sequence[Column],
    cells: Sequence[str],
    widths: Sequence[int],
    *,
    header: bool = False,
) -> None:
    from rich.text import Text

    line = Text()
    for column, cell, width in zip(columns, cells, widths, strict=True):
        shown = look.cut_middle(cell, width) if console.is_terminal else cell
        padding = " " * (width - cell_len(shown))
        style = "bold" if header else "dim" if column.dim else ""
        line.append(f"{padding}{shown}" if column.right else f"{shown}{padding}", style)
        line.append(GAP)
    line.rstrip()
    console.print(line, soft_wrap=True)
