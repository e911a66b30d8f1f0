"""From the scanner's tokens to the board's operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from bittty.operations import Operation
from bittty.parser.csi import parse_csi_operation

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.bittty_writer import Writer

Handler = Callable[[Any], None]

_CONTROLS = {
    "\x07": "C0_BEL", "\x08": "C0_BS", "\x09": "C0_HT", "\x0a": "C0_LF", "\x0b": "C0_VT", "\x0c": "C0_FF",
    "\x0d": "C0_CR", "\x0e": "C0_SO", "\x0f": "C0_SI",
}  # fmt: skip
_ESCAPES = {
    "c": "RIS", "D": "IND", "M": "RI", "7": "SAVE", "8": "RESTORE", "=": "DECKPAM", ">": "DECKPNM", "E": "NEL",
    "H": "HTS", "N": "SS2", "O": "SS3", "n": "LS2", "o": "LS3", "#8": "DECALN",
}  # fmt: skip
_SETS = {"(": "SCS_G0", ")": "SCS_G1", "*": "SCS_G2", "+": "SCS_G3"}

_MOST = 4096  # sequences that are kept with what they do, and how long they may be
_SHORT = 40
# Without the cache that it has, which has no bound in bytes.
_parse: Callable[[str], Operation | None] = parse_csi_operation.__wrapped__


class Terminal(Protocol):
    """What does the operations."""

    registry: dict[str, Handler]
    """Handlers by bittty's names; what is not there does nothing."""

    def sgr(self, sequence: str) -> None:
        """A change of looks: CSI … m without a private marker."""
        ...

    def string(self, kind: str, text: str) -> None:
        """An OSC or DCS string."""
        ...

    def skip_lines(self, text: str, position: int) -> int:
        """Take plain lines that would scroll off unseen, from the start of a line on; returns where the rest begins."""
        ...


class BoardTokens:
    """Does at once what each token says."""

    def __init__(self, terminal: Terminal, writer: Writer) -> None:
        self._terminal = terminal
        self._writer = writer
        self._known: dict[str, tuple[Handler, Any]] = {}
        self._next_line = terminal.registry["C0_CRLF"]
        self.text = writer.print_text
        self.string = terminal.string

    def control(self, character: str) -> None:
        """A C0 control."""
        self._perform(_CONTROLS.get(character, ""))

    def new_line(self, text: str, position: int) -> int:
        """CR LF, and the lines after it that need no drawing."""
        self._next_line(None)
        self._writer.last_printed = ""
        return self._terminal.skip_lines(text, position)

    def escape(self, text: str) -> None:
        """An escape: one character, a character set, DECALN."""
        if len(text) == 2 and text[0] in _SETS:
            name = _SETS[text[0]]
            self._terminal.registry[name](Operation(name, (text[1],)))
            self._writer.last_printed = ""
        else:
            self._perform(_ESCAPES.get(text, ""))

    def sequence(self, raw: str) -> None:
        """A control sequence."""
        known = self._known.get(raw)
        if known is None:
            known = self._meaning(raw)
        known[0](known[1])
        self._writer.last_printed = ""

    def _meaning(self, raw: str) -> tuple[Handler, Any]:
        entry: tuple[Handler, Any]
        if raw[-1] == "m" and raw[2] not in "<=>?" and not " " <= raw[-2] <= "/":
            entry = (self._terminal.sgr, raw)
        else:
            operation = _parse(raw) or Operation("CSI")
            entry = (self._terminal.registry.get(operation.name, _nothing), operation)
        if len(raw) <= _SHORT:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[raw] = entry
        return entry

    def _perform(self, name: str) -> None:
        handler = self._terminal.registry.get(name)
        if handler is not None:
            handler(Operation(name))
        self._writer.last_printed = ""


def _nothing(_operation: object) -> None:
    """A sequence that does nothing here."""
