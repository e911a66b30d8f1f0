"""What is copied, and where to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from kubeplat_tui.screens.ssh.copying import Way, Wish
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.tick import Tick

if TYPE_CHECKING:
    from textual.app import ComposeResult

FIELDS = {
    Way.PUT: (("local", "File or folder here"), ("remote", "To, on the machine (~ is the user's home)")),
    Way.GET: (("remote", "File or folder on the machine (~ is the user's home)"), ("local", "To, here")),
}


class CopyDialog(Dialog[Wish]):
    """Dismisses with what is wished. What is there already is replaced only where that is asked for."""

    def __init__(self, wish: Wish, problem: str = "") -> None:
        """`problem` is why the same wish failed before."""
        super().__init__()
        self._wish = wish
        self._problem = problem

    def compose(self) -> ComposeResult:
        """Both paths and the switch."""
        wish = self._wish
        where = f"to {wish.name}" if wish.way is Way.PUT else f"from {wish.name}"
        with Vertical(classes="box") as box:
            yield Static(f"{wish.way.capitalize()} {where}", classes="title", markup=False)
            for name, label in FIELDS[wish.way]:
                yield Static(label, classes="label")
                yield Input(wish.local if name == "local" else wish.remote, id=name, classes="-flat")
            yield Tick("Replace what is there", wish.overwrite, id="overwrite")
            problem = f"✖ {self._problem}" if self._problem else ""
            yield Static(problem, classes="problem", markup=False)
        box.border_subtitle = "enter in a field copies · tab goes on · esc cancels"

    def on_mount(self) -> None:
        """The source comes first; the cursor stands at its end."""
        for field in self.query(Input):
            field.cursor_position = len(field.value)
        self.query(Input).first().focus()

    def on_input_submitted(self) -> None:
        """Both are needed."""
        local, remote = (self.query_one(f"#{name}", Input).value.strip() for name in ("local", "remote"))
        if local and remote:
            overwrite = self.query_one("#overwrite", Tick).value
            self.dismiss(replace(self._wish, local=local, remote=remote, overwrite=overwrite))
        else:
            self.query_one(".problem", Static).update("✖ Both paths are needed.")
