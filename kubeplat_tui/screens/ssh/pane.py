"""A session on the screen: its head, and below it the terminal, or why there is none yet."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.ssh.head import SessionHead
from kubeplat_tui.screens.ssh.looks import Phase, ended
from kubeplat_tui.services.ssh.model import Size
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import Notice, StatePanel, failed, loading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.delivered import Delivered
    from kubeplat_tui.screens.ssh.clipboard import Clipboard
    from kubeplat_tui.screens.ssh.session import Session
    from kubeplat_tui.screens.ssh.terminal import SessionTerminal

GRACE = 0.8
"""Seconds after the end of a session in which keys that were meant for it go nowhere."""
AGAIN = "r connects again, x closes the tab."
ANEW = (
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>"
    b"\x1b[?7h\x1b[?25h\x1b[4l\x1b(B\x0f\x1b[0m\x1b7\x1b[r\x1b8\r\n"
)
"""What a program that was cut off would have undone (xterm's ctlseqs): mouse, paste and cursor modes."""
OTHER_SCREEN_LEFT = b"\x1b[?1049l"


class SessionPane(Vertical, can_focus=True):
    """Has the focus itself only while no terminal is there to have it."""

    BINDINGS = bindings("ssh.keys", "ssh.type", "ssh.literal", "ssh.search", "ssh.copy")
    DEFAULT_CSS = """
    SessionPane { width: 1fr; height: 1fr; display: none; }
    SessionPane.-shown { display: block; }
    SessionPane > StatePanel { display: none; }
    SessionPane.-blank > StatePanel { display: block; }
    SessionPane.-blank > SessionTerminal { display: none; }
    SessionPane.-broadcast {
        border: heavy $warning; border-title-color: $background; border-title-style: bold;
        border-title-background: $warning;
    }
    """

    class Grown(Message):
        """The terminal is there now, in place of the panel."""

        def __init__(self, pane: SessionPane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(
        self,
        session: Session,
        terminal: SessionTerminal,
        clipboard: Clipboard,
        prefix: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(id=session.key)
        self.session = session
        self.terminal = terminal
        self.clipboard = clipboard
        self.head = SessionHead(session, prefix, now)
        self._panel = StatePanel(now)
        self._members = 0
        self._phase: Phase | None = None
        self._has_text = False

    def compose(self) -> ComposeResult:
        """Head, panel, terminal."""
        yield self.head
        yield self._panel
        yield self.terminal

    def on_mount(self) -> None:
        """Nothing is seen yet of the session."""
        self.terminal.set_live(False)
        self.session.output = self.terminal.put
        self.show()

    @property
    def typing(self) -> bool:
        """Whether the machine has the keys."""
        return self.terminal.has_focus and self.terminal.takes_every_key

    @property
    def room(self) -> Size:
        """The size of the terminal, also while something else stands in its place."""
        size = self.content_size
        if size.width <= 0 or size.height <= 1:
            return self.session.size
        return Size(size.width, size.height - 1)

    def take_keys(self, *, typing: bool) -> None:
        """Have the focus: for typing where the machine listens, else for kubeplat's keys."""
        if not self._has_text:
            self.focus(scroll_visible=False)
            return
        self.terminal.focus(scroll_visible=False)
        if typing and self.session.live:
            self.terminal.set_live(True)
        else:
            self.terminal.keep_keys()

    # --- the session's course ---------------------------------------------------------------------

    def show(self) -> None:
        """The session stands otherwise, or somebody else has the keys."""
        session = self.session
        if session.phase is not self._phase:
            before, self._phase = self._phase, session.phase
            self._turned(before)
        self.set_class(not self._has_text, "-blank")
        if not self._has_text:
            self._panel.show(self._notice())
        self.show_keys()

    def show_keys(self) -> None:
        """Bring the head up to date: who has the keys, how long it takes."""
        keys = not self.typing and (self.has_focus or self.terminal.has_focus)
        self.head.show(typing=self.typing, keys=keys, members=self._members)

    def show_members(self, members: int) -> None:
        """How many sessions get what is typed here; 0 where it is this one alone."""
        self._members = members
        self.set_class(members > 0, "-broadcast")
        self.border_title = f"▲ BROADCAST: what is typed here goes to {members} sessions" if members else ""
        self.show_keys()

    def _turned(self, before: Phase | None) -> None:
        session = self.session
        if self._has_text and session.phase is Phase.CONNECTING:
            words = f"{session.standing.since:%H:%M:%S} UTC: connecting again"
            # Where the other screen is not shown, leaving it would put the cursor anywhere.
            left = OTHER_SCREEN_LEFT if self.terminal.core.modes.alternate_screen else b""
            self.terminal.feed(left + ANEW + f"\x1b[2m{words}\x1b[0m\r\n".encode())
        elif self._has_text:
            for sentence in self._said():
                self.terminal.say("\n".join(textwrap.wrap(sentence, max(20, self.room.columns - 2))))
        if session.live:
            first, self._has_text = not self._has_text, True
            self.terminal.set_live(True)
            if first or before is Phase.CONNECTING:
                self.post_message(self.Grown(self))
        elif self.typing and not session.open:
            # What is just being typed was meant for the machine.
            self.set_timer(GRACE, self._deafen)
        else:
            self._deafen()

    def _deafen(self) -> None:
        if not self.session.live:
            self.terminal.set_live(False)
            self.refresh_bindings()

    def _said(self) -> list[str]:
        """Lines of our own among the machine's: what is read later in the saved text too."""
        session, standing = self.session, self.session.standing
        at = f"{standing.since:%H:%M:%S} UTC"
        match session.phase:
            case Phase.LOST:
                return [f"{at}: the connection is lost. {one_line(standing.words)}".rstrip(), AGAIN]
            case Phase.ENDED:
                why = f". {one_line(standing.words)}" if standing.words else ""
                return [f"{at}: {ended(standing.end).word}{why}", AGAIN]
            case Phase.FAILED:
                return [f"{at}: {one_line(str(standing.error))}", AGAIN]
            case _:
                return []

    def _notice(self) -> Notice:
        """What stands in the terminal's place before there was one."""
        standing = self.session.standing
        if standing.error is not None:
            notice = failed(standing.error)
            return replace(notice, todo=f"{notice.todo}\n{AGAIN}".strip())
        if standing.phase is Phase.CONNECTING:
            words = one_line(standing.words) or "looking up the machine"
            return loading(f"{words[:1].upper()}{words[1:]}", standing.since)
        return Notice("○", Tone.QUIET, "The session is over.", todo=AGAIN)

    # --- keys -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Typing needs a machine that listens; the rest needs text."""
        if action == "leave_typing":
            return self.typing
        if action in {"type", "literal"}:
            return self.session.live and not self.typing
        if action in {"search", "copy"}:
            return self._has_text and not self.typing
        return super().check_action(action, parameters)

    def action_leave_typing(self) -> None:
        """Kubeplat has the keys (a click in the footer; the key itself is the terminal's)."""
        self.terminal.keep_keys()

    def action_type(self) -> None:
        """The machine has the keys from now on."""
        self.take_keys(typing=True)

    def action_literal(self) -> None:
        """The prefix itself is for the machine."""
        self.terminal.send_literal_prefix()
        self.take_keys(typing=True)

    def action_search(self) -> None:
        """Search the text."""
        self.terminal.start_search()

    def action_copy(self) -> None:
        """What is marked, else what is seen."""
        text = self.terminal.selected_text or self.terminal.visible_text()
        self.app.copy_to_clipboard(text)
        lines = len(text.splitlines())
        self.app.notify(f"{lines} {'line' if lines == 1 else 'lines'} copied.", markup=False)

    def on_terminal_view_mode_changed(self) -> None:
        """Whose the keys are has changed. What happens on this pane's own account goes no further up than here."""
        self.show_keys()
        self.refresh_bindings()

    def on_focus(self) -> None:
        """Kubeplat has the keys."""
        self.show_keys()

    def on_blur(self) -> None:
        """Somebody else has the keys."""
        self.show_keys()

    # --- from the session's thread ----------------------------------------------------------------

    def on_delivered(self, event: Delivered) -> None:
        """The session stands otherwise."""
        event.stop()
        event.deliver()
