"""A terminal view alone on the screen, and what it told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeplat_tui.widgets.terminal.choose import make_core
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.waiting import screen_text, until
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from textual.message import Message
    from textual.pilot import Pilot


class TerminalApp(WidgetApp):
    """Keeps every message of its view."""

    BINDINGS = [("q", "noted('q')"), ("f5", "noted('f5')"), ("x", "noted('x')")]  # noqa: RUF012 - as Textual has it

    def __init__(self, view: TerminalView | None = None) -> None:
        self.view = view if view is not None else TerminalView(make_core(80, 24))
        super().__init__(self.view)
        self.told: list[Message] = []
        self.noted: list[str] = []
        """Keys that reached the application."""

    def on_mount(self) -> None:
        """The keys are the view's."""
        self.view.focus()

    def action_noted(self, key: str) -> None:
        """A binding of the application."""
        self.noted.append(key)

    async def action_quit(self) -> None:
        """ctrl+q, with Textual's priority."""
        self.noted.append("ctrl+q")

    def action_command_palette(self) -> None:
        """ctrl+p, with Textual's priority."""
        self.noted.append("ctrl+p")

    def _keep(self, event: Message) -> None:
        self.told.append(event)

    on_terminal_view_typed = _keep
    on_terminal_view_resized = _keep
    on_terminal_view_titled = _keep
    on_terminal_view_rang = _keep
    on_terminal_view_clipboard_asked = _keep
    on_terminal_view_prefix_pressed = _keep
    on_terminal_view_pasted = _keep
    on_terminal_view_copied = _keep
    on_terminal_view_scrolled = _keep
    on_terminal_view_searched = _keep

    def of(self, kind: type[Message]) -> list[Any]:
        """The messages of one kind."""
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def typed(self) -> bytes:
        """What is for the machine, all together."""
        return b"".join(event.data for event in self.of(TerminalView.Typed))

    def take_typed(self) -> bytes:
        """`typed` since it was last taken."""
        typed = self.typed
        self.told.clear()
        return typed


async def fed(pilot: Pilot[Any], view: TerminalView, data: bytes, shows: str = "") -> None:
    """Feed bytes and wait until they are on the screen; `shows` is a text that they bring."""
    view.feed(data)
    await until(pilot, lambda: not view.waiting and view.painted, "the bytes on the screen")
    if shows:
        await until(pilot, lambda: shows in screen_text(pilot), shows)


def numbered(count: int, first: int = 0) -> bytes:
    """Lines of a machine."""
    return b"".join(b"line %d\r\n" % number for number in range(first, first + count))
