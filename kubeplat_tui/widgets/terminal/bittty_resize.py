"""Other sizes of the screen, and moving to another board.

The main screen keeps what is on it: lines that were broken at the right edge are broken anew, those that have no room
above the cursor go into the history, and where there is room again the last ones come back from it (as in tmux and
xterm). The alternate screen is cut or filled up: its program draws it anew. The history stays as it was broken.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.bittty_cells import BLANK, is_blank, packed_of, row_of

if TYPE_CHECKING:
    from bittty.video import Video

    from kubeplat_tui.widgets.terminal.bittty_board import SafeBoard
    from kubeplat_tui.widgets.terminal.bittty_cells import Cell
    from kubeplat_tui.widgets.terminal.bittty_screen import Screen

_LONGEST = 1000  # rows of the history that one line may have to be put together again


def resize(board: SafeBoard, columns: int, rows: int) -> None:
    """Give the board's pages another size; the scroll region is the whole screen again."""
    blitter, cursor = board.blitter, board.cursor
    if (columns, rows) == (blitter.width, blitter.height):
        return
    main = blitter.primary_page
    here = (cursor.display_x, cursor.y)
    saved = cursor.saved[False]  # where the main screen's cursor is while the other one is shown
    x, y = _resize_main(board, main, (saved.x, saved.y) if blitter.in_alt_screen else here, columns, rows)
    _cut(blitter.alt_page, columns, rows)
    for page in (main, blitter.alt_page):
        page.width, page.height = columns, rows
        page.line_attributes = [page.line_attributes[0]] * rows
        page.row_gen = [0] * rows
        page.page_gen = page.generation
    blitter.width, blitter.height, blitter.rows = columns, rows, rows
    blitter.set_scroll_region(0, rows - 1)
    blitter.left_margin, blitter.right_margin = 0, columns - 1
    cursor.tab_stops = set(range(8, columns, 8))
    if blitter.in_alt_screen:
        cursor.saved[False] = replace(saved, x=x, y=y)
        cursor.set_position(*here)
    else:
        cursor.set_position(x, y)


def _resize_main(
    board: SafeBoard, page: Video, cursor: tuple[int, int], columns: int, rows: int
) -> tuple[int, int]:
    """Returns where the cursor comes to be."""
    grid, wrapped = page.grid, page.wrapped_lines
    x, y = cursor[0], min(cursor[1], len(grid) - 1)
    screen = board.screen
    if columns != page.width:
        first, flags = _begun_in_history(screen)
        grid, wrapped, y = first + grid, flags + wrapped, y + len(first)
        grid, wrapped, (x, y) = _broken_anew(grid, wrapped, (x, y), columns)
    while len(grid) > rows and len(grid) - 1 > y and is_blank(grid[-1]):
        grid.pop()
        wrapped.pop()
    over = len(grid) - rows
    if over < 0 and rows > page.height:
        back, flags = _last_of_history(screen, -over, columns)
        grid, wrapped, y = back + grid, flags + wrapped, y + len(back)
        over = len(grid) - rows
    if over > 0:
        top = min(over, y)
        screen.history.extend(
            packed_of(row, wrap) for row, wrap in zip(grid[:top], wrapped[:top], strict=True)
        )
        screen.added += top
        grid, wrapped, y = grid[top : top + rows], wrapped[top : top + rows], y - top
    missing = rows - len(grid)
    grid += [[BLANK] * columns for _ in range(missing)]
    wrapped += [False] * missing
    page.grid, page.wrapped_lines = grid, wrapped
    return min(x, columns - 1), y


def _begun_in_history(screen: Screen) -> tuple[list[list[Cell]], list[bool]]:
    """The rows of the history that go on in the first row of the screen, taken out of it."""
    count = 0
    while count < min(_LONGEST, len(screen.history)) and screen.history[-1 - count].wrapped:
        count += 1
    return _taken(screen, count)


