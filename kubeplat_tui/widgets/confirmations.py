"""Questions that a person may leave out by `[confirmations]` in their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from kubeplat_tui.settings import Confirmation, Settings


class HasSettings(Protocol):
    """The application, as far as questions are concerned."""

    @property
    def settings(self) -> Settings:
        """What the person's file says."""


def confirm(
    app: App[Any], question: Confirmation, decision: Decision, decided: Callable[[str | None], None]
) -> None:
    """Ask, unless the settings leave this question out: then `decided` gets "yes" at once.

    What destroys, and what must be typed, is always asked.
    """
    if decision.destructive or decision.expected or cast("HasSettings", app).settings.asks(question):
        app.push_screen(ConfirmDialog(decision), decided)
    else:
        decided("yes")
