"""The dialog that asks for the code of an MFA device. It stands on top of whatever is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from kubeplat_tui.services.credentials.model import ATTEMPTS, CODE_DIGITS
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.facts import Facts
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from kubeplat_tui.services.credentials.model import MfaQuestion


class MfaDialog(Dialog[None]):
    """Gives `answer` the code as typed, "" when it is closed in any other way. `used` is a code that AWS has seen."""

    DEFAULT_CSS = """
    MfaDialog Input { margin-top: 1; }
    """

    def __init__(self, question: MfaQuestion, answer: Callable[[str], None], used: str = "") -> None:
        super().__init__()
        self.question = question
        self._answer = answer
        self._used = used

    def compose(self) -> ComposeResult:
        """Whose code, why it is asked for again, the field."""
        with Vertical(classes="box") as box:
            yield Static(f"The code of {device_name(self.question.serial)}", classes="title", markup=False)
            yield Facts(list(self._facts()), label_width=10)
            yield Input(placeholder="six digits", restrict=r"[0-9]*", max_length=CODE_DIGITS)
            wrong = one_line(self.question.wrong)
            yield Static(f"✖ {wrong}" if wrong else "", classes="problem", markup=False)
        attempt = self.question.attempt
        box.border_title = f"MFA · attempt {attempt} of {ATTEMPTS}" if attempt > 1 else "MFA"
        box.border_subtitle = "enter sends it · esc cancels: what needs it then fails"

    def on_mount(self) -> None:
        """Typing is the first thing."""
        self.query_one(Input).focus()

    def on_unmount(self) -> None:
        """However it went away, the thread goes on; a code that was given stays given."""
        self._answer("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter sends a whole code that is a new one."""
        if len(event.value) < CODE_DIGITS:
            self._say("A code has six digits.")
        elif event.value == self._used:
            self._say("AWS takes a code only once, and has seen this one. Wait for the next.")
        else:
            self._answer(event.value)
            self.dismiss(None)

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(f"✖ {problem}")

    def _facts(self) -> Iterator[tuple[str, Content]]:
        question = self.question
        yield "Device", Content(one_line(question.serial))
        if question.profile:
            yield "Profile", Content(one_line(question.profile))
        if question.role_arn:
            yield "For role", Content(one_line(question.role_arn))


def device_name(serial: str) -> str:
    """What the device is called: `mfa/jest` of its ARN, the serial number of one that can be held."""
    return one_line(serial.rpartition(":")[2])
