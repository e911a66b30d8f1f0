"""A machine wants to write the clipboard (OSC 52): a person allows it, once or for the session, or never."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.cells import cut_middle
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from kubeplat_tui.screens.ssh.screen import SshScreen
    from kubeplat_tui.screens.ssh.session import Session

SHOWN = 60


class Policy(Enum):
    """What becomes of the next one."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


class Clipboard:
    """One session's. What comes while it is asked, or while the session is not seen, is told and dropped."""

    def __init__(self, screen: SshScreen, session: Session) -> None:
        self.policy = Policy.ASK
        self._screen = screen
        self._session = session
        self._asking = False

    def wanted(self, text: str, *, seen: bool) -> None:
        """The machine sent a text for the clipboard."""
        if self.policy is Policy.ALWAYS:
            self._copy(text)
        elif self.policy is Policy.ASK and not self._asking:
            if seen:
                self._ask(text)
            else:
                name = self._session.name
                self._screen.app.notify(
                    f"{name} wanted to copy something while it was not seen.", markup=False
                )

    def _ask(self, text: str) -> None:
        from kubeplat_tui.screens.choice import Choice, ChoiceDialog

        self._asking = True
        lines = text.splitlines()
        size = f"{len(text):,} characters" + (f" in {len(lines)} lines" if len(lines) > 1 else "")
        dialog = ChoiceDialog(
            f"{self._session.name} wants to write your clipboard",
            f"{size}: {cut_middle(one_line(text), SHOWN)}",
            [
                Choice("no", "Not this time", "ask again next time"),
                Choice("once", "Allow once", "copy this text"),
                Choice("always", "Always in this session", "copy what it sends until the tab is closed"),
                Choice("never", "Never in this session", "ask no more"),
            ],
        )
        self._screen.app.push_screen(dialog, lambda choice: self._answered(choice, text))

    def _answered(self, choice: str | None, text: str) -> None:
        self._asking = False
        if choice == "never":
            self.policy = Policy.NEVER
        elif choice in {"once", "always"}:
            if choice == "always":
                self.policy = Policy.ALWAYS
            self._copy(text)

    def _copy(self, text: str) -> None:
        self._screen.app.copy_to_clipboard(text)
        self._screen.app.notify(f"{self._session.name} copied {len(text):,} characters.", markup=False)
