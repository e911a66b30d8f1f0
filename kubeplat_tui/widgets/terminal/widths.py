"""How many columns a character takes: one answer for the emulator and for what paints it."""

from __future__ import annotations

from unicodedata import category

from wcwidth import wcwidth

_MOST = 4096  # the machine's bytes fill the table


class _Widths(dict[str, int]):
    """Columns of characters, as the C library of the machine's programs counts them; -1 for what is none of a screen.

    It is wcwidth's table but for two: marks that take room (category Mc, in the scripts of India) and the letters that
    flags are made of take one column in glibc, tmux and xterm.
    """

    def __missing__(self, character: str) -> int:
        if len(self) >= _MOST:
            self.clear()
        narrow = "\U0001f1e6" <= character <= "\U0001f1ff" or category(character) == "Mc"
        width = self[character] = 1 if narrow else wcwidth(character)
        return width


WIDTHS = _Widths()
