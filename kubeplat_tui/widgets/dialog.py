"""The frame of every dialog. A dialog is for a decision; Esc closes it and nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from textual.screen import ModalScreen

from kubeplat_tui.actions import bindings

if TYPE_CHECKING:
    from kubeplat_tui.app import KubeplatApp

Result = TypeVar("Result")


class Dialog(ModalScreen[Result | None]):
    """Dismisses with None on Esc. It holds one container of class `box` (`-danger`: something is lost)."""

    BINDINGS = bindings("dialog.cancel")

    @property
    def kubeplat(self) -> KubeplatApp:
        """The application, by its own type."""
        return cast("KubeplatApp", self.app)

    def action_cancel(self) -> None:
        """Close; nothing happens."""
        self.dismiss(None)
