"""The first contact with a machine: is this its host key? The answer of Esc and of Enter alone is No."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.services.ssh.host_keys import address_of
from kubeplat_tui.services.ssh.model import ConsoleAnswer, Verdict
from kubeplat_tui.widgets.cells import Mark, Tone, age, moment
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import COLOURS

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.services.ssh.model import HostKeyQuestion, KnownHost

WIDTH = 92
FIRST = 6
"""Characters of the fingerprint that are typed where the console does not confirm it."""
CONSOLE = {
    ConsoleAnswer.MATCHES: Mark("✔", "shows this key", Tone.GOOD),
    ConsoleAnswer.DIFFERS: Mark("✖", "shows other keys", Tone.BAD),
    ConsoleAnswer.NOT_YET: Mark("○", "shows no keys yet", Tone.WARNING),
    ConsoleAnswer.UNAVAILABLE: Mark("▲", "could not be asked", Tone.WARNING),
}
LATER = "EC2 brings them some minutes after the start: No, and connecting again later, compares them."


class HostKeyDialog(Dialog[bool]):
    """Dismisses with True where the key is trusted.

    Where the machine's own console output does not show the key, looking at the fingerprint is the only check there
    is: its first characters after `SHA256:` are typed.
    """

    BINDINGS = bindings("confirm.yes", "confirm.no")
    DEFAULT_CSS = """
    HostKeyDialog VerticalScroll { height: auto; max-height: 35vh; margin-bottom: 1; }
    HostKeyDialog .problem { display: none; }
    HostKeyDialog.-wrong .problem { display: block; }
    HostKeyDialog .buttons { height: 1; align-horizontal: right; margin-top: 1; }
    HostKeyDialog .typed { height: auto; }
    HostKeyDialog .fact { height: auto; }
    HostKeyDialog .fact-title { width: 9; color: $quiet; }
    HostKeyDialog .fact-value { width: 1fr; }
    HostKeyDialog Button {
        min-width: 12; height: 1; border: none; margin-left: 2; background: $panel; color: $foreground;
    }
    HostKeyDialog Button:focus { background: $primary; color: $background; text-style: bold; }
    HostKeyDialog Button:disabled { color: $quiet; text-style: strike; }
    """

    def __init__(self, question: HostKeyQuestion, now: datetime) -> None:
        super().__init__()
        self.question = question
        self._now = now
        self._confirmed = question.console is ConsoleAnswer.MATCHES
        fingerprint = question.key.fingerprint
        self.expected = "" if self._confirmed else fingerprint.removeprefix("SHA256:")[:FIRST]

    def compose(self) -> ComposeResult:
        """What is known, and No and Trust."""
        question = self.question
        with Vertical(classes="box" if self._confirmed else "box -danger") as box:
            yield Static(self._title(), classes="title", markup=False)
            with VerticalScroll():
                for title, value in self._facts():
                    with Horizontal(classes="fact"):
                        yield Static(title, classes="fact-title")
                        yield Static(value, classes="fact-value")
            if self.expected:
                yield Static(
                    f"To trust it, type its first {FIRST} characters after SHA256:",
                    classes="typed",
                    markup=False,
                )
                yield Input(max_length=FIRST, classes="-flat")
                yield Static(classes="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("No", id="no", compact=True)
                yield Button("Trust", id="yes", compact=True, disabled=bool(self.expected))
        # The frame's stylesheet gives every dialog its size.
        box.styles.width, box.styles.padding = WIDTH, (0, 2)
        yes = "y trusts" if not self.expected else "enter trusts once it is typed"
        box.border_subtitle = f"{yes} · esc refuses"
        box.border_title = "replaced machine" if question.verdict is Verdict.REPLACED else "first contact"

    def on_mount(self) -> None:
        """Typing is the first thing where it is asked for; else No has the keys."""
        field = self.query(Input)
        (field.first() if field else self.query_one("#no")).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`y` is enough only where the console confirms the key."""
        if action == "yes":
            return self._confirmed
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Trust can be chosen once it is typed."""
        self.query_one("#yes", Button).disabled = event.value != self.expected
        self.remove_class("-wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter after the right characters trusts; alone it refuses; after others nothing."""
        if event.value == self.expected:
            self.dismiss(True)
        elif not event.value:
            self.dismiss(False)
        else:
            self.add_class("-wrong")
            self.query_one(".problem", Static).update(
                f"It does not begin with {event.value}; upper and lower case differ."
            )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """No or Trust."""
        self.dismiss(event.button.id == "yes")

    def action_yes(self) -> None:
        """Trust it."""
        self.dismiss(True)

    def _title(self) -> str:
        machine = self.question.instance
        name = one_line(machine.name or machine.id)
        if self.question.verdict is Verdict.REPLACED:
            return f"{name} was replaced. Is this its host key?"
        return f"Is this the host key of {name}?"

    def _facts(self) -> list[tuple[str, Content]]:
        """What is known, under its titles."""
        question, machine = self.question, self.question.instance
        console = CONSOLE[question.console]
        address = address_of(machine)
        where = f"{machine.id} · {address} · started {self._ago(machine.launched)}"
        why = LATER if question.console is ConsoleAnswer.NOT_YET else one_line(question.console_why)
        said = Content.assemble((str(console), COLOURS[console.tone]), (f"  {why}" if why else "", "$quiet"))
        facts = [
            ("Machine", Content(one_line(where))),
            ("Key", Content(f"{one_line(question.key.kind)}\n{question.key.fingerprint}")),
            ("Console", said),
        ]
        if question.before is not None:
            facts.append(("Before", _before(question.before)))
        elif question.verdict is Verdict.NEW:
            facts.append(("Known", Content("No machine was ever known at this address.")))
        return facts

    def _ago(self, then: datetime) -> str:
        past = age(then, self._now)
        return past if past == "now" else f"{past} ago"


def _before(before: KnownHost) -> Content:
    """Whom we knew at the address."""
    whom = f"{one_line(before.name)} ({before.instance_id}) was at this address, trusted {moment(before.accepted)}."
    gone = "It is gone: this is a new instance with a key of its own."
    return Content.assemble(whom, (f"\n{before.key.fingerprint}\n{gone}", "$quiet"))
