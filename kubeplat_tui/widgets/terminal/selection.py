"""What is marked in the text: between two cells, by words, or by whole lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.document import Place

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.document import Document


class Grain(Enum):
    """What a selection grows by."""

    CELL = 1
    WORD = 2
    LINE = 3


@dataclass(frozen=True, slots=True)
class Selection:
    """From where it began to where it was drawn; both cells belong to it, whichever comes first."""

    anchor: Place
    head: Place
    grain: Grain = Grain.CELL

    def ends(self, document: Document) -> tuple[Place, Place]:
        """The first cell and the one after the last."""
        low, high = sorted((self.anchor, self.head))
        if self.grain is Grain.WORD:
            return document.word(low)[0], document.word(high)[1]
        if self.grain is Grain.LINE:
            first, last = document.whole(low.line)[0], document.whole(high.line)[1]
            return Place(first, 0), Place(last, document.core.columns)
        start = glyphs.span_at(document.line(low.line), low.column)[0]
        end = glyphs.span_at(document.line(high.line), high.column)[1]
        return Place(low.line, start), Place(high.line, end)

    def text(self, document: Document) -> str:
        """What would be copied."""
        return document.text(*self.ends(document))


def columns_of(ends: tuple[Place, Place], number: int, columns: int) -> tuple[int, int] | None:
    """The columns of a row that lie within the ends; None where none do."""
    start, end = ends
    if not start.line <= number <= end.line:
        return None
    left = start.column if number == start.line else 0
    right = min(columns, end.column) if number == end.line else columns
    return (left, right) if left < right else None
