"""The quick core for full-screen programs: evp, which is libghostty. Only with its guards.

It does not tell which lines go on in the next one, so none of them do here; links are taken out by the guards.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.widgets.terminal.core import (
    PLAIN,
    CellStyle,
    Changes,
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
    Underline,
)
from kubeplat_tui.widgets.terminal.guards import TURN, Guard, safe_answer
from kubeplat_tui.widgets.terminal.history import LINES, History, pack
from kubeplat_tui.widgets.terminal.input_codes import (
    MouseCoding,
    MouseModes,
    encode_focus,
    encode_key,
    encode_mouse,
    encode_paste,
)
from kubeplat_tui.widgets.terminal.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCROLLBACK_BYTES = 1_000_000  # evp's own, from which ours is filled
_MOST_STYLES = 20_000  # then evp's table of them, and ours, begin anew
_NEW_LINES = 400  # fed at once at most, so that evp still has them when it is asked
_UNDERLINES = tuple(Underline)
_SHAPES = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)


class _Style(Protocol):
    foreground: Colour
    background: Colour
    bold: bool
    italic: bool
    faint: bool
    blink: bool
    inverse: bool
    invisible: bool
    strikethrough: bool
    overline: bool
    underline: int


class _Row(Protocol):
    graphemes: tuple[str, ...]
    styles: tuple[int, ...]


class _Rows(Protocol):
    rows: tuple[_Row, ...]
    new_styles: tuple[_Style, ...]


class _Frame(_Rows, Protocol):
    cursor: tuple[int, int, bool] | None


class EvpCore:
    """A `TerminalCore` of `columns` by `rows` with the last `history` lines. Needs the package evp (Python 3.13)."""

    def __init__(self, columns: int, rows: int, history: int = LINES) -> None:
        import evp

        self._columns, self._rows = max(1, columns), max(1, rows)
        self._history = History(history)
        self._guard = Guard(self._columns)
        self._outbox = Outbox()
        self._terminal = evp.Terminal(
            self._columns,
            self._rows,
            max_scrollback_bytes=_SCROLLBACK_BYTES,
            on_write_pty=self._reply,
            on_bell=self._outbox.bell,
            on_title_changed=self._outbox.title,
            on_clipboard_write=self._clipboard,
        )
        self._render = evp.RenderState(self._terminal)
        self._styles: list[CellStyle] = []
        self._frame: _Frame | None = None
        self._shown: tuple[_Row, ...] = ()
        self._lines: dict[int, tuple[_Row, Line]] = {}
        self._place = (0, 0)
        self._alternate = False
        self._added = 0
        self._cleared = False
        self._everything = True

    # What evp calls.

    def _reply(self, data: bytes) -> None:
        self._outbox.reply(safe_answer(data))

    def _clipboard(self, _location: object, data: list[tuple[str, str]]) -> None:
        text = "".join(value for _, value in data)
        self._outbox.clipboard(text, len(text.encode("utf-8", "replace")))

    # The protocol.

    @property
    def columns(self) -> int:
        """Columns of the screen."""
        return self._columns

    @property
    def rows(self) -> int:
        """Rows of the screen."""
        return self._rows

    @property
    def cursor(self) -> Cursor:
        """Where the cursor is and how it looks. While it is hidden evp does not tell: where it was last seen."""
        cursor = self._now().cursor
        if cursor is not None:
            self._place = (min(cursor[0], self._columns - 1), min(cursor[1], self._rows - 1))
        shape = max(1, min(self._guard.shape, 6))
        blinking = bool(shape % 2) and self._guard.shape > 0
        return Cursor(*self._place, cursor is not None, _SHAPES[(shape - 1) // 2], blinking)

    @property
    def modes(self) -> Modes:
        """The modes the widget must know."""
        mode = self._terminal.mode
        return Modes(
            alternate_screen=any(map(mode, (1049, 1047, 47))),
            mouse=self._mouse_modes().tracking,
            bracketed_paste=mode(2004),
            focus_events=mode(1004),
            synchronized=mode(2026),
            reverse_screen=mode(5),
            application_cursor=mode(1),
        )

    @property
    def history_length(self) -> int:
        """Lines that can be read with `history_line`."""
        return len(self._history)

    def feed(self, data: bytes) -> None:
        """Take bytes of the machine, in turns of 32 KiB at most."""
        for start in range(0, len(data), TURN):
            clean = self._guard.clean(data[start : start + TURN])
            if self._guard.erased:
                self._forget()
            while clean:
                turn, clean = _few_lines(clean)
                self._terminal.feed(turn)
                self._collect()
        self._frame = None
        if len(self._styles) > _MOST_STYLES:
            self._begin_styles()

    def _begin_styles(self) -> None:
        import evp

        del self._render  # a terminal has one at a time
        self._render = evp.RenderState(self._terminal)
        self._styles.clear()
        self._lines.clear()
        self._everything = True

    def resize(self, columns: int, rows: int) -> None:
        """Another size. evp breaks the lines of its scrollback anew, so ours are taken from there again."""
        before = len(self._render.history().rows)
        self._columns, self._rows = max(1, columns), max(1, rows)
        self._guard.columns = self._columns
        self._terminal.resize(self._columns, self._rows)
        self._render.scrolled_off()
        if before:
            self._history.take_back(before)
        self._keep(self._render.history())
        self._added, self._cleared = len(self._history), True
        self._frame = None
        self._everything = True

    def line(self, y: int) -> Line:
        """Row `y` of the screen."""
        return self._line(self._now().rows[y])

    def history_line(self, index: int) -> Line:
        """A line of the history; 0 is the oldest."""
        return self._history[index]

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        rows = self._now().rows
        alternate = self.modes.alternate_screen
        everything = self._everything or len(rows) != len(self._shown) or alternate != self._alternate
        changed: Sequence[int] = range(len(rows))
        if not everything:
            changed = [
                y for y, (row, old) in enumerate(zip(rows, self._shown, strict=True)) if row is not old
            ]
        changes = Changes(changed, min(self._added, len(self._history)), self._cleared, everything)
        self._shown, self._alternate = rows, alternate
        self._added, self._cleared, self._everything = 0, False, False
        return changes

    def take_notices(self) -> tuple[Notice, ...]:
        """What the machine wants of the person: of each kind the latest."""
        return self._outbox.take_notices()

    def take_replies(self) -> bytes:
        """What the terminal answers."""
        return self._outbox.take_replies()

    def key(self, key: KeyInput) -> bytes:
        """What the key sends."""
        mode = self._terminal.mode
        return encode_key(key, application_cursor=mode(1), application_keypad=mode(66))

    def mouse(self, mouse: MouseInput) -> bytes:
        """What the mouse sends."""
        return encode_mouse(mouse, self._mouse_modes())

    def paste(self, text: str) -> bytes:
        """The text as pasted."""
        return encode_paste(text, bracketed=self._terminal.mode(2004))

    def focus(self, focused: bool) -> bytes:
        """What the focus sends."""
        return encode_focus(focused) if self._terminal.mode(1004) else b""

    def _mouse_modes(self) -> MouseModes:
        mode = self._terminal.mode
        tracking = MouseTracking.NONE
        if mode(1003):
            tracking = MouseTracking.MOVES
        elif mode(1002):
            tracking = MouseTracking.DRAGS
        elif mode(1000) or mode(9):
            tracking = MouseTracking.CLICKS
        codings = {1006: MouseCoding.SGR, 1015: MouseCoding.URXVT, 1005: MouseCoding.UTF8}
        coding = next((coding for number, coding in codings.items() if mode(number)), MouseCoding.LEGACY)
        return MouseModes(tracking, coding, clicks_only=mode(9) and not mode(1000))

    # Rows of evp to lines.

    def _now(self) -> _Frame:
        if self._frame is None:
            frame: _Frame = self._render.frame()
            self._learn(frame)
            self._frame = frame
            kept = {id(row) for row in frame.rows}
            self._lines = {key: entry for key, entry in self._lines.items() if key in kept}
        return self._frame

    def _learn(self, rows: _Rows) -> None:
        self._styles += map(_cell_style, rows.new_styles)

    def _line(self, row: _Row) -> Line:
        known = self._lines.get(id(row))
        if known is None or known[0] is not row:
            known = self._lines[id(row)] = (row, self._runs(row))
        return known[1]

    def _runs(self, row: _Row) -> Line:
        runs: list[Run] = []
        start = 0
        for number, group in groupby(row.styles):
            cells = len(list(group))
            text = "".join(row.graphemes[start : start + cells])
            style = self._styles[number]
            start += cells
            if start == len(row.styles) and style == PLAIN:
                cells -= len(text) - len(text.rstrip(" "))
                text = text.rstrip(" ")
            if text:
                runs.append(Run(text, style, cells))
        return Line(tuple(runs))

    def _collect(self) -> None:
        self._keep(self._render.scrolled_off())

    def _keep(self, rows: _Rows) -> None:
        self._learn(rows)
        for row in rows.rows:
            self._history.append(pack(self._runs(row)))
        self._added += len(rows.rows)

    def _forget(self) -> None:
        self._guard.erased = False
        self._history.clear()
        self._added, self._cleared = 0, True


def _few_lines(data: bytes) -> tuple[bytes, bytes]:
    """The first lines, and the rest."""
    if data.count(b"\n") <= _NEW_LINES:
        return data, b""
    end = 0
    for _ in range(_NEW_LINES):
        end = data.index(b"\n", end) + 1
    return data[:end], data[end:]


def _cell_style(style: _Style) -> CellStyle:
    return CellStyle(
        style.foreground,
        style.background,
        style.bold,
        style.faint,
        style.italic,
        _UNDERLINES[style.underline],
        style.blink,
        style.inverse,
        style.invisible,
        style.strikethrough,
        style.overline,
    )
