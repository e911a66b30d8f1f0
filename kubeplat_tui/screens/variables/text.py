"""The file's own text, with what is wrong with it below, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.timer import Timer

    from kubeplat_tui.services.variables.declarations import Problem

PAUSE = 0.15
"""Seconds without a key before the text is looked at."""


class VariableText(Vertical):
    """Posts `Typed` a moment after the text changed."""

    DEFAULT_CSS = """
    VariableText { height: 1fr; }
    VariableText TextArea, VariableText TextArea:focus { border: none; height: 1fr; padding: 0; }
    VariableText .problems { height: auto; max-height: 7; padding: 0 1; border-top: solid $line; }
    """

    class Typed(Message):
        """The text is this now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TextArea(show_line_numbers=True, compact=True, soft_wrap=False, tab_behavior="focus")
        yield VerticalScroll(Static(), classes="problems", can_focus=False)

    def show(self, text: str, line: int | None) -> None:
        """Show this text, the cursor on `line` (from 1) where there is one, and take the keys."""
        area = self.query_one(TextArea)
        if area.text != text:
            area.load_text(text)
        if line is not None:
            area.move_cursor((line - 1, 0), center=True)
        area.focus()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """List what is wrong."""
        words = [
            Content.assemble(
                ("✖ ", "$error"), (f"line {each.line}  " if each.line else "", "$quiet"), each.message
            )
            for each in problems
        ]
        fine = Content.assemble(("✔ ", "$success"), ("Nothing is wrong with it.", "$quiet"))
        self.query_one(Static).update(Content("\n").join(words or [fine]))

    def take_now(self) -> str:
        """The text as it stands, whether or not its moment has come."""
        if self._timer is not None:
            self._timer.stop()
        return self.query_one(TextArea).text

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        text = event.text_area.text
        self._timer = self.set_timer(PAUSE, lambda: self.post_message(self.Typed(text)))
