"""Where the sessions are seen, one or two of them; what their terminals tell is handled here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container

from kubeplat_tui.services.ssh.model import Size

if TYPE_CHECKING:
    from kubeplat_tui.screens.ssh.pane import SessionPane
    from kubeplat_tui.screens.ssh.sessions import Sessions
    from kubeplat_tui.widgets.terminal import messages


class Panes(Container):
    """A pane for each session, above each other or side by side."""

    DEFAULT_CSS = """
    Panes { height: 1fr; layout: vertical; }
    """

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self._sessions = sessions

    def on_session_pane_grown(self, event: SessionPane.Grown) -> None:
        """The shell is there: typing begins, where it is looked at."""
        event.stop()
        if event.pane is self._sessions.pane and not self._reads(event.pane):
            event.pane.take_keys(typing=True)

    def _reads(self, pane: SessionPane) -> bool:
        """Whether the keys are with something else that is seen."""
        focused = self.screen.focused
        return focused is not None and focused.region.area > 0 and pane not in focused.ancestors_with_self

    def on_terminal_view_mode_changed(self, event: messages.ModeChanged) -> None:
        """A click into the other session of a split gives it the keys."""
        pane = self._sessions.of(event.view)
        if pane is not None and event.view.has_focus:
            self._sessions.look_at(pane)

    def on_terminal_view_typed(self, event: messages.Typed) -> None:
        """Bytes for the machine."""
        self._sessions.typed(event)

    def on_terminal_view_resized(self, event: messages.Resized) -> None:
        """Another size."""
        pane = self._sessions.of(event.view)
        if pane is not None:
            pane.session.resize(Size(event.columns, event.rows))

    def on_terminal_view_titled(self, event: messages.Titled) -> None:
        """The machine named its window."""
        pane = self._sessions.of(event.view)
        if pane is not None:
            pane.session.title = event.title
            pane.show_keys()

    def on_terminal_view_rang(self, event: messages.Rang) -> None:
        """The bell."""
        pane = self._sessions.of(event.view)
        if pane is not None:
            self._sessions.rang(pane)

    def on_terminal_view_clipboard_asked(self, event: messages.ClipboardAsked) -> None:
        """The machine wants to write the clipboard."""
        pane = self._sessions.of(event.view)
        if pane is not None:
            seen = self.screen.is_active and pane.session.key in self._sessions.tabs.shown
            pane.clipboard.wanted(event.text, seen=seen)

    def on_terminal_view_pasted(self, event: messages.Pasted) -> None:
        """Several lines for a program that takes them as typed."""
        pane = self._sessions.of(event.view)
        if pane is not None:
            self._sessions.pasted(pane, event.text, event.lines)

    def on_terminal_view_copied(self, event: messages.Copied) -> None:
        """A person marked and copied."""
        self.app.notify(f"{len(event.text):,} characters copied.")
