"""The line that makes kubectl use the forward to the Kubernetes API."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.ssh.forward_looks import STATES, local_address
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import COLOURS

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from kubeplat_tui.services.ssh.forward_model import ForwardStatus


class KubeconfigDialog(Dialog[None]):
    """To read and copy from."""

    BINDINGS = bindings("dialog.close", "line.copy")
    DEFAULT_CSS = """
    KubeconfigDialog #line { background: $panel; padding: 0 1; margin: 1 0; }
    """

    def __init__(self, path: Path, status: ForwardStatus) -> None:
        super().__init__()
        self._status = status
        self.line = f"export KUBECONFIG={shlex.quote(str(path))}"

    def compose(self) -> ComposeResult:
        """The line, and how long it holds."""
        with Vertical(classes="box") as box:
            yield Static("The Kubernetes API on a port of this computer", classes="title", markup=False)
            yield Static(self._state())
            yield Static(self.line, id="line", markup=False)
            yield Static(
                "Type it in another terminal: kubectl works there while kubeplat runs and the forward is not stopped.",
                classes="quiet",
                markup=False,
            )
        box.styles.width = 100  # the frame's stylesheet gives every dialog its size
        box.border_subtitle = "y copies the line · esc closes"

    def _state(self) -> Content:
        """How the forward stands, by its first probe."""
        status = self._status
        state = STATES[status.state]
        words = Content.assemble(
            (str(state), COLOURS[state.tone]), f"  {local_address(status)} → {status.spec.target}"
        )
        return Content.assemble(words, (f"\n{one_line(status.error)}" if status.error else "", "$quiet"))

    def action_copy(self) -> None:
        """Copy it."""
        self.app.copy_to_clipboard(self.line)
        self.app.notify("The line is copied.")
