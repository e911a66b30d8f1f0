"""Facts about one thing: labels in a column of their own, what they say beside them, wrapped there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

Fact = tuple[str | Content, Content]
"""A label and what it says. A label without a style of its own is quiet."""


class Facts(Widget):
    """Shows facts; as high as they are."""

    DEFAULT_CSS = """
    Facts { height: auto; }
    """

    def __init__(
        self,
        facts: Sequence[Fact] = (),
        *,
        label_width: int = 12,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        """`label_width` is in cells, the gap included."""
        super().__init__(id=id, classes=classes)
        self._facts = tuple(facts)
        self._label_width = label_width

    def show(self, facts: Sequence[Fact]) -> None:
        """Show these facts from now on."""
        self._facts = tuple(facts)
        self.refresh(layout=True)

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        room = max(8, width - self._label_width)
        lines: list[Content] = []
        for label, said in self._facts:
            wrapped = [part for line in said.split("\n") for part in (line.wrap(room) if line else [line])]
            for number, part in enumerate(wrapped or [Content("")]):
                head = label if number == 0 else ""
                quiet = Content.assemble((head, "$quiet")) if isinstance(head, str) else head
                lines.append(Content.assemble(quiet, " " * (self._label_width - quiet.cell_length), part))
        return lines
