"""bittty's board with everything taken out that a machine must not do to its terminal.

bittty simulates DEC's hardware in full: printers, macros, answerback, serial lines, page memory, keys that the host
programs, reports of what is on the screen. Here is a list of what is allowed, by the names of bittty's operations and
modes; what is not in it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bittty import mode_profiles
from bittty.devices.board import Board
from bittty.model import Model
from bittty.options import EDITING

if TYPE_CHECKING:
    from collections.abc import Callable

# What an xterm answers to "what are you" (DA1, DA2), without the printer, the locator and the rest it has not got.
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
        mode_profiles.DEC_LEFT_RIGHT_MARGINS,
        mode_profiles.XTERM_MOUSE_X10,
        mode_profiles.XTERM_CURSOR_BLINK,
        mode_profiles.XTERM_REVERSE_WRAP,
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

_ALLOWED = frozenset(
    {
        "PRINT",
        # Controls
        "C0_BEL", "C0_BS", "C0_HT", "C0_LF", "C0_VT", "C0_FF", "C0_CR", "C0_CRLF", "C0_SO", "C0_SI",
        "IND", "RI", "NEL", "HTS", "SS2", "SS3", "LS2", "LS3", "SCS_G0", "SCS_G1", "SCS_G2", "SCS_G3",
        # The cursor
        "CUP", "HVP", "CUU", "CUD", "CUF", "CUB", "CHA", "HPA", "HPR", "VPA", "VPR", "CNL", "CPL", "HPB", "VPB",
        "CHT", "CBT", "TBC", "DECSCUSR", "DECBI", "DECFI", "SAVE", "RESTORE",
        # The screen
        "ED", "EL", "DECSED", "DECSEL", "SU", "SD", "SL", "SR", "DECIC", "DECDC", "REP", "DECSTBM", "DECSLRM",
        "RIS", "DECSTR", "DECALN", "IL", "DL", "DCH", "ICH", "ECH",
        "DECFRA", "DECERA", "DECSERA", "DECCRA", "DECCARA", "DECRARA", "DECSACE",
        # Looks
        "SGR", "DECSCA", "SPA", "EPA", "XTPUSHSGR", "XTPOPSGR", "OSC_HYPERLINK",
        # Modes
        "SM", "RM", "DECSET", "DECRST", "XTSAVE", "XTRESTORE", "DECKPAM", "DECKPNM",
        # Reports that tell nothing but what the terminal is and where the cursor is
        "CPR", "DSR", "DA1", "DA2", "DECRQM", "XTVERSION", "DECRQSS",
        # What the person hears of
        "SET_ICON_AND_WINDOW_TITLE", "SET_WINDOW_TITLE", "OSC_CLIPBOARD",
    }
)  # fmt: skip


class SafeBoard(Board):  # type: ignore[misc]  # bittty publishes no types
    """A board whose host can draw, ask what the terminal is, name its window and ask for the clipboard."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(width=columns, height=rows, model=MODEL)

    def _build_registry(self) -> dict[str, Callable[[Any], None]]:
        registry = super()._build_registry()
        return {name: handler for name, handler in registry.items() if name in _ALLOWED}
