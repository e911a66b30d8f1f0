"""How many machines a pool shall have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from kubeplat_tui.services.replacement.pools import Pool


class ScaleDialog(Dialog[int]):
    """Dismisses with the number that was typed; whether it may be is not known here."""

    def __init__(self, pool: Pool, typed: int | None = None, problem: str = "") -> None:
        """`problem` is why the number `typed` was refused before."""
        super().__init__()
        self._pool = pool
        self._typed = pool.group.desired if typed is None else typed
        self._problem = problem

    def compose(self) -> ComposeResult:
        """The figures, then the field."""
        pool, group = self._pool, self._pool.group
        facts = (
            f"In service {pool.in_service} · desired {group.desired}\n"
            f"At least {group.smallest} ({pool.low.name}) · at most {group.largest} ({pool.high.name})"
        )
        with Vertical(classes="box") as box:
            yield Static(f"Scale the pool {pool.name}", classes="title", markup=False)
            yield Static(facts, id="text", markup=False)
            yield Static("Machines", classes="label")
            yield Input(str(self._typed), type="integer", classes="-flat")
            yield Static(f"✖ {self._problem}" if self._problem else "", classes="problem", markup=False)
        box.border_subtitle = "enter goes on · esc cancels"

    def on_mount(self) -> None:
        """The number that is there is replaced by typing."""
        field = self.query_one(Input)
        field.focus()
        field.action_select_all()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A number, or a word about it."""
        if event.value.isdecimal():
            self.dismiss(int(event.value))
        else:
            self.query_one(".problem", Static).update("✖ A whole number is needed, zero or more.")
