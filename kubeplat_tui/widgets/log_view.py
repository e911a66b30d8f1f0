"""The log with its title: how much there is, what is filtered, whether it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.services.events import Level
from kubeplat_tui.widgets.log_lines import LogLines
from kubeplat_tui.widgets.log_store import LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


class LogView(Vertical):
    """Shows up to a million lines without a pause; older ones are dropped, and the title says so.

    `prefix` tells that every line begins with a time of eight characters, which is dimmed;
    `wrap` shows long lines whole from the beginning, their further rows moved in by `hang` cells.
    """

    DEFAULT_CSS = """
    LogView { height: 1fr; }
    LogView > .log-title { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    LogView > LogLines { height: 1fr; padding: 0 0 0 1; }
    """

    def __init__(
        self,
        noun: str = "Log",
        *,
        wrap: bool = False,
        hang: int = 0,
        prefix: bool = False,
        limit: int = LIMIT,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._noun = noun
        self._title = Static(classes="log-title")
        self.lines = LogLines(prefix=8 if prefix else 0, hang=hang, limit=limit, wrap=wrap)

    def compose(self) -> ComposeResult:
        """Title and lines."""
        yield self._title
        yield self.lines

    def on_mount(self) -> None:
        """Say how it is."""
        self.on_log_lines_changed()

    def append(self, lines: Sequence[str], level: Level = Level.INFO) -> None:
        """Add lines of one level; call it in the application's thread."""
        self.lines.append(lines, level)

    def clear(self) -> None:
        """Forget every line."""
        self.lines.clear()

    def title_text(self) -> str:
        """`Log (12/1,234) · filter x · following`, and what else is worth knowing."""
        return title(self._noun, self.lines).plain

    def on_log_lines_changed(self) -> None:
        """Say it."""
        self._title.update(title(self._noun, self.lines), layout=False)


def title(noun: str, lines: LogLines) -> Content:
    """The title's words."""
    search = lines.search
    count = f"{len(lines.store):,}"
    notes = []
    if search is not None:
        hits = f"{len(search.hits):,}"
        if lines.only_hits:
            count = f"{hits}/{count}"
            notes.append(
                f"filter {search.pattern.text}" + (f" ±{lines.context} lines" if lines.context else "")
            )
        else:
            notes.append(f"{hits} lines match {search.pattern.text}")
        if search.behind:
            notes.append("searching …")
    following = "following" if lines.following else "paused"
    if lines.new_lines:
        following += f", {lines.new_lines:,} new"
    dropped = f" · the first {lines.store.dropped:,} lines were dropped" if lines.store.dropped else ""
    return Content.assemble(
        (f"{noun} ", "bold"),
        (f"({count})", "$quiet"),
        ("".join(f" · {note}" for note in notes), "$primary"),
        (f" · {following}", "$quiet" if lines.following else "$warning"),
        ("" if lines.following else " · G follows", "$quiet"),
        (dropped, "$warning"),
    )
