"""Changing bittty's pages: erasing, inserting, scrolling into the history, tab stops.

These are the operations that programs use by the million, so they work on whole pieces of rows; and those where
bittty and tmux differ, done as tmux does them (its screen-write.c and grid-view.c).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from bittty.style import Style
from bittty.video import WideHead

from kubeplat_tui.widgets.terminal.bittty_cells import BLANK, NORMAL, Cell, is_blank, packed_of, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from bittty.devices.board import Board
    from bittty.operations import Operation
    from bittty.video import Video

    from kubeplat_tui.widgets.terminal.history import History


def split(row: list[Cell], x: int) -> None:
    """Blank the wide character that has its second column at `x`."""
    if row[x][1] == "" and x > 0:
        row[x - 1] = (row[x - 1][0], " ")
        row[x] = (row[x][0], " ")


def insert(row: list[Cell], x: int, cells: list[Cell], columns: int) -> None:
    """Put cells into a row; those at its end fall off, a wide character whole."""
    split(row, x)
    row[x:columns] = (cells + row[x:columns])[: columns - x]
    if isinstance(row[-1][1], WideHead):
        row[-1] = (row[-1][0], " ")


class Screen:
    """The pages of a board, drawn on at its cursor in its style."""

    def __init__(self, board: Board, history: History) -> None:
        self.board = board
        self.history = history
        self.added = 0
        """Lines that went into the history since it was asked."""
        self.forgotten = False
        """Whether the history was cleared before them."""
        self._blanks: dict[int, tuple[Style, Cell]] = {}
        for page in board.blitter.videos:
            self.blank_page(page)

    def handlers(self) -> dict[str, Callable[[Operation], None]]:
        """What this does in place of bittty, by the names of its operations."""
        return {
            "C0_LF": lambda _: self.line_feed(),
            "C0_VT": lambda _: self.line_feed(),
            "C0_FF": lambda _: self.line_feed(),
            "IND": lambda _: self.line_feed(),
            "NEL": lambda _: self.new_line(),
            "C0_CRLF": lambda _: self.new_line(),
            "RI": lambda _: self.reverse_line_feed(),
            "SU": lambda operation: self.scroll_up(operation.args[0]),
            "SD": lambda operation: self.scroll_down(operation.args[0]),
            "IL": lambda operation: self.insert_lines(operation.args[0]),
            "DL": lambda operation: self.delete_lines(operation.args[0]),
            "ICH": lambda operation: self.insert_cells(operation.args[0]),
            "DCH": lambda operation: self.delete_cells(operation.args[0]),
            "ECH": lambda operation: self.erase_cells(operation.args[0]),
            "EL": lambda operation: self.erase_line(operation.args[0]),
            "DECSEL": lambda operation: self.erase_line(operation.args[0]),
            "ED": lambda operation: self.erase_display(operation.args[0]),
            "DECSED": lambda operation: self.erase_display(operation.args[0]),
            "DECALN": lambda _: self.alignment(),
            "CHT": lambda operation: self.tab_forward(operation.args[0]),
            "CBT": lambda operation: self.tab_back(operation.args[0]),
            "C0_HT": lambda _: self.tab_forward(1),
        }

    # The blank cell: the background of the present style, without its other looks.

    def blank(self) -> Cell:
        """What erasing leaves."""
        style = self.board.style.current
        if style.bg is None:
            return BLANK
        known = self._blanks.get(id(style.bg))
        if known is None or known[0].bg is not style.bg:
            if len(self._blanks) > 1024:
                self._blanks.clear()
            plain = same(Style(bg=style.bg))
            known = self._blanks[id(style.bg)] = (style, (plain, " "))
        return known[1]

    def blank_page(self, page: Video) -> None:
        """Every cell of a page as it is when the terminal is switched on."""
        page.grid = [[BLANK] * page.width for _ in range(page.height)]
        page.wrapped_lines = [False] * page.height
        page.page_gen = page.generation

    # Moving over lines.

    def new_line(self) -> None:
        """CR and LF."""
        cursor = self.board.cursor
        cursor.carriage_return()
        self.line_feed()

    def line_feed(self) -> None:
        """Down one line; at the bottom of the region it scrolls."""
        board, cursor = self.board, self.board.cursor
        cursor.cancel_pending_wrap()
        if cursor.y == board.blitter.scroll_bottom:
            self.scroll_up(1)
        elif cursor.y < board.blitter.rows - 1:
            cursor.y += 1
        if board.modes.linefeed_newline_mode:
            cursor.carriage_return()

    def reverse_line_feed(self) -> None:
        """Up one line; at the top of the region it scrolls down."""
        cursor = self.board.cursor
        cursor.cancel_pending_wrap()
        if cursor.y == self.board.blitter.scroll_top:
            self.scroll_down(1)
        elif cursor.y > 0:
            cursor.y -= 1

    def scroll_up(self, count: int) -> None:
        """Lines leave the region at its top; into the history where that is the top of the main screen."""
        blitter = self.board.blitter
        if blitter.scroll_top == 0 and not blitter.in_alt_screen:
            page = blitter.current_page
            for y in range(min(count, blitter.scroll_bottom + 1)):
                self.keep(page, y)
        self._move_up(blitter.scroll_top, count)

    def scroll_down(self, count: int) -> None:
        """Blank lines come into the region at its top."""
        self._move_down(self.board.blitter.scroll_top, count)

    def insert_lines(self, count: int) -> None:
        """IL: at the cursor's line, within the region."""
        if self._in_region():
            self._move_down(self.board.cursor.y, count)

    def delete_lines(self, count: int) -> None:
        """DL: the cursor's line and those below it, within the region."""
        if self._in_region():
            self._move_up(self.board.cursor.y, count)

    def _in_region(self) -> bool:
        blitter, cursor = self.board.blitter, self.board.cursor
        cursor.cancel_pending_wrap()
        if not blitter.scroll_top <= cursor.y <= blitter.scroll_bottom:
            return False
        cursor.x = 0
        return True

    def _move_up(self, top: int, count: int) -> None:
        blitter = self.board.blitter
        page, bottom = blitter.current_page, blitter.scroll_bottom
        count = min(count, bottom - top + 1)
        blank, columns = self.blank(), blitter.width
        grid, wrapped = page.grid, page.wrapped_lines
        del grid[top : top + count]
        grid[bottom + 1 - count : bottom + 1 - count] = [[blank] * columns for _ in range(count)]
        del wrapped[top : top + count]
        wrapped[bottom + 1 - count : bottom + 1 - count] = [False] * count
        self._touch(page, top, bottom)

    def _move_down(self, top: int, count: int) -> None:
        blitter = self.board.blitter
        page, bottom = blitter.current_page, blitter.scroll_bottom
        count = min(count, bottom - top + 1)
        blank, columns = self.blank(), blitter.width
        grid, wrapped = page.grid, page.wrapped_lines
        del grid[bottom + 1 - count : bottom + 1]
        grid[top:top] = [[blank] * columns for _ in range(count)]
        del wrapped[bottom + 1 - count : bottom + 1]
        wrapped[top:top] = [False] * count
        self._touch(page, top, bottom)

    @staticmethod
    def _touch(page: Video, top: int, bottom: int) -> None:
        if top == 0 and bottom == page.height - 1:
            page.page_gen = page.generation
        else:
            page.row_gen[top : bottom + 1] = [page.generation] * (bottom + 1 - top)

    def keep(self, page: Video, y: int) -> None:
        """Put a row into the history."""
        self.history.append(packed_of(page.grid[y], page.wrapped_lines[y]))
        self.added += 1

    def keep_all(self) -> None:
        """Put what is on the main screen into the history, down to its last line that is not blank."""
        blitter = self.board.blitter
        if blitter.in_alt_screen:
            return
        page = blitter.current_page
        last = page.height - 1
        while last >= 0 and is_blank(page.grid[last]):
            last -= 1
        for y in range(last + 1):
            self.keep(page, y)

    # Erasing and moving within lines. After the last column (a wrap is pending) there is nothing to erase.

    def erase_line(self, kind: int) -> None:
        """EL: 0 from the cursor on, 1 up to it, 2 all of it."""
        cursor, blitter = self.board.cursor, self.board.blitter
        x, columns = cursor.x, blitter.width
        left, right = {0: (x, columns), 1: (0, min(x + 1, columns)), 2: (0, columns)}.get(kind, (0, 0))
        self._erase(cursor.y, left, right)

    def _erase(self, y: int, left: int, right: int) -> None:
        page = self.board.blitter.current_page
        if left >= right:
            return
        row, columns = page.grid[y], page.width
        split(row, left)
        if right < columns:
            split(row, right)
        else:
            page.wrapped_lines[y] = False
        row[left:right] = [self.blank()] * (right - left)
        page.row_gen[y] = page.generation

    def erase_cells(self, count: int) -> None:
        """ECH: from the cursor on, which stays."""
        cursor = self.board.cursor
        self._erase(cursor.y, cursor.x, min(cursor.x + count, self.board.blitter.width))

    def erase_display(self, kind: int) -> None:
        """ED: 0 from the cursor on, 1 up to it, 2 all, 3 the history.

        What a clearing of the whole main screen would lose goes into the history, as in tmux.
        """
        cursor, rows = self.board.cursor, self.board.blitter.rows
        if kind == 3:
            self.forget()
        elif kind == 2 or (kind == 0 and (cursor.x, cursor.y) == (0, 0)):
            self.keep_all()
            self._clear(0, rows)
        elif kind == 0:
            self.erase_line(0)
            self._clear(cursor.y + 1, rows)
        elif kind == 1:
            self._clear(0, cursor.y)
            self.erase_line(1)

    def _clear(self, top: int, bottom: int) -> None:
        page, blank = self.board.blitter.current_page, self.blank()
        page.grid[top:bottom] = [[blank] * page.width for _ in range(bottom - top)]
        page.wrapped_lines[top:bottom] = [False] * (bottom - top)
        page.row_gen[top:bottom] = [page.generation] * (bottom - top)

    def forget(self) -> None:
        """ED 3: the saved lines."""
        self.history.clear()
        self.added = 0
        self.forgotten = True

    def insert_cells(self, count: int) -> None:
        """ICH: blanks at the cursor; what is behind moves right and falls off."""
        cursor, blitter = self.board.cursor, self.board.blitter
        if cursor.x >= blitter.width:
            return
        row = blitter.current_page.grid[cursor.y]
        insert(row, cursor.x, [self.blank()] * min(count, blitter.width - cursor.x), blitter.width)
        self._changed(cursor.y)

    def delete_cells(self, count: int) -> None:
        """DCH: what is behind moves left, blanks come in at the end."""
        cursor, blitter = self.board.cursor, self.board.blitter
        x, columns = cursor.x, blitter.width
        count = min(count, columns - x)
        if count <= 0:
            return
        row = blitter.current_page.grid[cursor.y]
        split(row, x)
        if x + count < columns:
            split(row, x + count)
        row[x:columns] = row[x + count : columns] + [self.blank()] * count
        self._changed(cursor.y)

    def _changed(self, y: int) -> None:
        page = self.board.blitter.current_page
        page.row_gen[y] = page.generation

    def alignment(self) -> None:
        """DECALN: the screen full of E."""
        page = self.board.blitter.current_page
        cell: Cell = (NORMAL, "E")
        page.grid[:] = [[cell] * page.width for _ in range(page.height)]
        page.wrapped_lines[:] = [False] * page.height
        page.page_gen = page.generation
        self.board.blitter.set_scroll_region(0, page.height - 1)
        self.board.cursor.set_position(0, 0)

    # Tab stops.

    def tab_forward(self, count: int) -> None:
        """CHT: over that many stops, at most to the last column."""
        cursor = self.board.cursor
        stops = sorted(cursor.tab_stops)
        x = cursor.display_x
        index = bisect_right(stops, x) + count - 1
        target = stops[index] if index < len(stops) else self.board.blitter.width - 1
        if target != x:
            cursor.cancel_pending_wrap()
            cursor.x = target

    def tab_back(self, count: int) -> None:
        """CBT: back over that many stops, at most to the first column."""
        cursor = self.board.cursor
        cursor.cancel_pending_wrap()
        stops = sorted(cursor.tab_stops)
        index = bisect_left(stops, cursor.x) - count
        cursor.x = stops[index] if index >= 0 else 0
