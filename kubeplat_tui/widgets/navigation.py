"""The sections of an environment: a list at the side, a strip of tabs on a narrow screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from kubeplat_tui.screens.sections import Section


class Navigation(Widget):
    """Where you are among the sections; a click goes to another. Keys belong to the screen."""

    DEFAULT_CSS = """
    Navigation { width: 21; height: 1fr; padding: 0 0 0 1; border-right: solid $line; }
    """

    class Chosen(Message):
        """A section was clicked."""

        def __init__(self, section: str) -> None:
            super().__init__()
            self.section = section

    def __init__(self, sections: Sequence[Section], current: str) -> None:
        super().__init__()
        self._sections = sections
        self._current = current
        self._busy = ""
        self._counts: dict[str, int] = {}
        self._spans: list[tuple[int, int, str]] = []

    def show_busy(self, section: str) -> None:
        """Mark the section that has something running, "" for none."""
        if section != self._busy:
            self._busy = section
            self.refresh()

    def show_count(self, section: str, count: int) -> None:
        """A number beside the section: the sessions that are open there; 0 for none."""
        if count != self._counts.get(section, 0):
            self._counts[section] = count
            self.refresh()

    def render(self) -> Content:
        return self._strip() if self.screen.has_class("-narrow") else self._list()

    def _list(self) -> Content:
        lines: list[Content] = []
        for section in self._sections:
            current = section.id == self._current
            lines.append(
                Content.assemble(
                    ("▌" if current else " ", "$primary"),
                    (section.key, "$primary" if current else "$quiet"),
                    " ",
                    (section.title, "bold" if current else ""),
                    (" ◐" if section.id == self._busy else "", "$changing"),
                    (self._count(section), "$success"),
                )
            )
        return Content("\n").join(lines)

    def _strip(self) -> Content:
        """Tabs on one line: wide apart, closer, and where that is not enough with the current title alone."""
        titles = [section.title for section in self._sections]
        current = [section.title if section.id == self._current else "" for section in self._sections]
        for words, gap in ((titles, 3), (titles, 2), (titles, 1), (current, 2)):
            pieces = [self._tab(section, word) for section, word in zip(self._sections, words, strict=True)]
            if sum(piece.cell_length + gap for piece in pieces) - gap <= self.content_size.width:
                break
        self._spans = []
        at = 0
        for section, piece in zip(self._sections, pieces, strict=True):
            self._spans.append((at, at + piece.cell_length, section.id))
            at += piece.cell_length + gap
        return Content(" " * gap).join(pieces)

    def _tab(self, section: Section, word: str) -> Content:
        current = section.id == self._current
        return Content.assemble(
            (section.key, "$primary" if current else "$quiet"),
            " " if word else "",
            (word, "bold underline" if current else "$quiet"),
            ("◐" if section.id == self._busy else "", "$changing"),
            (self._count(section), "$success"),
        )

    def _count(self, section: Section) -> str:
        count = self._counts.get(section.id, 0)
        return f" ●{count}" if count else ""

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset_capture(self)
        if not self.screen.has_class("-narrow"):
            if 0 <= at.y < len(self._sections):
                self.post_message(self.Chosen(self._sections[at.y].id))
            return
        for start, end, section in self._spans:
            if start <= at.x < end:
                self.post_message(self.Chosen(section))
