"""Screens as cells, from a core and from tmux's captures, and how they differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.core import PLAIN, CellStyle, Colour, Line, TerminalCore, Underline
from kubeplat_tui.widgets.terminal.widths import WIDTHS

if TYPE_CHECKING:
    from tests.terminal_core.corpus import Capture

Cell = tuple[str, CellStyle]
Row = tuple[Cell, ...]

_TOKENS = re.compile(r"\x1b\[([0-9:;]*)m|([\x0e\x0f])|([^\x1b\x0e\x0f]+)|(.)", re.DOTALL)
_ATTRIBUTES = {
    1: "bold", 2: "dim", 3: "italic", 5: "blink", 7: "reverse", 8: "concealed", 9: "strike", 53: "overline",
}  # fmt: skip
_UNDERLINES = (
    Underline.NONE, Underline.SINGLE, Underline.DOUBLE, Underline.CURLY, Underline.DOTTED, Underline.DASHED,
)  # fmt: skip
# DEC's special graphics, which tmux keeps as letters.
_GRAPHICS = str.maketrans("`afgijklmnopqrstuvwxyz{|}~", "◆▒°±␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")


def core_row(line: Line, columns: int) -> Row:
    """A line of a core: a cell for every column, the second of a wide character empty."""
    cells: list[Cell] = []
    for run in line.runs:
        cells += _cells(run.text, run.style)
        assert len(cells) <= columns
    return _full(cells, columns)


def _cells(text: str, style: CellStyle) -> list[Cell]:
    cells: list[Cell] = []
    for character in text:
        width = WIDTHS[character]
        if width == 0 and cells:
            cells[-1 if cells[-1][0] else -2] = (cells[-1 if cells[-1][0] else -2][0] + character, style)
        else:
            cells.append((character, style))
            if width == 2:
                cells.append(("", style))
    return cells


def _full(cells: list[Cell], columns: int) -> Row:
    return tuple(cells[:columns]) + ((" ", PLAIN),) * (columns - len(cells))


UNKNOWN: Cell = ("?", PLAIN)
"""A cell that tmux tells nothing of."""


def tmux_rows(capture: Capture, columns: int) -> list[Row]:
    """A capture's lines as cells, the history first."""
    rows = [tuple(row) + (UNKNOWN,) * (columns - len(row)) for row in _captured(capture.lines)]
    if not capture.filled:
        return rows
    first = len(rows) - len(capture.filled)
    for index, filled in enumerate(_captured(capture.filled)):
        row = rows[first + index]
        rows[first + index] = tuple(
            filled[column] if cell is UNKNOWN and column < columns - 1 else cell
            for column, cell in enumerate(row)
        )
    return rows


def _captured(lines: tuple[str, ...]) -> list[list[Cell]]:
    """Lines as cells; looks carry over from one line to the next, as tmux writes them."""
    rows = []
    style, graphics = PLAIN, False
    for text in lines:
        cells: list[Cell] = []
        for codes, shift, plain, other in _TOKENS.findall(text):
            if plain:
                cells += _cells(plain.translate(_GRAPHICS) if graphics else plain, style)
            elif shift:
                graphics = shift == "\x0e"
            elif other:
                msg = f"tmux wrote {text!r}"
                raise ValueError(msg)
            else:
                style = _sgr(style, codes)
        rows.append(cells)
    return rows


@lru_cache(maxsize=4096)
def _sgr(style: CellStyle, codes: str) -> CellStyle:
    numbers = [list(map(int, filter(None, code.split(":")))) or [0] for code in codes.split(";")]
    while numbers:
        number, *parts = numbers.pop(0)
        if number == 0:
            style = PLAIN
        elif number == 4:
            style = replace(style, underline=_UNDERLINES[parts[0] if parts else 1])
        elif number in _ATTRIBUTES:
            style = _with(style, _ATTRIBUTES[number])
        elif number in {38, 48, 58}:
            colour = _extended(numbers)
            if number == 38:
                style = replace(style, foreground=colour)
            elif number == 48:
                style = replace(style, background=colour)
        else:
            style = _plain_colour(style, number)
    return style


def _with(style: CellStyle, attribute: str) -> CellStyle:
    values = {name: getattr(style, name) for name in CellStyle.__slots__}
    return CellStyle(**{**values, attribute: True})


def _extended(numbers: list[list[int]]) -> Colour:
    if numbers.pop(0) == [5]:
        return numbers.pop(0)[0]
    red, green, blue = (numbers.pop(0)[0] for _ in range(3))
    return red, green, blue


def _plain_colour(style: CellStyle, number: int) -> CellStyle:
    kind, colour = divmod(number, 10)
    value = None if colour == 9 else colour + (8 if kind in {9, 10} else 0)
    if kind in {3, 9}:
        return replace(style, foreground=value)
    if kind in {4, 10}:
        return replace(style, background=value)
    msg = f"tmux wrote SGR {number}"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not the same. A negative row is in the history."""

    row: int
    column: int
    ours: Cell
    theirs: Cell


def rows_of(core: TerminalCore, *, history: bool) -> list[Row]:
    """The history, where wanted, and the screen."""
    lines = [core.history_line(index) for index in range(core.history_length)] if history else []
    lines += [core.line(y) for y in range(core.rows)]
    return [core_row(line, core.columns) for line in lines]


def differences(ours: list[Row], theirs: list[Row], rows: int) -> list[Difference]:
    """All cells of the last lines that both have which are not the same."""
    count = min(len(ours), len(theirs))
    found = []
    for index in range(-count, 0):
        for column, (mine, other) in enumerate(zip(ours[index], theirs[index], strict=True)):
            if mine != other and other is not UNKNOWN:
                found.append(Difference(index + rows, column, mine, other))
    return found
