"""The line that makes kubectl use the forward to the Kubernetes API."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult


class KubeconfigDialog(Dialog[None]):
    """To read and copy from."""

    BINDINGS = bindings("dialog.close", "line.copy")
    DEFAULT_CSS = """
    KubeconfigDialog > .box { width: 100; }
    KubeconfigDialog #line { background: $panel; padding: 0 1; margin: 1 0; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.line = f"export KUBECONFIG={shlex.quote(str(path))}"

    def compose(self) -> ComposeResult:
        """The line, and how long it holds."""
        with Vertical(classes="box") as box:
            yield Static("● The Kubernetes API is forwarded", classes="title", markup=False)
            yield Static("In another terminal:", markup=False)
            yield Static(self.line, id="line", markup=False)
            yield Static(
                "kubectl works there as long as the forward does: while kubeplat runs and it is not stopped.",
                classes="quiet",
                markup=False,
            )
        box.border_subtitle = "y copies the line · esc closes"

    def action_copy(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self.line)
        self.app.notify("The line is copied.")
