"""What a person types to a machine's shell, and in it the escapes that are meant for us (ssh(1), ESCAPE CHARACTERS)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TILDE, DOT, QUESTION = b"~.?"
LINE_ENDS = b"\r\n"

HELP = """\
Escapes, at the beginning of a line:
  ~.   close the connection
  ~?   this text
  ~~   the character ~ itself
"""


class Escape(StrEnum):
    """An escape that was typed."""

    LEAVE = "~."
    HELP = "~?"


class EscapeReader:
    """Tells the escapes from what goes to the machine. A `~` at the beginning of a line waits for what follows it."""

    def __init__(self) -> None:
        self._fresh = True
        self._held = False

    def take(self, typed: bytes) -> Iterator[bytes | Escape]:
        """What `typed` means, in order. Nothing follows an `Escape.LEAVE`."""
        plain = bytearray()
        for byte in typed:
            if self._held:
                self._held = False
                if byte in (DOT, QUESTION):
                    if plain:
                        yield bytes(plain)
                        plain.clear()
                    yield Escape.LEAVE if byte == DOT else Escape.HELP
                    if byte == DOT:
                        return
                    continue
                if byte != TILDE:
                    plain.append(TILDE)
            elif self._fresh and byte == TILDE:
                self._held = True
                continue
            plain.append(byte)
            self._fresh = byte in LINE_ENDS
        if plain:
            yield bytes(plain)
