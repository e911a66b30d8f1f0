"""The person's own terminal while a machine has it: raw, and given back as it was found, whatever happened."""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import tty
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.ssh.model import Size

if TYPE_CHECKING:
    from types import TracebackType

USUAL_SIZE = Size(80, 24)
STUCK_AFTER = 0.5
"""Seconds that a terminal gets to take the few bytes that set it right again."""

CHANGES = re.compile(
    rb"\x1b(?:"
    rb"\[\?(?P<modes>[0-9;]{1,64})(?P<set>[hl])"  # DEC private modes (xterm, Control Sequences)
    rb"|(?P<keypad>[=>])"
    rb"|\[(?P<shape>[0-9]{0,2}) q"  # DECSCUSR
    rb"|\[>(?P<pushed>[0-9]*)u|\[<(?P<popped>[0-9]*)u"  # kitty's keyboard protocol
    rb"|\[>4(?:;(?P<other_keys>[0-9]))?m"  # xterm's modifyOtherKeys
    rb"|(?P<reset>c|\[!p)"
    rb")"
)
LONGEST = 80
"""Bytes of the longest sequence that is looked for."""

ENDINGS = {
    # Mouse, focus, paste and synchronized output first; the alternate screen last, as what is said next stands on
    # the usual one.
    **dict.fromkeys((9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 1), "l"),
    **dict.fromkeys((7, 25), "h"),
    **dict.fromkeys((47, 1047, 1049), "l"),
}
"""How each mode is when nobody has touched it: `h` set, `l` not."""


class LeftOn:
    """What the programs on a machine have turned on in the terminal, to turn it off where they no longer can."""

    def __init__(self) -> None:
        self._modes: dict[int, str] = {}
        self._others: dict[str, bytes] = {}
        self._pushed = 0
        self._rest = b""

    def watch(self, output: bytes) -> None:
        """Follow what the machine prints."""
        data = self._rest + output
        counted = len(self._rest)
        for found in CHANGES.finditer(data):
            # A sequence that ended in the rest was seen before; one that only began there was not.
            if found.end() > counted:
                self._take(found)
        last = data.rfind(b"\x1b", max(0, len(data) - LONGEST))
        self._rest = data[last:] if last >= 0 else b""

    def undo(self) -> bytes:
        """What sets the terminal right; b"" where nothing was left on."""
        modes = b"".join(
            b"\x1b[?%d%s" % (mode, usual.encode())
            for mode, usual in ENDINGS.items()
            if self._modes.get(mode, usual) != usual
        )
        keyboard = b"\x1b[<%du" % self._pushed if self._pushed else b""
        found = keyboard + b"".join(self._others.values()) + modes
        return found + b"\x1b[m\x1b(B" if found else b""

    def _take(self, found: re.Match[bytes]) -> None:
        match found.lastgroup:
            case "set":
                for mode in found["modes"].split(b";"):
                    if mode:
                        self._modes[int(mode)] = found["set"].decode()
            case "keypad":
                self._other("keypad", b"\x1b>", usual=found["keypad"] == b">")
            case "shape":
                self._other("shape", b"\x1b[0 q", usual=found["shape"] in {b"", b"0"})
            case "pushed":
                self._pushed += 1
            case "popped":
                self._pushed = max(0, self._pushed - int(found["popped"] or 1))
            case "reset":
                self._modes.clear()
                self._others.clear()
                self._pushed = 0
            case _:
                self._other("other keys", b"\x1b[>4m", usual=found["other_keys"] in {None, b"0"})

    def _other(self, name: str, undo: bytes, *, usual: bool) -> None:
        if usual:
            self._others.pop(name, None)
        else:
            self._others[name] = undo


class RawTerminal:
    """A terminal that hands on every key: `with RawTerminal(0, 1) as terminal`.

    `keys` and `screen` are its two descriptors. At the end it is as it was, its modes included.
    """

    def __init__(self, keys: int, screen: int) -> None:
        self._keys = keys
        self._screen = screen
        self._before: list[Any] = []
        self.left_on = LeftOn()

    def __enter__(self) -> RawTerminal:
        self._before = termios.tcgetattr(self._keys)
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Make it raw; again after the person's shell had it meanwhile."""
        with contextlib.suppress(termios.error):  # it hung up
            tty.setraw(self._keys, termios.TCSANOW)

    def give_back(self) -> None:
        """Make it as it was found; doing it twice is allowed."""
        # First of all, as the rest can fail: nobody can type `reset` where nothing is echoed.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._keys, termios.TCSANOW, self._before)
        undo = self.left_on.undo()
        with contextlib.suppress(OSError):
            if undo and select.select([], [self._screen], [], STUCK_AFTER)[1]:
                os.write(self._screen, undo)
        self.left_on = LeftOn()

    def size(self) -> Size:
        """Its size now."""
        return size_of(self._screen)


def size_of(descriptor: int) -> Size:
    """The size of the terminal behind `descriptor`; 80 by 24 where there is none, or it does not know."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        return USUAL_SIZE
    return Size(columns or USUAL_SIZE.columns, rows or USUAL_SIZE.rows)
