"""An application that shows one part of the Secrets screen, with its clock stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.widgets import Static

from kubeplat_tui.settings import Settings
from tests.screens.driving import settle
from tests.screens.fakes import NOW
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from textual.pilot import Pilot
    from textual.screen import ModalScreen
    from textual.widget import Widget

    from kubeplat_tui.services.errors import KubeplatError


class SecretApp(WidgetApp):
    """What the parts ask of the application; a fault of theirs ends the test."""

    def __init__(self, widget: Widget | None = None) -> None:
        super().__init__(widget or Static())
        self.settings = Settings()
        self.answer: object = "none yet"
        self.faults: list[Exception] = []

    def now(self) -> datetime:
        """The time at which everything is made."""
        return NOW

    def unexpected(self, doing: str, error: Exception) -> KubeplatError:
        """No test wants one."""
        raise AssertionError(f"while {doing}") from error

    def ask(self, dialog: ModalScreen[Any]) -> None:
        """Show a dialog and keep what it answers."""

        def keep(answer: object) -> None:
            self.answer = answer

        self.push_screen(dialog, keep)


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until every worker is done and what it delivered is shown."""
    await settle(pilot)


def notices(app: SecretApp) -> list[str]:
    """What notifications say."""
    return [notification.message for notification in app._notifications]


def words_in_memory(mark: str) -> Iterator[str]:
    """Every text that the garbage collector can reach and that holds `mark`."""
    import gc

    gc.collect()
    seen: set[int] = set()
    waiting = cast("list[object]", gc.get_objects())
    while waiting:
        found: list[object] = []
        for each in waiting:
            if isinstance(each, str):
                if mark in each:
                    yield each
            elif id(each) not in seen:
                seen.add(id(each))
                found.append(each)
        waiting = [
            one
            for each in found
            for one in gc.get_referents(each)
            if isinstance(one, str) or id(one) not in seen
        ]
