"""bittty's board with everything taken out that a machine must not do to its terminal.

bittty simulates DEC's hardware in full: printers, macros, answerback, serial lines, page memory, keys that the host
programs, reports of what is on the screen, other sizes of the screen. Here is a list of what is allowed, by the names
of bittty's operations and modes; what is not in it does nothing.

What is not allowed, and why:

- reports that hold what the machine sent before (titles, answerback, unknown DECRQSS requests, macros, fonts,
  clipboard): text of the machine's choice would arrive at its shell as if typed;
- the size (DECCOLM, DECSCPP, DECSLPP, XTWINOPS): the widget's own;
- rectangles, columns, horizontal margins and protected cells: ten bytes of them cost ten thousand cells of work, and
  no program of TERM xterm-256color needs them (tmux knows none of them either);
- colours of the palette, pointer shapes, notifications, window moves, printers, LEDs: not a machine's business.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from bittty import mode_profiles
from bittty.devices.board import Board
from bittty.model import Model
from bittty.options import EDITING
from bittty.present import Bell
from bittty.style import style_to_ansi

from kubeplat_tui.widgets.terminal.bittty_cells import NORMAL, same
from kubeplat_tui.widgets.terminal.bittty_flood import Flood
from kubeplat_tui.widgets.terminal.bittty_looks import changed, linked
from kubeplat_tui.widgets.terminal.bittty_screen import Screen
from kubeplat_tui.widgets.terminal.bittty_tokens import BoardTokens
from kubeplat_tui.widgets.terminal.bittty_writer import Writer
from kubeplat_tui.widgets.terminal.limits import (
    CONTROLS,
    LINK_LENGTH,
)
from kubeplat_tui.widgets.terminal.outbox import Outbox
from kubeplat_tui.widgets.terminal.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from bittty.operations import Operation
    from bittty.style import Style

    from kubeplat_tui.widgets.terminal.history import History

# What an xterm answers to "what are you" (DA1, DA2): a VT220 with colours. Not its printer, locator, UDKs.
_DA1 = "\x1b[?62;22c"
_DA2 = "\x1b[>1;10;0c"

_MODES = frozenset(
    {
        mode_profiles.ANSI_INSERT,
        mode_profiles.ANSI_NEWLINE,
        mode_profiles.DEC_CURSOR_APPLICATION,
        mode_profiles.DEC_REVERSE_SCREEN,
        mode_profiles.DEC_ORIGIN,
        mode_profiles.DEC_AUTOWRAP,
        mode_profiles.DEC_CURSOR_VISIBLE,
        mode_profiles.DEC_NUMERIC_KEYPAD,
        mode_profiles.XTERM_MOUSE_X10,
        mode_profiles.XTERM_CURSOR_BLINK,
        mode_profiles.XTERM_ALT_SCREEN_47,
        mode_profiles.XTERM_ALT_SCREEN_1047,
        mode_profiles.XTERM_SAVE_CURSOR_1048,
        mode_profiles.XTERM_ALT_SCREEN_1049,
        mode_profiles.XTERM_MOUSE_NORMAL,
        mode_profiles.XTERM_MOUSE_BUTTON,
        mode_profiles.XTERM_MOUSE_ANY,
        mode_profiles.XTERM_MOUSE_UTF8,
        mode_profiles.XTERM_MOUSE_SGR,
        mode_profiles.URXVT_MOUSE,
        mode_profiles.XTERM_FOCUS,
        mode_profiles.XTERM_BRACKETED_PASTE,
        mode_profiles.XTERM_SYNC_OUTPUT,
    }
)

MODEL = Model(
    name="xterm",
    terminfo="xterm-256color",
    term_name="xterm-256color",
    da1_response=_DA1,
    da2_response=_DA2,
    da3_response=None,
    mode_capabilities=_MODES,
    control_capabilities=EDITING,
    charsets=frozenset({"B", "A", "0"}),
    udk_capacity=0,
)

# bittty's own handlers that are used as they are.
_ALLOWED = frozenset(
    {
        "C0_BEL", "C0_BS", "C0_CR", "C0_SO", "C0_SI", "HTS",
        "SS2", "SS3", "LS2", "LS3", "SCS_G0", "SCS_G1", "SCS_G2", "SCS_G3",
        "CUP", "HVP", "CUU", "CUD", "CUF", "CUB", "CHA", "HPA", "HPR", "VPA", "VPR", "CNL", "CPL", "HPB", "VPB",
        "TBC", "DECSCUSR", "SAVE",
        "DECSTBM", "XTPUSHSGR", "SM", "RM", "XTSAVE", "XTRESTORE", "DECKPAM", "DECKPNM",
        "CPR", "DSR", "DA1", "DA2", "DECRQM", "XTVERSION",
    }
)  # fmt: skip

_SHAPES = {"block": 1, "underline": 3, "bar": 5}  # DECSCUSR, blinking
_MOST_CHANGES = 8192


class SafeBoard(Board):  # type: ignore[misc]  # bittty publishes no types
    """A board whose host can draw, ask what the terminal is, name its window and ask for the clipboard."""

    def __init__(self, columns: int, rows: int, history: History) -> None:
        super().__init__(width=columns, height=rows, model=MODEL)
        self.screen = Screen(self, history)
        self.registry |= self.screen.handlers() | self._handlers()
        self.style.current = NORMAL
        self.writer = Writer(self.screen)
        self.print_text = self.writer.print_text
        self.skip_lines = Flood(self.screen, self.changed).skip_lines
        self.scanner = Scanner(BoardTokens(self, self.writer))
        self.outbox = Outbox()
        self.host.attach(_Cable(self._reply))
        self.attach_display(self)
        self._changes: dict[tuple[int, str], tuple[Style, Style]] = {}

    def _build_registry(self) -> dict[str, Callable[[Any], None]]:
        registry = super()._build_registry()
        return {name: handler for name, handler in registry.items() if name in _ALLOWED}

    def _handlers(self) -> dict[str, Callable[[Any], None]]:
        """What is done otherwise than bittty does it."""
        modes, cursor, style = self.modes, self.cursor, self.style
        return {
            "REP": lambda operation: self.writer.repeat(operation.args[0]),
            "RIS": lambda _: self.switch_on(),
            "DECSTR": self._then_same_style(lambda _: self.reset(hard=False)),
            "RESTORE": self._then_same_style(lambda _: cursor.restore()),
            "XTPOPSGR": self._then_same_style(lambda _: style.pop_sgr()),
            "DECSET": self._set_modes,
            "DECRST": self._then_same_style(modes.apply_mode_operation),
        }

    def _then_same_style(self, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        """Restored looks are equal to the known styles and must be those very objects."""

        def handle(operation: Operation) -> None:
            handler(operation)
            self.style.current = same(self.style.current)

        return handle

    def _set_modes(self, operation: Operation) -> None:
        was = self.blitter.in_alt_screen
        self.modes.apply_mode_operation(operation)
        if self.blitter.in_alt_screen and not was:
            self.screen.blank_page(self.blitter.alt_page)

    def switch_on(self) -> None:
        """RIS: as after switching on. What was on the main screen goes into the history, as in tmux."""
        self.screen.keep_all()
        self.blitter.switch_screen(False)
        for device in (self.modes, self.cursor):
            device.reset(hard=True)
        self.charset.reset()
        self.mouse.reset()
        self.style.reset()
        self.style.current = NORMAL
        self.cursor.shape = "block"
        self.blitter.set_scroll_region(0, self.height - 1)
        self.screen.blank_page(self.blitter.primary_page)

    # What the scanner calls, besides the registry.

    def sgr(self, sequence: str) -> None:
        """Change the looks of what comes."""
        self.style.current = self.changed(self.style.current, sequence)

    def changed(self, style: Style, sequence: str) -> Style:
        """What an SGR sequence makes of a style."""
        key = (id(style), sequence)
        known = self._changes.get(key)
        if known is not None and known[0] is style:
            return known[1]
        after = changed(style, sequence)
        if len(self._changes) >= _MOST_CHANGES:
            self._changes.clear()
        self._changes[key] = (style, after)
        return after

    def string(self, kind: str, text: str) -> None:
        """An OSC or DCS string."""
        if kind == "P":
            if text.startswith("$q"):
                self._report_setting(text[2:])
            return
        number, _, data = text.partition(";")
        if number in {"0", "2"}:
            self.outbox.title(data)
        elif number == "8":
            self._link(data.partition(";")[2])
        elif number == "52":
            self._clipboard(data.partition(";")[2])

    def _link(self, target: str) -> None:
        safe = len(target) <= LINK_LENGTH and not CONTROLS.search(target)
        self.style.current = linked(self.style.current, target if safe else "")

    def _clipboard(self, payload: str) -> None:
        """OSC 52: a wish to write. A question (`?`) is not base64 and stays without an answer."""
        try:
            data = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            return
        self.outbox.clipboard(data.decode("utf-8", "replace"), len(data))

    def _report_setting(self, request: str) -> None:
        """DECRQSS. A request that is not known is answered without repeating it."""
        blitter = self.blitter
        settings: dict[str, Callable[[], str]] = {
            "m": lambda: "0;" + style_to_ansi(self.style.current)[2:-1],
            "r": lambda: f"{blitter.scroll_top + 1};{blitter.scroll_bottom + 1}",
            " q": lambda: str(_SHAPES[self.cursor.shape] + (not self.modes.cursor_blinking)),
        }
        setting = settings.get(request)
        self._reply(f"\x1bP1$r{setting().rstrip(';')}{request}\x1b\\" if setting else "\x1bP0$r\x1b\\")

    # What bittty's devices call.

    keeps_scrollback = False

    def present(self, event: object) -> None:
        """bittty's events: only the bell is of interest, the rest is asked for where it is kept."""
        if isinstance(event, Bell):
            self.outbox.bell()

    def _reply(self, text: str) -> None:
        self.outbox.reply(text.encode("utf-8", "replace"))


class _Cable:
    """bittty's cable towards the machine: it only hands reports on."""

    closed = False

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take

    def write(self, data: str) -> int:
        """A report."""
        self._take(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def configure_line(self, line: object) -> None:
        """There is no serial line."""

    def resize(self, rows: int, columns: int) -> None:
        """The widget tells the machine of its size."""
