"""The dialog for a decision. No is the answer of Esc and of Enter alone; what destroys must be typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import App, ComposeResult

    from kubeplat_tui.services.events import Question


@dataclass(frozen=True, slots=True)
class Decision:
    """What is asked. `expected` is what must be typed; "" where Yes may be chosen without typing."""

    title: str
    text: str
    consequences: Sequence[str] = ()
    """What would happen, a line each."""
    yes: str = "Yes"
    expected: str = ""
    destructive: bool = False
    no: str = "No"


class ConfirmDialog(Dialog[str]):
    """Dismisses with "yes", or with what was typed where that is what was expected; with None for No."""

    BINDINGS = bindings("confirm.yes", "confirm.no")
    DEFAULT_CSS = """
    ConfirmDialog #consequences { height: auto; max-height: 8; margin-bottom: 1; color: $quiet; }
    ConfirmDialog #text { margin-bottom: 1; }
    ConfirmDialog .buttons { height: 1; align-horizontal: right; margin-top: 1; }
    ConfirmDialog Button {
        min-width: 12; height: 1; border: none; margin-left: 2; background: $panel; color: $foreground;
    }
    ConfirmDialog Button:focus { background: $primary; color: $background; text-style: bold; }
    ConfirmDialog Button.-danger:focus { background: $error; color: $background; }
    ConfirmDialog Button:disabled { color: $quiet; text-style: strike; }
    """

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.decision = decision

    def compose(self) -> ComposeResult:
        """Title, text, what would happen, the field where something must be typed, No and Yes."""
        decision = self.decision
        with Vertical(classes="box -danger" if decision.destructive else "box"):
            sign = "▲ " if decision.destructive else ""
            yield Static(f"{sign}{decision.title}", classes="title", markup=False)
            if decision.text:
                yield Static(decision.text, id="text", markup=False)
            if decision.consequences:
                with VerticalScroll(id="consequences", can_focus=False):
                    yield Static("\n".join(decision.consequences), markup=False)
            if decision.expected:
                yield Static(f"Type {decision.expected} to go on.", markup=False)
                yield Input(placeholder=decision.expected)
                yield Static(classes="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(decision.no, id="no", compact=True)
                yes = Button(decision.yes, id="yes", compact=True, disabled=bool(decision.expected))
                yes.set_class(decision.destructive, "-danger")
                yield yes

    def on_mount(self) -> None:
        """Typing is the first thing where it is asked for; else No has the focus."""
        field = self.query("Input")
        (field.first() if field else self.query_one("#no")).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`y` is enough only where nothing must be typed and nothing is destroyed."""
        if action == "yes":
            return not self.decision.expected and not self.decision.destructive
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Yes can be chosen once the word is right."""
        self.query_one("#yes", Button).disabled = event.value != self.decision.expected
        self.query_one(".problem", Static).update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter after the right word is Yes; alone it is No; after another word nothing."""
        if event.value == self.decision.expected:
            self.dismiss(event.value)
        elif not event.value:
            self.dismiss(None)
        else:
            self.query_one(".problem", Static).update(
                f"That is not {self.decision.expected}; nothing was done."
            )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """No or Yes."""
        if event.button.id == "yes":
            self.action_yes()
        else:
            self.dismiss(None)

    def action_yes(self) -> None:
        """Yes, where nothing is missing."""
        if not self.query_one("#yes", Button).disabled:
            self.dismiss(self.decision.expected or "yes")


def ask_in_turn(app: App[int], questions: Sequence[Question], yes: str, then: Callable[[], None]) -> None:
    """Ask a service's questions one after the other; `then` only where each was answered as it expects."""
    first, *others = questions
    decision = Decision(
        first.title, first.detail, yes=yes, expected=first.expected, destructive=first.destructive
    )

    def decided(answer: str | None) -> None:
        if answer != first.expected:
            return
        if others:
            ask_in_turn(app, others, yes, then)
        else:
            then()

    app.push_screen(ConfirmDialog(decision), decided)
