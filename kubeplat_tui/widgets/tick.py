"""A yes-or-no field that can be read without colour: `[x]` or `[ ]` and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from kubeplat_tui.actions import bindings

if TYPE_CHECKING:
    from textual import events


class Tick(Widget, can_focus=True):
    """Space, Enter or a click switches it."""

    BINDINGS = bindings("tick.switch")
    DEFAULT_CSS = """
    Tick { height: 1; width: 1fr; }
    Tick:focus { background: $cursor; text-style: bold; }
    """

    value = reactive(False)
    """Whether it is on."""

    class Changed(Message):
        """Somebody switched it."""

        def __init__(self, tick: Tick) -> None:
            super().__init__()
            self.tick = tick

    def __init__(self, words: str, value: bool = False, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._words = words
        self.set_reactive(Tick.value, value)

    def render(self) -> Content:
        """The box and the words."""
        return Content.assemble(("[x]" if self.value else "[ ]", "$primary bold"), " ", self._words)

    def action_flip(self) -> None:
        """Switch it."""
        self.value = not self.value
        self.post_message(self.Changed(self))

    def on_click(self, event: events.Click) -> None:
        """The same."""
        event.stop()
        self.action_flip()
