"""A text field for YAML, JSON and CSV: line numbers, a little colour, nothing a terminal would obey."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cached_cell_len
from rich.style import Style
from rich.text import Text
from textual.widgets import TextArea

from kubeplat_tui.services.secrets.preview_model import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual import events

COLOURED = 1000
"""Characters of a line that are coloured."""
_COMMENT = re.compile(r"(?:^|\s)#.*")
_KEY = re.compile(
    r"^\s*(?:- +)*(\"[^\"]*\"|'[^']*'|[^\s#:'\"\[\]{},-][^#:]*?)\s*:(?=\s|$)|(\"(?:[^\"\\]|\\.)*\")\s*:"
)
_WORD = re.compile(r"(?<![\w.])(?:true|false|null|-?\d+(?:\.\d+)?)(?![\w.-])")


class CodeArea(TextArea):
    """Colours keys, comments and numbers line by line; a CSV's fields in turn. It keeps the text as it is."""

    def __init__(self, text: str, key: str) -> None:
        super().__init__(text, show_line_numbers=True, compact=True, soft_wrap=False, tab_behavior="indent")
        self.indent_width = 2
        self._csv = key.endswith(".csv")

    def on_key(self, event: events.Key) -> None:
        """Esc belongs to the dialog: the field itself would give the focus away."""
        if event.key == "escape":
            event.prevent_default()

    def on_unmount(self) -> None:
        """Nothing of the text stays in rich's memory of measured texts."""
        cached_cell_len.cache_clear()

    def get_line(self, line_index: int) -> Text:
        """One line, coloured (Textual calls this for every line it draws)."""
        shown = visible(self.document.get_line(line_index))
        text = Text(shown, end="", no_wrap=True)
        for start, end, tone in self._tones(shown[:COLOURED]):
            text.stylize(self._style(tone), start, end)
        return text

    def _tones(self, line: str) -> Iterator[tuple[int, int, str]]:
        if self._csv:
            if line.startswith("#"):
                yield 0, len(line), "quiet"
                return
            at = 0
            for number, field in enumerate(line.split(",")):
                yield at, at + len(field), "primary" if number % 2 else "foreground"
                at += len(field) + 1
            return
        for found in _WORD.finditer(line):
            yield found.start(), found.end(), "changing"
        for found in _KEY.finditer(line):
            yield *found.span(1 if found.group(1) is not None else 2), "primary"
        comment = _COMMENT.search(line)
        if comment is not None:
            yield comment.start(), comment.end(), "quiet"

    def _style(self, tone: str) -> Style:
        colour = self.app.theme_variables.get(tone, "")
        return Style(color=colour) if colour.startswith("#") else Style.null()
