"""Characters to tokens: what of a stream is text, a control, an escape, a control sequence or a string.

It stands before every core. Emulators' own parsers keep what is unfinished without bound, or die of what is malformed.
ECMA-48 and the state diagram of the VT500 (vt100.net) say what belongs to a sequence; xterm what is done with controls
and escapes in the middle of one.
"""

from __future__ import annotations

import codecs
import re
from typing import Protocol

from kubeplat_tui.widgets.terminal.limits import CLIPBOARD_BYTES

CSI_LENGTH = 256
"""A control sequence longer than this does nothing."""
STRING_LENGTH = 8192
"""So does an OSC or DCS string, save one for the clipboard."""

_CLIPBOARD_LENGTH = CLIPBOARD_BYTES // 3 * 4 + 64

_CSI_BODY = r"\[[<=>?]?[0-9:;]{0,%d}[ -/]{0,4}"
_TOKENS = re.compile(
    r"([^\x00-\x1f\x7f]+)"  # text
    rf"|(\x1b{_CSI_BODY % (CSI_LENGTH - 8)}[@-~])"  # a whole control sequence
    r"|(\r\n)"
    r"|([\x00-\x1a\x1c-\x1f\x7f])"  # a control
    r"|\x1b([ -/]{0,4}[0-OQ-WYZ`-~\\])"  # an escape, with intermediates for character sets
    r"|\x1b([]P_^X])"  # the start of a string
    r"|(\x1b)"  # what is left: unfinished or malformed
)
_TEXT, _SEQUENCE, _NEW_LINE, _CONTROL, _ESCAPE, _STRING, _ODD = range(1, 8)
_UNFINISHED = re.compile(rf"\x1b(?:{_CSI_BODY % CSI_LENGTH}|[ -/]*)\Z")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b]")
_SEQUENCE_END = re.compile(r"[@-~\x18\x1a\x1b]")

# Characters that are no characters of a screen: C1 controls (an xterm in UTF-8 takes them for the sequences they stand
# for, tmux drops them), and marks that turn the direction of writing, which would show another text than is there.
_DROPPED = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


class Characters:
    """UTF-8 cut anywhere to characters; U+FFFD for what is no UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def of(self, data: bytes) -> str:
        """The characters that are complete."""
        text = self._decoder.decode(data)
        return text if text.isascii() else _DROPPED.sub("", text)


class Tokens(Protocol):
    """What takes the tokens."""

    def text(self, text: str) -> None:
        """Characters to draw."""
        ...

    def control(self, character: str) -> None:
        """A C0 control, or DEL."""
        ...

    def new_line(self, text: str, position: int) -> int:
        """CR LF, up to `position` in `text`; returns from where on the scanner is to go on."""
        ...

    def escape(self, text: str) -> None:
        """What followed ESC: intermediates and a final character."""
        ...

    def sequence(self, raw: str) -> None:
        """A control sequence, whole: CSI, at most one private marker, parameters, intermediates, a final character."""
        ...

    def string(self, kind: str, text: str) -> None:
        """An OSC (kind `]`) or DCS (kind `P`) string that ended well."""
        ...


class Scanner:
    """Takes text cut anywhere. What it keeps between two pieces is bounded."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.reset()

    def reset(self) -> None:
        """Forget what is unfinished."""
        self._pending = ""  # an unfinished sequence, from its ESC on
        self._ignoring = False  # within a control sequence that is too long or malformed
        self._string = ""  # the letter that began the string we are in
        self._head = ""  # its first characters
        self._parts: list[str] = []
        self._size = 0

    def feed(self, text: str) -> None:
        """Hand on what is complete."""
        if self._pending:
            text = self._pending + text
            self._pending = ""
        position = 0
        end = len(text)
        while position < end:
            if self._string:
                position = self._in_string(text, position)
            elif self._ignoring:
                position = self._in_ignored(text, position)
            else:
                position = self._ground(text, position)

    def _ground(self, text: str, position: int) -> int:
        tokens = self._tokens
        draw, sequence = tokens.text, tokens.sequence
        for match in _TOKENS.finditer(text, position):
            kind = match.lastindex
            if kind == _TEXT:
                draw(match[1])
            elif kind == _SEQUENCE:
                sequence(match[2])
            elif kind == _NEW_LINE:
                end = match.end()
                after = tokens.new_line(text, end)
                if after != end:
                    return after
            elif kind == _CONTROL:
                tokens.control(match[4])
            elif kind == _ESCAPE:
                tokens.escape(match[5])
            elif kind == _STRING:
                self._open(match[6])
                return match.end()
            else:
                return self._odd(text, match.start())
        return len(text)

    def _odd(self, text: str, start: int) -> int:
        """An escape that no token fits: unfinished, with controls inside, cut off by another, or malformed."""
        if _UNFINISHED.match(text, start):
            return self._keep(text[start:], len(text))
        sequence = "\x1b"
        for index in range(start + 1, len(text)):
            character = text[index]
            if character == "\x1b":
                return index
            if character in "\x18\x1a":
                return index + 1
            if character < " " or character == "\x7f":
                self._tokens.control(character)
                continue
            sequence += character
            if not _UNFINISHED.match(sequence):
                return self._end_odd(sequence, index + 1)
        return self._keep(sequence, len(text))

    def _end_odd(self, sequence: str, after: int) -> int:
        match = _TOKENS.fullmatch(sequence)
        if match is None or match.lastindex == _ODD:
            # Malformed or too long: a control sequence does nothing up to its final byte.
            self._ignoring = sequence[1] == "[" and not "@" <= sequence[-1] <= "~"
        elif match.lastindex == _STRING:
            self._open(match[6])
        else:
            self._ground(sequence, 0)
        return after

    def _keep(self, sequence: str, after: int) -> int:
        if len(sequence) <= CSI_LENGTH:
            self._pending = sequence
        else:
            self._ignoring = sequence[1] == "["
        return after

    def _in_ignored(self, text: str, position: int) -> int:
        match = _SEQUENCE_END.search(text, position)
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
        if end != "\x1b":
            self._close(performed=end == "\x07")
            return after
        if after == len(text):
            self._pending = "\x1b"
            return after
        terminated = text[after] == "\\"
        self._close(performed=terminated)
        return after + 1 if terminated else match.start()

    def _open(self, kind: str) -> None:
        self._string, self._head, self._parts, self._size = kind, "", [], 0

    def _collect(self, text: str) -> None:
        self._size += len(text)
        if self._string not in "]P":
            return
        self._head = (self._head + text[:8])[:8]
        self._parts.append(text)
        if self._size > (_CLIPBOARD_LENGTH if self._head.startswith("52;") else STRING_LENGTH):
            self._parts = []

    def _close(self, *, performed: bool) -> None:
        kind, text, size = self._string, "".join(self._parts), self._size
        self._open("")
        if performed and kind in "]P" and len(text) == size:
            self._tokens.string(kind, text)
