"""What the inventory's screens share: tables that are read again by themselves while they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.widgets.state import empty

if TYPE_CHECKING:
    from textual.timer import Timer

    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.widgets.table import ResourceTable

WATCHED = 3.0
"""Seconds between two readings while something is on its way to another state."""


class InventoryScreen(EnvironmentScreen):
    """A subclass reads in `read_again` and calls `shown` when the rows are in the table."""

    _timer: Timer | None = None
    _due = False

    def read_again(self, *, quiet: bool) -> None:
        """Read and show; without a word where `quiet`."""

    @property
    def changing(self) -> bool:
        """Whether something seen is on its way to another state."""
        return False

    def refresh_data(self) -> None:
        """Read now."""
        self.read_again(quiet=self.state.has_content)

    def shown(self, table: ResourceTable[Any], nothing: str) -> None:
        """The rows of `table` were read; `nothing` is the sentence for none."""
        if table.rows:
            self.show_content()
        else:
            self.state.show_notice(empty(nothing, "Press 3 to go to Build."), keep=False)
            self.refresh_bindings()
        self._arm()

    def show_failure(self, error: KubeplatError) -> None:
        """Say it, and try again later by itself."""
        super().show_failure(error)
        self._arm()

    def _arm(self) -> None:
        """Read again after a while: soon where something changes."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        pause = self.kubeplat.settings.refresh
        if self.changing:
            pause = min(pause, WATCHED) if pause else WATCHED
        if pause:
            self._timer = self.set_timer(pause, self._read_when_seen)

    def _read_when_seen(self) -> None:
        self._due = not self.is_current
        if not self._due and self.opened.site is not None:
            self.read_again(quiet=True)

    def on_screen_resume(self) -> None:
        """Seen again: what became due in the meantime is read now."""
        if self._due and self.opened.site is not None:
            self._due = False
            self.read_again(quiet=True)
