"""Everything that is known of one thing, in a dialog to read and copy from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.report import ReportView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from kubeplat_tui.widgets.report import ReportLine


class DescribeDialog(Dialog[None]):
    """`make` gives the lines for a width."""

    BINDINGS = bindings("dialog.close")
    DEFAULT_CSS = """
    DescribeDialog .title { padding: 0 1; margin-bottom: 1; }
    """

    def __init__(self, title: str, make: Callable[[int], list[ReportLine]]) -> None:
        super().__init__()
        self._title = title
        self._make = make

    def compose(self) -> ComposeResult:
        """Title and lines."""
        with Vertical(classes="box") as box:
            yield Static(self._title, classes="title", markup=False)
            yield ReportView()
        # The frame's stylesheet gives every dialog its size; this one is for reading.
        box.styles.width, box.styles.height, box.styles.padding = 100, "85%", (1, 1, 0, 1)
        box.border_subtitle = "y copies · esc closes"

    def on_mount(self) -> None:
        """The lines take the keys."""
        view = self.query_one(ReportView)
        view.show(self._make)
        view.focus()
