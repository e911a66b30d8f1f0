"""Characters to operations: the scanner before bittty's devices.

It takes the place of bittty's own, which keeps what is unfinished without bound and knows many sequences that must do
nothing. ECMA-48 and the state diagram of the VT500 (vt100.net) say what belongs to a sequence; xterm what is done
with controls and escapes in the middle of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from bittty.operations import Operation
from bittty.parser.csi import parse_csi_operation

Handler = Callable[[Any], None]

CSI_LENGTH = 256
"""A control sequence longer than this does nothing."""
STRING_LENGTH = 8192
"""So does an OSC or DCS string, save one for the clipboard."""

_MOST_SEQUENCES = 4096  # known ones, and how long they may be to be kept
_SHORT = 40

_TOKENS = re.compile(
    r"([^\x00-\x1f\x7f]+)"  # text
    rf"|\x1b\[([0-9:;<=>?]{{0,{CSI_LENGTH - 8}}}[ -/]{{0,4}}[@-~])"  # a whole CSI sequence
    r"|(\r\n)"
    r"|([\x00-\x1a\x1c-\x1f\x7f])"  # a control
    r"|\x1b([ -/]{1,4}[0-~])"  # an escape with intermediates: character sets, DECALN
    r"|\x1b([]P_^X])"  # the start of a string
    r"|\x1b([0-OQ-WYZ`-~\\])"  # a plain escape
    r"|(\x1b)"  # what is left: unfinished or malformed
)
# Without the cache that it has, which has no bound in bytes.
_parse: Callable[[str], Operation | None] = parse_csi_operation.__wrapped__

_TEXT, _CSI, _NEWLINE, _CONTROL, _INTERMEDIATE, _STRING, _ESCAPE, _ODD = range(1, 9)
_RARE = frozenset({_CONTROL, _INTERMEDIATE, _ESCAPE})

_UNFINISHED = re.compile(r"\x1b(?:\[[0-9:;<=>?]*[ -/]*|[ -/]*)\Z")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b]")
_CSI_END = re.compile(r"[@-~\x18\x1a\x1b]")

_CONTROLS = {
    "\x07": "C0_BEL", "\x08": "C0_BS", "\x09": "C0_HT", "\x0a": "C0_LF", "\x0b": "C0_VT", "\x0c": "C0_FF",
    "\x0d": "C0_CR", "\x0e": "C0_SO", "\x0f": "C0_SI",
}  # fmt: skip
_ESCAPES = {
    "c": "RIS", "D": "IND", "M": "RI", "7": "SAVE", "8": "RESTORE", "=": "DECKPAM", ">": "DECKPNM", "E": "NEL",
    "H": "HTS", "N": "SS2", "O": "SS3", "n": "LS2", "o": "LS3",
}  # fmt: skip
_SETS = {"(": "SCS_G0", ")": "SCS_G1", "*": "SCS_G2", "+": "SCS_G3"}


class Terminal(Protocol):
    """What the scanner hands operations to."""

    registry: dict[str, Handler]
    """Handlers by bittty's names of operations; a name that is not there does nothing."""

    def sgr(self, sequence: str) -> None:
        """A change of looks: the whole sequence CSI … m without a private marker."""
        ...

    def string(self, kind: str, text: str) -> None:
        """An OSC (kind `]`) or DCS (kind `P`) string."""
        ...

    def skip_lines(self, text: str, position: int) -> int:
        """Take plain lines that would scroll off unseen, from the start of a line on; returns where the rest begins."""
        ...


class Printer(Protocol):
    """What draws characters."""

    last_printed: str
    """What REP repeats: the graphic character that came last, "" after anything else."""

    def print_text(self, text: str) -> None:
        """Draw characters."""
        ...


