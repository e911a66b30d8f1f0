"""The default core: bittty, in pure Python, behind our protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bittty.devices.modes import MouseEncoding, MouseProtocol

from kubeplat_tui.widgets.terminal.bittty_board import SafeBoard
from kubeplat_tui.widgets.terminal.bittty_cells import line_of
from kubeplat_tui.widgets.terminal.bittty_resize import resize, take_over
from kubeplat_tui.widgets.terminal.core import (
    Changes,
    Cursor,
    CursorShape,
    KeyInput,
    Line,
    Modes,
    MouseInput,
    MouseTracking,
    Notice,
)
from kubeplat_tui.widgets.terminal.history import LINES, History
from kubeplat_tui.widgets.terminal.input_codes import (
    MouseCoding,
    MouseModes,
    encode_focus,
    encode_key,
    encode_mouse,
    encode_paste,
)
from kubeplat_tui.widgets.terminal.scanner import Characters

if TYPE_CHECKING:
    from collections.abc import Sequence

_TRACKING = {
    MouseProtocol.OFF: MouseTracking.NONE,
    MouseProtocol.X10: MouseTracking.CLICKS,
    MouseProtocol.NORMAL: MouseTracking.CLICKS,
    MouseProtocol.BUTTON: MouseTracking.DRAGS,
    MouseProtocol.ANY: MouseTracking.MOVES,
}
_CODINGS = {
    MouseEncoding.LEGACY: MouseCoding.LEGACY,
    MouseEncoding.UTF8: MouseCoding.UTF8,
    MouseEncoding.SGR: MouseCoding.SGR,
    MouseEncoding.URXVT: MouseCoding.URXVT,
}
_SHAPES = {"block": CursorShape.BLOCK, "underline": CursorShape.UNDERLINE, "bar": CursorShape.BAR}


class BitttyCore:
    """A `TerminalCore` of `columns` by `rows` with the last `history` lines."""

    def __init__(self, columns: int, rows: int, history: int = LINES) -> None:
        self.errors = 0
        """How often bittty raised. What came with that piece is lost, the terminal goes on."""
        self._history = History(history)
        self._characters = Characters()
        self._board = SafeBoard(max(1, columns), max(1, rows), self._history)
        self._begin_changes()

    def _begin_changes(self) -> None:
        self._shown = self._board.display.page
        self._seen = self._shown.observe()
        self._everything = True

    @property
    def columns(self) -> int:
        """Columns of the screen."""
        columns: int = self._board.width
        return columns

    @property
    def rows(self) -> int:
        """Rows of the screen."""
        rows: int = self._board.height
        return rows

    @property
    def cursor(self) -> Cursor:
        """Where the cursor is and how it looks."""
        board = self._board
        return Cursor(
            board.cursor.display_x,
            board.cursor.y,
            board.modes.cursor_visible,
            _SHAPES.get(board.cursor.shape, CursorShape.BLOCK),
            board.modes.cursor_blinking,
        )

    @property
    def modes(self) -> Modes:
        """The modes the widget must know."""
        modes = self._board.modes
        return Modes(
            alternate_screen=self._board.blitter.in_alt_screen,
            mouse=_TRACKING.get(self._board.mouse.protocol, MouseTracking.NONE),
            bracketed_paste=modes.bracketed_paste,
            focus_events=modes.focus_reporting,
            synchronized=modes.synchronized_output,
            reverse_screen=modes.reverse_screen,
            application_cursor=modes.cursor_application_mode,
        )

    @property
    def history_length(self) -> int:
        """Lines that can be read with `history_line`."""
        return len(self._history)

    def feed(self, data: bytes) -> None:
        """Take bytes of the machine; never raises."""
        try:
            self._board.scanner.feed(self._characters.of(data))
        except Exception:  # noqa: BLE001  # a fault of bittty's must not end a session
            self.errors += 1
            self._mend()

    def _mend(self) -> None:
        """A board in an unknown state is replaced by a new one that shows the same rows, if they can be read."""
        old, self._board = self._board, SafeBoard(self.columns, self.rows, self._history)
        take_over(old, self._board)
        self._begin_changes()

    def resize(self, columns: int, rows: int) -> None:
        """Another size; at least one column and one row."""
        resize(self._board, max(1, columns), max(1, rows))
        self._everything = True

    def line(self, y: int) -> Line:
        """Row `y` of the screen."""
        page = self._board.display.page
        return line_of(page.grid[y], page.wrapped_lines[y])

    def history_line(self, index: int) -> Line:
        """A line of the history; 0 is the oldest."""
        return self._history[index]

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        page, screen = self._board.display.page, self._board.screen
        everything = self._everything or page is not self._shown
        rows: Sequence[int] = range(page.height) if everything else page.dirty_rows(self._seen)
        changes = Changes(rows, min(screen.added, len(self._history)), screen.forgotten, everything)
        self._shown = page
        self._seen = page.observe()
        self._everything = screen.forgotten = False
        screen.added = 0
        return changes

    def take_notices(self) -> tuple[Notice, ...]:
        """What the machine wants of the person: of each kind the latest."""
        return self._board.outbox.take_notices()

    def take_replies(self) -> bytes:
        """What the terminal answers."""
        return self._board.outbox.take_replies()

    def key(self, key: KeyInput) -> bytes:
        """What the key sends."""
        modes = self._board.modes
        return encode_key(
            key,
            application_cursor=modes.cursor_application_mode,
            application_keypad=modes.application_keypad,
        )

    def mouse(self, mouse: MouseInput) -> bytes:
        """What the mouse sends."""
        device = self._board.mouse
        modes = MouseModes(
            _TRACKING.get(device.protocol, MouseTracking.NONE),
            _CODINGS.get(device.encoding, MouseCoding.LEGACY),
            clicks_only=device.protocol is MouseProtocol.X10,
        )
        return encode_mouse(mouse, modes)

    def paste(self, text: str) -> bytes:
        """The text as pasted."""
        return encode_paste(text, bracketed=self._board.modes.bracketed_paste)

    def focus(self, focused: bool) -> bytes:
        """What the focus sends."""
        return encode_focus(focused) if self._board.modes.focus_reporting else b""
