"""The line a filter is typed in. The table follows while you type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from kubeplat_tui.actions import bindings

if TYPE_CHECKING:
    from textual.app import ComposeResult


class FilterBar(Horizontal):
    """`/` shows it; Enter keeps the filter, Esc takes it away."""

    DEFAULT_CSS = """
    FilterBar { height: 1; padding: 0 1; background: $surface; display: none; }
    FilterBar.-open { display: block; }
    FilterBar > .prompt { width: 2; color: $primary; text-style: bold; }
    FilterBar > Input { width: 1fr; border: none; height: 1; padding: 0; background: $surface; }
    FilterBar > Input:focus { border: none; }
    FilterBar > .problem { width: auto; max-width: 50%; color: $warning; }
    """
    BINDINGS = bindings("filter.keep", "filter.clear")

    class Changed(Message):
        """The filter's text is another."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The bar was left."""

    def compose(self) -> ComposeResult:
        yield Static("/ ", classes="prompt")
        yield Input(placeholder="regular expression; ! first turns it round", compact=True)
        yield Static("", classes="problem")

    def open(self, text: str) -> None:
        """Show the bar with this filter and take the keys."""
        self.add_class("-open")
        field = self.query_one(Input)
        field.value = text
        field.focus()

    def show_problem(self, sentence: str) -> None:
        """Say beside the text what is wrong with it, "" for nothing."""
        self.query_one(".problem", Static).update(sentence)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.has_class("-open"):
            self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Leave the bar; the filter stays."""
        self.remove_class("-open")
        self.post_message(self.Closed())

    def action_clear(self) -> None:
        """Leave the bar and take the filter away."""
        self.remove_class("-open")
        self.post_message(self.Changed(""))
        self.post_message(self.Closed())
