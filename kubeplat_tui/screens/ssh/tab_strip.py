"""One line with the tabs: the machines, the forwards, and every session with its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from kubeplat_tui.widgets.cells import Mark, cut_middle
from kubeplat_tui.widgets.state import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

NARROW = 14
"""Cells of a name where there is little room."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Label:
    """A tab: its key, its name, the symbol of its state, and signs of what happened there unseen.

    `signs`: `!` the bell rang, `+` there is new output, `?` it asks something, `▲` it takes part in a broadcast.
    """

    key: str
    name: str
    mark: Mark | None = None
    signs: str = ""
    current: bool = False
    beside: bool = False


class TabStrip(Widget):
    """Draws as many tabs as fit around the current one; a click goes to one."""

    DEFAULT_CSS = """
    TabStrip { height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; }
    """

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__()
        self._labels: tuple[Label, ...] = ()
        self._spans: list[tuple[int, int, str]] = []

    def show(self, labels: Sequence[Label]) -> None:
        """Show these."""
        if tuple(labels) != self._labels:
            self._labels = tuple(labels)
            self.refresh()

    def render(self) -> Content:
        """The tabs: with short names where there is little room, and then only those around the current one."""
        room = self.content_size.width
        for longest in (60, NARROW):
            pieces = [self._piece(label, longest) for label in self._labels]
            if _length(pieces) <= room:
                break
        first, last = _window(
            [piece.cell_length for piece in pieces],
            next((number for number, label in enumerate(self._labels) if label.current), 0),
            room,
        )
        more_left = Content.assemble(("◂ ", "$quiet")) if first else Content("")
        more_right = Content.assemble((" ▸", "$quiet")) if last < len(pieces) else Content("")
        self._spans = []
        at = more_left.cell_length
        for label, piece in zip(self._labels[first:last], pieces[first:last], strict=True):
            self._spans.append((at, at + piece.cell_length, label.key))
            at += piece.cell_length + GAP
        return Content.assemble(more_left, Content(" " * GAP).join(pieces[first:last]), more_right)

    def on_click(self, event: events.Click) -> None:
        """Go to the tab clicked."""
        at = event.get_content_offset_capture(self).x
        for start, end, key in self._spans:
            if start <= at < end:
                self.post_message(self.Chosen(key))

    @staticmethod
    def _piece(label: Label, longest: int) -> Content:
        mark = label.mark
        name = cut_middle(label.name, longest)
        looks = "bold underline" if label.current else "underline" if label.beside else "$quiet"
        return Content.assemble(
            ("▌" if label.current else "", "$primary"),
            (f"{mark.symbol} " if mark is not None else "", COLOURS[mark.tone] if mark is not None else ""),
            (name, looks),
            (f" {label.signs}" if label.signs else "", "$warning bold"),
        )


def _length(pieces: Sequence[Content]) -> int:
    return sum(piece.cell_length + GAP for piece in pieces) - GAP


def _window(widths: Sequence[int], current: int, room: int) -> tuple[int, int]:
    """The first and the end of the tabs that fit into `room` cells around the current one."""
    if sum(width + GAP for width in widths) - GAP <= room:
        return 0, len(widths)
    room -= 4  # the signs that there are more
    first, last, used = current, current + 1, widths[current]
    while True:
        before, after = first > 0, last < len(widths)
        if after and used + GAP + widths[last] <= room:
            used += GAP + widths[last]
            last += 1
        elif before and used + GAP + widths[first - 1] <= room:
            first -= 1
            used += GAP + widths[first]
        else:
            return first, last
