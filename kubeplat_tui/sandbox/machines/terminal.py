"""A pseudo-terminal on a machine: its size, and the settings that the client asks for (RFC 4254, 6.2 and 8)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
from dataclasses import dataclass, replace

IUTF8 = 0x4000
"""Erase whole characters; the number is the same on Linux and macOS, and Python has no name for it."""

END = 0
UNDEFINED = 160
"""From here on a mode ends the list (RFC 4254, 8)."""

DISABLED = 255
"""The value of a character that does nothing."""

_INPUT, _OUTPUT, _LOCAL, _CHARACTERS = 0, 1, 3, 6
"""Where termios.tcgetattr has them."""

CHARACTERS = {
    1: termios.VINTR,
    2: termios.VQUIT,
    3: termios.VERASE,
    4: termios.VKILL,
    5: termios.VEOF,
    6: termios.VEOL,
    7: termios.VEOL2,
    8: termios.VSTART,
    9: termios.VSTOP,
    10: termios.VSUSP,
    12: termios.VREPRINT,
    13: termios.VWERASE,
    14: termios.VLNEXT,
    18: termios.VDISCARD,
}

FLAGS = {
    30: (_INPUT, termios.IGNPAR),
    31: (_INPUT, termios.PARMRK),
    32: (_INPUT, termios.INPCK),
    33: (_INPUT, termios.ISTRIP),
    34: (_INPUT, termios.INLCR),
    35: (_INPUT, termios.IGNCR),
    36: (_INPUT, termios.ICRNL),
    38: (_INPUT, termios.IXON),
    39: (_INPUT, termios.IXANY),
    40: (_INPUT, termios.IXOFF),
    41: (_INPUT, termios.IMAXBEL),
    42: (_INPUT, IUTF8),
    50: (_LOCAL, termios.ISIG),
    51: (_LOCAL, termios.ICANON),
    53: (_LOCAL, termios.ECHO),
    54: (_LOCAL, termios.ECHOE),
    55: (_LOCAL, termios.ECHOK),
    56: (_LOCAL, termios.ECHONL),
    57: (_LOCAL, termios.NOFLSH),
    58: (_LOCAL, termios.TOSTOP),
    59: (_LOCAL, termios.IEXTEN),
    60: (_LOCAL, termios.ECHOCTL),
    61: (_LOCAL, termios.ECHOKE),
    70: (_OUTPUT, termios.OPOST),
    72: (_OUTPUT, termios.ONLCR),
    73: (_OUTPUT, termios.OCRNL),
    74: (_OUTPUT, termios.ONOCR),
    75: (_OUTPUT, termios.ONLRET),
}


@dataclass(frozen=True, slots=True)
class Window:
    """The size of a terminal: cells, and the pixels they take where the client knows."""

    columns: int
    rows: int
    width: int = 0
    height: int = 0

    @property
    def packed(self) -> bytes:
        """As the kernel takes it (struct winsize)."""
        cells = (self.rows, self.columns, self.width, self.height)
        return struct.pack("HHHH", *(min(max(each, 0), 65_535) for each in cells))


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a client asked for: its kind of terminal, the size, and the encoded modes."""

    term: str
    window: Window
    modes: bytes = b""

    def resized(self, window: Window) -> Terminal:
        """The same in another size."""
        return replace(self, window=window)

    def open(self) -> tuple[int, int]:
        """A new pseudo-terminal set up like this: its two ends. Raises `OSError`."""
        ours, theirs = os.openpty()
        resize(ours, self.window)
        with contextlib.suppress(termios.error):
            set_modes(theirs, self.modes)
        return ours, theirs


def resize(descriptor: int, window: Window) -> None:
    """Set the size; the kernel tells the program in the foreground (SIGWINCH)."""
    with contextlib.suppress(OSError):  # the shell may have ended
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, window.packed)


def set_modes(descriptor: int, modes: bytes) -> None:
    """Apply encoded terminal modes: pairs of a number and a value, up to the first that is none."""
    settings = termios.tcgetattr(descriptor)
    settings[_INPUT] |= IUTF8
    off = os.fpathconf(descriptor, "PC_VDISABLE")
    for number, value in decoded(modes):
        if number in FLAGS:
            word, bit = FLAGS[number]
            settings[word] = settings[word] | bit if value else settings[word] & ~bit
        elif number in CHARACTERS:
            settings[_CHARACTERS][CHARACTERS[number]] = bytes([off if value == DISABLED else value & 0xFF])
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def decoded(modes: bytes) -> list[tuple[int, int]]:
    """The pairs in `modes`; what is cut off is left out."""
    pairs = []
    for at in range(0, len(modes) - 4, 5):
        number, value = struct.unpack_from(">BI", modes, at)
        if number == END or number >= UNDEFINED:
            break
        pairs.append((number, value))
    return pairs
