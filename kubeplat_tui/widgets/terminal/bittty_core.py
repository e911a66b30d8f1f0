"""The default core: bittty, in pure Python, behind our protocol."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from bittty.devices.modes import MouseEncoding, MouseProtocol
from bittty.present import Bell, RowsScrolledOff, ScrollbackCleared, TitleChanged

from kubeplat_tui.widgets.terminal.bittty_board import SafeBoard
from kubeplat_tui.widgets.terminal.core import (
    PLAIN,
    BellRang,
    CellStyle,
    Changes,
    ClipboardWanted,
    Colour,
    Cursor,
    CursorShape,
    KeyInput,
    Line,
    Modes,
    MouseInput,
    MouseTracking,
    Notice,
    Run,
    TitleSet,
    Underline,
)
from kubeplat_tui.widgets.terminal.history import LINES, History, pack
from kubeplat_tui.widgets.terminal.input_codes import (
    MouseCoding,
    MouseModes,
    encode_focus,
    encode_key,
    encode_mouse,
    encode_paste,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bittty.operations import Operation
    from bittty.style import Color, Style

TITLE_LENGTH = 200
CLIPBOARD_BYTES = 1024 * 1024
REPLY_BYTES = 64 * 1024
"""Answers that nobody fetched are dropped beyond this: a machine that asks without end gets no memory."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_C1 = re.compile(r"[\x80-\x9f]")
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
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._replies = bytearray()
        self._title: str | None = None
        self._bell = False
        self._clipboard: str | None = None
        self._added = 0
        self._cleared = False
        self._board = SafeBoard(columns, rows)
        self._board.host.attach(_Replies(self._reply))
        self._board.attach_display(self)
        self._board.registry["OSC_CLIPBOARD"] = self._clipboard_write
        self._shown = self._board.display.page
        self._seen = self._shown.observe()
        self._everything = True

    # What bittty's board calls.

    keeps_scrollback = True

    def present(self, event: object) -> None:
        """Take one of bittty's present events."""
        if isinstance(event, RowsScrolledOff):
            for row in event.lines:
                self._history.append(pack(_line(row.cells, row.wrapped)))
            self._added += len(event.lines)
        elif isinstance(event, Bell):
            self._bell = True
        elif isinstance(event, TitleChanged):
            self._title = _CONTROLS.sub("", event.title)[:TITLE_LENGTH]
        elif isinstance(event, ScrollbackCleared):
            self._history.clear()
            self._added = 0
            self._cleared = True

    def _reply(self, data: bytes) -> None:
        if len(self._replies) + len(data) <= REPLY_BYTES:
            self._replies += data

    def _clipboard_write(self, operation: Operation) -> None:
        _, payload = operation.args
        if len(payload) > CLIPBOARD_BYTES * 4 // 3 + 4:
            return
        try:
            data = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            return
        if data and len(data) <= CLIPBOARD_BYTES:
            self._clipboard = data.decode("utf-8", "replace")

    # The protocol.

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
        text = self._decoder.decode(data)
        if not text.isascii():
            text = _C1.sub("", text)
        try:
            self._board.parser.feed(text)
        except Exception:  # noqa: BLE001  # bittty's bugs must not end a session
            self.errors += 1
            self._board.parser.reset()

    def resize(self, columns: int, rows: int) -> None:
        """Another size; at least one column and one row."""
        self._board.resize(max(1, columns), max(1, rows))
        self._everything = True

    def line(self, y: int) -> Line:
        """Row `y` of the screen."""
        page = self._board.display.page
        return _line(page.grid[y], page.wrapped_lines[y])

    def history_line(self, index: int) -> Line:
        """A line of the history; 0 is the oldest."""
        return self._history[index]

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        page = self._board.display.page
        everything = self._everything or page is not self._shown
        rows: Sequence[int] = range(page.height) if everything else page.dirty_rows(self._seen)
        changes = Changes(rows, min(self._added, len(self._history)), self._cleared, everything)
        self._shown = page
        self._seen = page.observe()
        self._everything = self._cleared = False
        self._added = 0
        return changes

    def take_notices(self) -> tuple[Notice, ...]:
        """What the machine wants of the person: of each kind the latest."""
        notices: list[Notice] = []
        if self._title is not None:
            notices.append(TitleSet(self._title))
        if self._bell:
            notices.append(BellRang())
        if self._clipboard is not None:
            notices.append(ClipboardWanted(self._clipboard))
        self._title = self._clipboard = None
        self._bell = False
        return tuple(notices)

    def take_replies(self) -> bytes:
        """What the terminal answers."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies

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


class _Replies:
    """A cable of bittty's towards the machine that only collects."""

    closed = False

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def write(self, data: str) -> int:
        self._take(data.encode("utf-8", "replace"))
        return len(data)

    def write_bytes(self, data: bytes) -> int:
        self._take(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def configure_line(self, line: object) -> None:
        """There is no serial line."""

    def resize(self, rows: int, columns: int) -> None:
        """The widget tells the machine of its size."""


def _line(row: Sequence[tuple[Style, str]], wrapped: bool) -> Line:
    """A row's cells as runs, blanks without looks at the end left out."""
    runs: list[Run] = []
    start = 0
    while start < len(row):
        style = row[start][0]
        end = start + 1
        while end < len(row) and (row[end][0] is style or row[end][0] == style):
            end += 1
        runs.append(Run("".join([cell[1] for cell in row[start:end]]), _style(style), end - start))
        start = end
    if runs and runs[-1].style == PLAIN:
        last = runs.pop()
        text = last.text.rstrip(" ")
        if text:
            runs.append(Run(text, PLAIN, last.cells - (len(last.text) - len(text))))
    return Line(tuple(runs), wrapped)


@lru_cache(maxsize=4096)
def _style(style: Style) -> CellStyle:
    underline = Underline.NONE
    if style.underline:
        underline = Underline(style.underline_style or "single")
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
