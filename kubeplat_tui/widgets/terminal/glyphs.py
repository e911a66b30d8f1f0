"""Cells that can be shown anywhere: each glyph with its width, and nothing that a user's terminal might obey.

A terminal, rich and the emulator disagree about the widths of joined emoji, flags and variation selectors, and one
disagreement moves the rest of a row. So what is shown of a glyph is what all agree on: its base and its combining
marks; the first of joined emoji; the letters of a flag. What is copied is the text as it was sent.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import get_character_cell_size

from kubeplat_tui.widgets.terminal.widths import WIDTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.widgets.terminal.core import Line

MARKS = 4
"""Combining marks that are shown on one base."""
UNKNOWN = "�"
UNSAFE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
"""Unicode's categories of what is not drawn as it is: controls, format characters, halves of pairs, the unassigned."""
JOINER, KEYCAP = "\u200d", "\u20e3"
SELECTORS = range(0xFE00, 0xFE10)
SKINS = range(0x1F3FB, 0x1F400)
FLAG_LETTERS = range(0x1F1E6, 0x1F200)


class Glyph(NamedTuple):
    """What stands in one place: the text as sent, and its cells (0 for marks that have no base)."""

    text: str
    cells: int


def glyphs(text: str, cells: int) -> tuple[Glyph, ...]:
    """The glyphs of a run that takes `cells`. Their cells add up to that."""
    if len(text) == cells and text.isascii():
        return tuple([Glyph(character, 1) for character in text])
    return _glyphs(text, cells)


@lru_cache(maxsize=2048)
def _glyphs(text: str, cells: int) -> tuple[Glyph, ...]:
    for joining in (False, True):
        found = _split(text, joining=joining)
        if sum(glyph.cells for glyph in found) == cells:
            return tuple(found)
    return tuple(_fitted(_split(text, joining=False), cells))


def _split(text: str, *, joining: bool) -> list[Glyph]:
    """Bases with what belongs to them. `joining`: emoji joined by U+200D, selectors, skins and flags are one glyph."""
    found: list[Glyph] = []
    for character in text:
        before = found[-1] if found else None
        width = WIDTHS[character]
        code = ord(character)
        if before is not None:
            if width <= 0 and code > 0x9F:
                cells = before.cells
                if joining and code == 0xFE0F and cells == 1 and get_character_cell_size(before.text[0]) == 1:
                    cells = 2
                found[-1] = Glyph(before.text + character, cells)
                continue
            if joining and _joins(before.text, character):
                found[-1] = Glyph(before.text + character, 2)
                continue
        found.append(Glyph(character, max(0, width)))
    return found


def _joins(before: str, character: str) -> bool:
    code = ord(character)
    if before[-1] == JOINER or code in SKINS:
        return True
    return code in FLAG_LETTERS and len(before) == 1 and ord(before) in FLAG_LETTERS


def _fitted(found: list[Glyph], cells: int) -> Iterator[Glyph]:
    """Glyphs made to take `cells`: what is too much is left out, what is missing is blank."""
    left = cells
    for glyph in found:
        if glyph.cells > left:
            break
        left -= glyph.cells
        yield glyph
    if left:
        yield from (Glyph(" ", 1) for _ in range(left))


@lru_cache(maxsize=4096)
def shown(glyph: Glyph) -> str:
    """What is drawn of a glyph, exactly as wide as it."""
    if not glyph.cells:
        return ""
    if ord(glyph.text[0]) in FLAG_LETTERS:
        letters = "".join(
            chr(ord(each) - 0x1F1E6 + ord("A")) for each in glyph.text if ord(each) in FLAG_LETTERS
        )
        return letters[: glyph.cells].ljust(glyph.cells)
    base = glyph.text[0]
    if unicodedata.category(base) in UNSAFE or get_character_cell_size(base) > glyph.cells:
        return UNKNOWN.ljust(glyph.cells)
    width = get_character_cell_size(base)
    if not width:
        base, width = f" {base}", 1
    marks = [
        each
        for each in glyph.text[1:]
        if unicodedata.category(each) in {"Mn", "Me"}
        and each != KEYCAP
        and ord(each) not in SELECTORS
        and not get_character_cell_size(each)
    ]
    return base + "".join(marks[:MARKS]) + " " * (glyph.cells - width)


def plain(text: str, cells: int) -> bool:
    """Whether a run can be drawn as it is."""
    return len(text) == cells and text.isascii() and text.isprintable()


@lru_cache(maxsize=4096)
def drawn(text: str, cells: int) -> str:
    """What is drawn of a run, exactly `cells` wide."""
    if plain(text, cells):
        return text
    return "".join(map(shown, glyphs(text, cells)))


def width(line: Line) -> int:
    """The cells of a row that are not blank at its end."""
    return sum(run.cells for run in line.runs)


def between(line: Line, start: int, end: int) -> str:
    """The text of the columns from `start` up to `end`. A wide glyph belongs to both of its columns."""
    pieces: list[str] = []
    column = 0
    for run in line.runs:
        stop = column + run.cells
        if stop > start and column < end:
            if plain(run.text, run.cells):
                pieces.append(run.text[max(0, start - column) : end - column])
            else:
                at = column
                for glyph in glyphs(run.text, run.cells):
                    if at < end and (at + glyph.cells > start or (not glyph.cells and at > start)):
                        pieces.append(glyph.text)
                    at += glyph.cells
        column = stop
    return "".join(pieces)


def columns(line: Line) -> list[int]:
    """The column of each character of the row's text, and the one after the last."""
    found: list[int] = []
    column = 0
    for run in line.runs:
        if plain(run.text, run.cells):
            found.extend(range(column, column + run.cells))
            column += run.cells
            continue
        for glyph in glyphs(run.text, run.cells):
            found.extend([column] * len(glyph.text))
            column += glyph.cells
    found.append(column)
    return found


def span_at(line: Line, column: int) -> tuple[int, int]:
    """The columns of the glyph that covers `column`; one column where the row is blank."""
    at = 0
    for run in line.runs:
        if at + run.cells > column:
            if plain(run.text, run.cells):
                break
            for glyph in glyphs(run.text, run.cells):
                if at <= column < at + glyph.cells:
                    return at, at + glyph.cells
                at += glyph.cells
        at += run.cells
    return column, column + 1
