"""The short cut for floods: lines that would scroll off before anybody sees them go straight into the history.

A log of a megabyte moves ten thousand lines over a screen of fifty. Where the cursor is on an empty last line of the
main screen, what follows is plain lines, and more of them than the screen has, the first ones need no cells at all.
The outcome is the same as drawing them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.bittty_cells import NORMAL, is_blank, packed_runs, trimmed
from kubeplat_tui.widgets.terminal.bittty_writer import MARKS
from kubeplat_tui.widgets.terminal.widths import WIDTHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bittty.style import Style

    from kubeplat_tui.widgets.terminal.bittty_screen import Screen
    from kubeplat_tui.widgets.terminal.history import Packed

_LOOKS = re.compile(r"(\x1b\[[0-9:;]{0,64}m)")
_WORTH = 8  # lines saved that make it worth while


class Flood:
    """Takes lines from a text for one screen."""

    def __init__(self, screen: Screen, change: Callable[[Style, str], Style]) -> None:
        """`change`: the style that an SGR sequence makes of a style."""
        self._screen = screen
        self._change = change
        self._next_try = 0
        self._text = ""

    def skip_lines(self, text: str, position: int) -> int:
        """Where drawing must go on; `position` where it can leave nothing out."""
        if text is not self._text:
            self._text, self._next_try = text, 0
        if position < self._next_try or not self._possible():
            return position
        screen = self._screen
        board = screen.board
        rows: int = board.blitter.rows
        style = board.style.current
        kept: list[Packed] = []
        starts = [position]
        styles = [style]
        counts = [0]
        while (end := text.find("\r\n", starts[-1])) >= 0:
            taken = self._take(text[starts[-1] : end], style)
            if taken is None:
                break
            lines, style = taken
            kept += lines
            starts.append(end + 2)
            styles.append(style)
            counts.append(len(kept))
        skipped = len(starts) - rows  # the last lines are drawn, as many as come above the cursor's
        if skipped < _WORTH:
            self._next_try = starts[-1] + 1
            return position
        page = board.blitter.current_page
        for y in range(rows - 1):
            screen.keep(page, y)
        screen.history.extend(kept[: counts[skipped]])
        screen.added += counts[skipped]
        screen.blank_page(page)
        board.cursor.set_position(0, 0)
        board.style.current = styles[skipped]
        self._next_try = starts[-1] + 1
        after: int = starts[skipped]
        return after

    def _possible(self) -> bool:
        board = self._screen.board
        blitter, cursor, charset, modes = board.blitter, board.cursor, board.charset, board.modes
        return (
            cursor.y == blitter.rows - 1
            and cursor.x == 0
            and not blitter.in_alt_screen
            and (blitter.scroll_top, blitter.scroll_bottom) == (0, blitter.rows - 1)
            and modes.auto_wrap
            and not modes.insert_mode
            and charset.single_shift is None
            and charset.charset_array[charset.current_charset] == "B"
            and is_blank(blitter.current_page.grid[cursor.y])
        )

    def _take(self, line: str, style: Style) -> tuple[list[Packed], Style] | None:
        """The lines of the history that a line makes, and the style after it; None for one that must be drawn."""
        columns = self._screen.board.blitter.width
        if style is NORMAL and line.isascii() and line.isprintable():
            if len(line) <= columns:
                return [line.rstrip(" ")], style
            return _broken(line, columns), style
        runs: list[tuple[Style, str, int]] = []
        used = 0
        for index, piece in enumerate(_LOOKS.split(line)):
            if index % 2:
                style = self._change(style, piece)
            elif piece:
                cells = _cells(piece)
                if cells == 0:
                    return None
                used += cells
                if runs and runs[-1][0] is style:
                    _, before, count = runs.pop()
                    runs.append((style, before + piece, count + cells))
                else:
                    runs.append((style, piece, cells))
        if used > columns or style.bg is not None:
            return None
        return [packed_runs(trimmed(runs))], style


def _cells(text: str) -> int:
    """How many cells a text of characters takes; 0 where there is anything but narrow and wide characters."""
    if text.isascii():
        return len(text) if text.isprintable() else 0
    if "\x1b" in text:
        return 0
    widths: list[int] = list(map(WIDTHS.__getitem__, text))
    if min(widths) < 0 or widths[0] == 0 or widths.count(0) > MARKS:
        return 0
    return sum(widths)


def _broken(line: str, columns: int) -> list[Packed]:
    pieces = [line[start : start + columns] for start in range(0, len(line), columns)]
    packed: list[Packed] = [packed_runs([(NORMAL, piece, columns)], wrapped=True) for piece in pieces[:-1]]
    packed.append(pieces[-1].rstrip(" "))
    return packed
