"""Writing characters on bittty's pages: narrow and wide ones, marks that join them, the right edge."""

from __future__ import annotations

from itertools import groupby, repeat
from typing import TYPE_CHECKING

from bittty.video import WideHead

from kubeplat_tui.widgets.terminal.bittty_screen import insert, split
from kubeplat_tui.widgets.terminal.widths import WIDTHS

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.bittty_cells import Cell
    from kubeplat_tui.widgets.terminal.bittty_screen import Screen

MARKS = 8
"""Combining marks that one cell keeps."""


class Writer:
    """Writes at the cursor of a screen in its style."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._board = screen.board
        self.last_printed = ""
        """What REP repeats: the graphic character that came last, "" after anything else."""

    def print_text(self, text: str) -> None:
        """Draw characters at the cursor and move it on."""
        charset = self._board.charset
        if charset.single_shift is not None or charset.charset_array[charset.current_charset] != "B":
            text = charset.translate(text)
        if text.isascii():
            self._narrow(text)
            self.last_printed = text[-1:]
            return
        widths = list(map(WIDTHS.__getitem__, text))
        if widths.count(1) == len(widths):
            self._narrow(text)
        else:
            start = 0
            for width, group in groupby(widths):
                end = start + len(list(group))
                self._of_one_width(text[start:end], width)
                start = end
        self.last_printed = text[-1]

    def _of_one_width(self, text: str, width: int) -> None:
        if width == 1:
            self._narrow(text)
        elif width == 2:
            for character in text:
                self._wide(character)
        elif width == 0:
            for character in text:
                self._mark(character)

    def _narrow(self, text: str) -> None:
        board, cursor = self._board, self._board.cursor
        page, columns = board.blitter.current_page, board.blitter.width
        style = board.style.current
        while text:
            x = cursor.x
            if x >= columns:
                x = self._past_the_end()
            piece = text[: columns - x]
            text = text[columns - x :]
            y = cursor.y
            row = page.grid[y]
            if board.modes.insert_mode:
                insert(row, x, list(zip(repeat(style), piece)), columns)
                end = x + len(piece)
            else:
                end = x + len(piece)
                if row[x][1] == "":
                    split(row, x)
                if end < columns and row[end][1] == "":
                    split(row, end)
                row[x:end] = zip(repeat(style), piece)
            page.row_gen[y] = page.generation
            cursor.x = end
            if end == columns:
                cursor.mark_pending_wrap((0, columns))

    def _past_the_end(self) -> int:
        """The cursor is behind the last column: on to the next line, or back to the last column; returns its column."""
        board, cursor = self._board, self._board.cursor
        if board.modes.auto_wrap:
            board.blitter.current_page.wrapped_lines[cursor.y] = True
            self._screen.line_feed()
            cursor.x = 0
        else:
            cursor.cancel_pending_wrap()
            cursor.x = board.blitter.width - 1
        x: int = cursor.x
        return x

    def _wide(self, character: str) -> None:
        board, cursor = self._board, self._board.cursor
        page, columns = board.blitter.current_page, board.blitter.width
        if columns < 2:
            return
        if cursor.x > columns - 2:
            if not board.modes.auto_wrap:
                return
            cursor.x = columns
            cursor.mark_pending_wrap((0, columns))
            self._past_the_end()
        x, y = cursor.x, cursor.y
        style = board.style.current
        row = page.grid[y]
        cells: list[Cell] = [(style, WideHead(character)), (style, "")]
        if board.modes.insert_mode:
            insert(row, x, cells, columns)
        else:
            split(row, x)
            if x + 2 < columns:
                split(row, x + 2)
            row[x : x + 2] = cells
        page.row_gen[y] = page.generation
        cursor.x = x + 2
        if cursor.x == columns:
            cursor.mark_pending_wrap((0, columns))

    def _mark(self, mark: str) -> None:
        """Join a mark to the character before the cursor."""
        cursor, page = self._board.cursor, self._board.blitter.current_page
        x = cursor.x - 1
        if x < 0:
            return
        row = page.grid[cursor.y]
        if row[x][1] == "" and x > 0:
            x -= 1
        style, character = row[x]
        if len(character) <= MARKS:
            row[x] = (style, type(character)(character + mark))
            page.row_gen[cursor.y] = page.generation

    def repeat(self, count: int) -> None:
        """REP, to the end of the line and no further (as tmux does)."""
        character = self.last_printed
        if not character:
            return
        room = self._board.blitter.width - self._board.cursor.display_x
        self.print_text(character * min(count, room))
