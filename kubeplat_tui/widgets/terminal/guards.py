"""What stands between a machine and an emulator in native code, which a crafted stream could end or make talk.

libghostty aborts the whole process on certain mixtures of links (OSC 8) and repetitions (REP), reads files for images
(APC), and answers with the window's title, which the machine chose itself. So nothing gets through but text, controls,
whole and well-formed control sequences, and the strings of a short list; and of its answers only those that tell
nothing that was sent.
"""

from __future__ import annotations

import re

from kubeplat_tui.widgets.terminal.scanner import Characters, Scanner

TURN = 32 * 1024
"""Bytes that are fed at once."""
_LARGEST = 9999
_NUMBERS = re.compile(r"\d{5,}")
_STRINGS = frozenset({"0", "2", "52"})
# Without moving windows and telling titles (t), other keyboards (u, m with a marker), pointer and title modes.
_REFUSED = re.compile(r"\x1b\[(?:[0-9:;]*t|[<=>?][0-9:;]*[umtTpf]|.*[#$'*]+[^pr])\Z", re.DOTALL)
# Modes of another width, and of reports that come unasked.
_REFUSED_MODES = frozenset({3, 40, 2048})
_SHAPE = re.compile(r"\x1b\[(\d*) q")
_ANSWERS = re.compile(
    rb"\x1b\[(?:\d+;\d+R|0n|\?[0-9;]+c|>[0-9;]+c|\??\d+;\d\$y)"  # CPR, DSR, DA1, DA2, DECRQM
    rb"|\x1bP>\|libghostty\x1b\\"  # XTVERSION
)


class Guard:
    """Rewrites a stream, cut anywhere, for an emulator of so many columns."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.shape = 0
        """The cursor's shape as DECSCUSR last said; 0 for the terminal's own."""
        self.erased = False
        """Whether the history was to be erased (ED 3)."""
        self._characters = Characters()
        self._scanner = Scanner(self)
        self._out: list[str] = []

    def clean(self, data: bytes) -> bytes:
        """What may be fed of these bytes."""
        self._scanner.feed(self._characters.of(data))
        clean = "".join(self._out).encode("utf-8", "replace")
        self._out.clear()
        return clean

    # What the scanner calls.

    def text(self, text: str) -> None:
        """Characters."""
        self._out.append(text)

    def control(self, character: str) -> None:
        """A control; ENQ asks for an answer of the machine's making."""
        if character != "\x05":
            self._out.append(character)

    def new_line(self, text: str, position: int) -> int:
        """CR LF."""
        self._out.append("\r\n")
        return position

    def escape(self, text: str) -> None:
        """An escape."""
        if text == "c":
            self.shape = 0
        self._out.append("\x1b" + text)

    def sequence(self, raw: str) -> None:
        """A control sequence: refused, or with numbers that harm nobody."""
        if _REFUSED.match(raw):
            return
        if raw[-1] == "q" and (shape := _SHAPE.fullmatch(raw)):
            self.shape = int(shape[1] or 0) if len(shape[1]) < 3 else 0
        elif raw == "\x1b[3J":
            self.erased = True
        raw = _NUMBERS.sub(str(_LARGEST), raw)
        if raw[-1] == "b":
            raw = self._repetition(raw)
        elif raw[2] == "?" and raw[-1] in "hlrs":
            raw = _allowed_modes(raw)
        self._out.append(raw)

    def _repetition(self, raw: str) -> str:
        count = raw[2:-1]
        return f"\x1b[{min(int(count), self.columns)}b" if count.isdecimal() else ""

    def string(self, kind: str, text: str) -> None:
        """An OSC or DCS string: the title and the clipboard."""
        number, _, data = text.partition(";")
        if kind == "]" and number in _STRINGS and not data.endswith("?"):
            self._out.append(f"\x1b]{text}\x1b\\")


def _allowed_modes(raw: str) -> str:
    numbers = [number for number in re.split("[;:]", raw[3:-1]) if number.isdecimal()]
    allowed = [number for number in numbers if int(number) not in _REFUSED_MODES]
    return f"\x1b[?{';'.join(allowed)}{raw[-1]}" if allowed else ""


def safe_answer(answer: bytes) -> bytes:
    """An answer of the emulator, or nothing where it could hold what the machine sent."""
    return answer if _ANSWERS.fullmatch(answer) else b""
