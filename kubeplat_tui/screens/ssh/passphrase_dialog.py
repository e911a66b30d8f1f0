"""The passphrase of the environment's key, and whether the keyring shall remember it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from kubeplat_tui.services.ssh.model import Passphrase
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.tick import Tick

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from kubeplat_tui.services.ssh.model import PassphraseQuestion


class PassphraseDialog(Dialog[Passphrase]):
    """Dismisses with the passphrase, None on Esc. It is not shown, and kept nowhere else."""

    def __init__(self, question: PassphraseQuestion) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Whose key, the field, the keyring."""
        question = self._question
        with Vertical(classes="box") as box:
            yield Static(f"The SSH key of {question.environment} is locked", classes="title", markup=False)
            yield Static(f"Its passphrase opens {question.fingerprint}.", classes="quiet", markup=False)
            yield Input(password=True, placeholder="passphrase")
            wrong = "✖ That passphrase does not open the key." if question.wrong else ""
            yield Static(wrong, classes="problem", markup=False)
            if question.can_remember:
                yield Tick("Remember it in this computer's keyring")
        tab = "tab, space remembers · " if question.can_remember else ""
        box.border_subtitle = f"enter opens it · {tab}esc gives up"

    def on_mount(self) -> None:
        """Typing is the first thing."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter answers; nothing is no answer."""
        if event.value:
            remember = self.query(Tick)
            self.dismiss(Passphrase(event.value, bool(remember) and remember.first().value))
        else:
            self.query_one(".problem", Static).update("Type the passphrase, or press esc.")
