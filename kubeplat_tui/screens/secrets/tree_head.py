"""What stands above the secrets' tree: how many there are, what differs and is missing, and the columns' names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.screens.secrets.columns import GAP, cell, columns, name_width
from kubeplat_tui.screens.secrets.looks import differences
from kubeplat_tui.screens.secrets.outline import Standing
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.line_view import GUTTER
from kubeplat_tui.widgets.state import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.screens.secrets.outline import Outline
    from kubeplat_tui.screens.secrets.tree import SecretTree


class TreeHead(Widget):
    """Two lines above the tree: what there is and what differs; the columns' names."""

    DEFAULT_CSS = """
    TreeHead { height: 2; width: 1fr; text-wrap: nowrap; }
    """

    def __init__(self, tree: SecretTree) -> None:
        super().__init__()
        self._tree = tree
        self._missing = 0

    def show_missing(self, count: int) -> None:
        """How many files that a cluster needs are nowhere."""
        self._missing = count
        self.refresh()

    def render(self) -> Content:
        """Title and heads."""
        return Content("\n").join([self._title(), self._heads()])

    def _title(self) -> Content:
        tree = self._tree
        outline = tree.outline
        if outline is None:
            return Content("")
        count = f"({tree.matching}/{outline.files})" if tree.filter else f"({outline.files})"
        notes = [f"filter {tree.filter}"] if tree.filter else []
        if tree.marks:
            notes.append(f"{len(tree.marks)} marked")
        title = Content.assemble(
            " ",
            ("Secrets ", "bold"),
            (count, COLOURS[Tone.QUIET]),
            ("".join(f" · {note}" for note in notes), COLOURS[Tone.ACCENT]),
        )
        room = self.size.width - title.cell_length
        rest = next((words for words in self._facts(outline) if cell_len(words) <= room), "")
        return Content.assemble(title, (rest, COLOURS[Tone.QUIET]))

    def _facts(self, outline: Outline) -> Iterator[str]:
        """What differs, what is missing, under which key all of it is encrypted; then ever shorter."""
        found = differences(outline)
        changed = sum(outline.counts.values()) - outline.counts.get(Standing.SAME, 0)
        short = [f"{changed:,} differ"] if changed else []
        missing = [f"{self._missing} missing"] if self._missing else []
        key = [f"key {outline.key_id}"] if outline.key_id else []
        for words in ([*found, *missing, *key], [*short, *missing, *key], [*short, *missing], short):
            yield "".join(f" · {word}" for word in words)

    def _heads(self) -> Content:
        width = self._tree.room - GUTTER
        kept = columns(width)
        text = " " * GUTTER + f" {'Name':<{max(0, name_width(width, kept) - 1)}}"
        for column in kept:
            text += " " * GAP + cell(column, column)
        return Content.assemble((text, COLOURS[Tone.QUIET]))