class Scanner:
    """Takes text cut anywhere. What it keeps between two pieces is bounded."""

    def __init__(self, terminal: Terminal, printer: Printer, longest: Callable[[str], int]) -> None:
        """`longest`: how long an OSC or DCS string that begins so may be."""
        self._terminal = terminal
        self._printer = printer
        self._longest = longest
        self._operations: dict[str, tuple[Handler, Operation]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what is unfinished."""
        self._pending = ""  # an unfinished sequence, from its ESC on
        self._ignoring = False  # within a control sequence that is too long
        self._string = ""  # the letter that began the string we are in
        self._head = ""  # its first characters
        self._parts: list[str] = []
        self._size = 0

    def feed(self, text: str) -> None:
        """Perform what is complete."""
        if self._pending:
            text = self._pending + text
            self._pending = ""
        position = 0
        end = len(text)
        while position < end:
            if self._string:
                position = self._in_string(text, position)
            elif self._ignoring:
                position = self._in_long_sequence(text, position)
            else:
                position = self._ground(text, position)

    def _ground(self, text: str, position: int) -> int:
        printer, print_text = self._printer, self._printer.print_text
        new_line = self._terminal.registry["C0_CRLF"]
        operations = self._operations
        for match in _TOKENS.finditer(text, position):
            kind = match.lastindex
            if kind == _TEXT:
                print_text(match[1])
                continue
            if kind == _CSI:
                known = operations.get(match[0])
                if known is not None:
                    known[0](known[1])
                else:
                    self._control_sequence(match[0])
            elif kind == _NEWLINE:
                new_line(None)
                end = match.end()
                after = self._terminal.skip_lines(text, end)
                if after != end:
                    printer.last_printed = ""
                    return after
            elif kind in _RARE:
                self._rare(match)
            elif kind == _STRING:
                printer.last_printed = ""
                self._open(match[6])
                return match.end()
            else:
                return self._odd(text, match.start())
            printer.last_printed = ""
        return len(text)

    def _rare(self, match: re.Match[str]) -> None:
        if match.lastindex == _CONTROL:
            self._perform(_CONTROLS.get(match[4], ""))
        elif match.lastindex == _ESCAPE:
            self._perform(_ESCAPES.get(match[7], ""))
        else:
            self._intermediate(match[5])

    def _perform(self, name: str) -> None:
        handler = self._terminal.registry.get(name)
        if handler is not None:
            handler(Operation(name))

    def _control_sequence(self, raw: str) -> None:
        if raw[-1] == "m" and raw[2] not in "<=>?" and not " " <= raw[-2] <= "/":
            entry: tuple[Handler, Any] = (self._terminal.sgr, raw)
        else:
            operation = _parse(raw) or Operation("CSI")
            entry = (self._terminal.registry.get(operation.name, _nothing), operation)
        if len(raw) <= _SHORT:
            if len(self._operations) >= _MOST_SEQUENCES:
                self._operations.clear()
            self._operations[raw] = entry
        entry[0](entry[1])

    def _intermediate(self, text: str) -> None:
        if text == "#8":
            self._perform("DECALN")
        elif text[0] in _SETS and len(text) == 2:
            name = _SETS[text[0]]
            self._terminal.registry[name](Operation(name, (text[1],)))

    def _odd(self, text: str, start: int) -> int:
        """An escape that no token fits: unfinished, with controls inside, cut off by another, or too long."""
        if _UNFINISHED.match(text, start):
            self._keep(text[start:])
            return len(text)
        self._printer.last_printed = ""
        sequence = "\x1b"
        for index in range(start + 1, len(text)):
            character = text[index]
            if character == "\x1b":
                return index
            if character in "\x18\x1a":
                return index + 1
            if character < " " or character == "\x7f":
                self._perform(_CONTROLS.get(character, ""))
                continue
            sequence += character
            if not _UNFINISHED.match(sequence):
                return self._end_odd(sequence, index + 1)
            if len(sequence) > CSI_LENGTH:
                self._ignoring = sequence[1] == "["
                return index + 1
        self._keep(sequence)
        return len(text)

    def _end_odd(self, sequence: str, after: int) -> int:
        match = _TOKENS.fullmatch(sequence)
        if match is None or match.lastindex == _ODD:
            # A parameter after an intermediate, or one too many: it does nothing up to its final byte.
            self._ignoring = sequence[1] == "[" and not "@" <= sequence[-1] <= "~"
        elif match.lastindex == _STRING:
            self._open(match[6])
        else:
            self._ground(sequence, 0)
        return after

    def _keep(self, sequence: str) -> None:
        if len(sequence) <= CSI_LENGTH:
            self._pending = sequence
        else:
            self._ignoring = sequence[1] == "["

    def _in_long_sequence(self, text: str, position: int) -> int:
        match = _CSI_END.search(text, position)
        if match is None:
            return len(text)
        self._ignoring = False
        return match.start() if match[0] == "\x1b" else match.end()

    def _in_string(self, text: str, position: int) -> int:
        match = _STRING_END.search(text, position)
        if match is None:
            self._collect(text[position:])
            return len(text)
        self._collect(text[position : match.start()])
        end, after = match[0], match.end()
        if end == "\x07" and self._string != "]":
            return after
        if end == "\x1b" and after == len(text):
            self._pending = "\x1b"
            return after
        self._finish(performed=end == "\x07" or (end == "\x1b" and text.startswith("\\", after)))
        if end == "\x1b":
            return after + 1 if text.startswith("\\", after) else match.start()
        return after

    def _open(self, kind: str) -> None:
        self._string, self._head, self._parts, self._size = kind, "", [], 0

    def _collect(self, text: str) -> None:
        self._size += len(text)
        if self._string not in "]P":
            return
        self._head = (self._head + text[:8])[:8]
        self._parts.append(text)
        if self._size > STRING_LENGTH and self._size > self._longest(self._head):
            self._parts = []

    def _finish(self, *, performed: bool) -> None:
        kind, text, size = self._string, "".join(self._parts), self._size
        self._string, self._parts, self._size = "", [], 0
        if performed and kind in "]P" and len(text) == size:
            self._terminal.string(kind, text)


def _nothing(_operation: object) -> None:
    """A sequence that does nothing here."""
