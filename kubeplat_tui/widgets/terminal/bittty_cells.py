"""bittty's cells to our lines and back.

A row of bittty is a list of (style, character): the second column of a wide character has an empty one. Styles that
look the same are one object here, so that rows are cut into runs by identity.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from bittty.style import Color, Style
from bittty.video import WideHead

from kubeplat_tui.widgets.terminal.core import CellStyle, Colour, Line, Run, Underline
from kubeplat_tui.widgets.terminal.history import Packed, pack_run, packed_line
from kubeplat_tui.widgets.terminal.widths import WIDTHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cell = tuple[Style, str]

NORMAL = Style()
"""The style of a terminal that was just switched on; always this object."""
BLANK: Cell = (NORMAL, " ")

_MOST = 4096  # entries in a table that the machine's bytes fill


_styles: dict[Style, Style] = {NORMAL: NORMAL}
_looks: dict[int, tuple[Style, CellStyle, tuple[int, int, int]]] = {}


def same(style: Style) -> Style:
    """The one object that stands for all styles equal to this one.

    bittty tells `not bold` from `nothing said`: only styles that never say `not` belong here.
    """
    known = _styles.get(style)
    if known is None:
        if len(_styles) >= _MOST:
            _styles.clear()
            _styles[NORMAL] = NORMAL
        _styles[style] = known = style
    return known


def look(style: Style) -> CellStyle:
    """How cells of a style look."""
    return _entry(style)[1]


def _entry(style: Style) -> tuple[Style, CellStyle, tuple[int, int, int]]:
    entry = _looks.get(id(style))
    if entry is None or entry[0] is not style:
        if len(_looks) >= _MOST:
            _looks.clear()
        cell_style = _cell_style(style)
        entry = _looks[id(style)] = (style, cell_style, pack_run(cell_style))
    return entry


def _cell_style(style: Style) -> CellStyle:
    underline = Underline(style.underline_style or "single") if style.underline else Underline.NONE
    return CellStyle(
        _colour(style.fg),
        _colour(style.bg),
        bool(style.bold),
        bool(style.dim),
        bool(style.italic),
        underline,
        bool(style.blink),
        bool(style.reverse),
        bool(style.conceal),
        bool(style.strike),
        bool(style.overline),
        style.hyperlink or "",
    )


def _colour(colour: Color | None) -> Colour:
    if colour is None or colour.mode == "default":
        return None
    value: Colour = colour.value
    return value


def _runs(row: Sequence[Cell]) -> Iterator[tuple[Style, str, int]]:
    """Style, text and number of cells of each run."""
    styles, characters = zip(*row, strict=True)
    first = styles[0]
    if styles.count(first) == len(styles):
        yield first, "".join(characters), len(styles)
        return
    start = 0
    for _, group in groupby(map(id, styles)):
        cells = len(list(group))
        yield styles[start], "".join(characters[start : start + cells]), cells
        start += cells


def is_blank(row: Sequence[Cell]) -> bool:
    """Whether nothing is on a row that was cleared without a background."""
    return row[0] is BLANK and row[-1] is BLANK and row == _blank_row(len(row))


@lru_cache(maxsize=8)
def _blank_row(columns: int) -> list[Cell]:
    return [BLANK] * columns


def _shown(row: Sequence[Cell], wrapped: bool) -> list[tuple[Style, str, int]]:
    """The runs of a row without the blanks at its end.

    Where the line goes on in the next row the spaces at the end belong to it; only what was never written does not.
    """
    end = len(row)
    while wrapped and end > 0 and row[end - 1] is BLANK:
        end -= 1
    runs = list(_runs(row[:end] if wrapped else row)) if end else []
    return runs if wrapped else trimmed(runs)


def trimmed(runs: list[tuple[Style, str, int]]) -> list[tuple[Style, str, int]]:
    """Runs without the blanks at their end that look like nothing."""
    if runs and runs[-1][0] is NORMAL:
        style, text, cells = runs.pop()
        short = text.rstrip(" ")
        if short:
            runs.append((style, short, cells - len(text) + len(short)))
    return runs


def line_of(row: Sequence[Cell], wrapped: bool) -> Line:
    """A row as a line, blanks without looks at its end left out."""
    return Line(tuple(Run(text, look(style), cells) for style, text, cells in _shown(row, wrapped)), wrapped)


def packed_of(row: Sequence[Cell], wrapped: bool) -> Packed:
    """A row in the history's small form."""
    return "" if is_blank(row) and not wrapped else packed_runs(_shown(row, wrapped), wrapped)


def packed_runs(runs: Sequence[tuple[Style, str, int]], wrapped: bool = False) -> Packed:
    """Runs in the history's small form."""
    if not wrapped:
        if not runs:
            return ""
        if len(runs) == 1 and runs[0][0] is NORMAL and runs[0][1].isascii():
            return runs[0][1]
    parts = []
    for style, text, cells in runs:
        _, cell_style, looks = _entry(style)
        parts.append((looks, cell_style.link, text, cells))
    return packed_line(parts, wrapped)


def row_of(line: Line, columns: int) -> list[Cell]:
    """A line as a row; what does not fit is cut off."""
    row: list[Cell] = []
    for run in line.runs:
        style = _style_of(run.style)
        for character in run.text:
            width = WIDTHS[character]
            if width == 2:
                row += ((style, WideHead(character)), (style, ""))
            elif width == 1:
                row.append((style, character))
            elif width == 0 and row:
                _join(row, character)
    if len(row) > columns and row[columns][1] == "":
        row[columns - 1] = BLANK
    return row[:columns] + [BLANK] * (columns - len(row))


def _join(row: list[Cell], mark: str) -> None:
    index = len(row) - (1 if row[-1][1] else 2)
    style, character = row[index]
    row[index] = (style, type(character)(character + mark))


def _style_of(look_: CellStyle) -> Style:
    underline = look_.underline
    return same(
        Style(
            fg=_bittty_colour(look_.foreground),
            bg=_bittty_colour(look_.background),
            bold=look_.bold or None,
            dim=look_.dim or None,
            italic=look_.italic or None,
            underline=underline is not Underline.NONE or None,
            blink=look_.blink or None,
            reverse=look_.reverse or None,
            conceal=look_.concealed or None,
            strike=look_.strike or None,
            underline_style=None if underline in {Underline.NONE, Underline.SINGLE} else str(underline),
            overline=look_.overline or None,
            hyperlink=look_.link or None,
        )
    )


def _bittty_colour(colour: Colour) -> Color | None:
    if colour is None:
        return None
    return Color("indexed", colour) if isinstance(colour, int) else Color("rgb", colour)