def _taken(screen: Screen, count: int) -> tuple[list[list[Cell]], list[bool]]:
    """The last lines of the history as rows of their own widths."""
    if not count:
        return [], []
    lines = screen.history.take_back(count)
    screen.added, screen.forgotten = len(screen.history), True
    return [row_of(line, sum(run.cells for run in line.runs)) for line in lines], [
        line.wrapped for line in lines
    ]


def _last_of_history(screen: Screen, wanted: int, columns: int) -> tuple[list[list[Cell]], list[bool]]:
    """The last rows of the history, at least that many if there are, not wider than the screen."""
    rows: list[list[Cell]] = []
    flags: list[bool] = []
    while len(rows) < wanted and len(screen.history):
        (row,), (goes_on,) = _taken(screen, 1)
        broken, _ = _broken(row, -1, columns)
        rows[:0] = broken
        flags[:0] = [True] * (len(broken) - 1) + [goes_on]
    return rows, flags


def _broken_anew(
    grid: list[list[Cell]], wrapped: list[bool], cursor: tuple[int, int], columns: int
) -> tuple[list[list[Cell]], list[bool], tuple[int, int]]:
    """The rows at another width, and the cursor's place in them."""
    rows: list[list[Cell]] = []
    flags: list[bool] = []
    place = (0, 0)
    y = 0
    while y < len(grid):
        start = y
        cells = list(grid[y])
        offset = cursor[0] if y == cursor[1] else -1
        while wrapped[y] and y + 1 < len(grid):
            y += 1
            if y == cursor[1]:
                offset = len(cells) + cursor[0]
            cells += grid[y]
        y += 1
        while len(cells) > max(offset, 0) and cells and cells[-1] is BLANK:
            cells.pop()
        goes_on = wrapped[y - 1] and y == len(grid) and start < y
        broken, at = _broken(cells, offset, columns)
        if at is not None:
            place = (at[0], len(rows) + at[1])
        rows += broken
        flags += [True] * (len(broken) - 1) + [goes_on]
    return rows, flags, place


def _broken(cells: list[Cell], offset: int, columns: int) -> tuple[list[list[Cell]], tuple[int, int] | None]:
    """One logical line as rows, wide characters whole; and column and row of the cell at `offset`, if it has one."""
    rows: list[list[Cell]] = [[]]
    place = (offset, 0) if offset == 0 else None
    for index, cell in enumerate(cells):
        wide = index + 1 < len(cells) and cells[index + 1][1] == ""
        if cell[1] != "" and len(rows[-1]) + (2 if wide and columns > 1 else 1) > columns:
            rows.append([])
        if len(rows[-1]) < columns:
            rows[-1].append(cell)
        if index == offset:
            place = (max(0, len(rows[-1]) - 1), len(rows) - 1)
    if offset >= len(cells) and offset > 0:
        place = (min(len(rows[-1]) + offset - len(cells), columns - 1), len(rows) - 1)
    for row in rows:
        row.extend([BLANK] * (columns - len(row)))
        if columns == 1 and row[0][1] == "":
            row[0] = BLANK
    return rows, place


def _cut(page: Video, columns: int, rows: int) -> None:
    del page.grid[rows:], page.wrapped_lines[rows:]
    for row in page.grid:
        if len(row) > columns and row[columns][1] == "":
            row[columns - 1] = BLANK
        row[columns:] = [BLANK] * (columns - len(row))
    missing = rows - len(page.grid)
    page.grid += [[BLANK] * columns for _ in range(missing)]
    page.wrapped_lines += [False] * missing


def take_over(old: SafeBoard, new: SafeBoard) -> None:
    """Show on a new board what an old one showed, as far as its rows are whole."""
    for y, row in enumerate(old.blitter.main_page.grid[: new.height]):
        if len(row) == new.width:
            new.blitter.primary_page.grid[y] = row
    new.cursor.set_position(0, min(max(old.cursor.y, 0), new.height - 1))
