"""What is asked before machines go or come: the environment's name is typed, outside a playground twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.replacement import questions
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubeplat_tui.screens.instances.screen import InstancesScreen
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.events import Event, Question, Stop
    from kubeplat_tui.services.replacement.targets import Termination


def ask_to_terminate(screen: InstancesScreen, looked_at: Termination) -> None:
    """Ask, then terminate and follow.

    Whether they may go at all is asked of AWS while the person types: a refusal takes the question away.
    """
    site, intents = screen.site, screen.kubeplat.intents
    ids = [machine.id for machine in looked_at.machines]

    def work(stop: Stop) -> Iterator[Event]:
        return intents.terminate(site, intents.termination(site, ids), stop)

    asked = questions.termination(site.environment, looked_at)
    dialogs = Questions(screen, asked, lambda: screen.follow(f"Terminating {looked_at.words}", work))
    dialogs.lines = questions.machine_lines(looked_at)
    dialogs.text = "\n".join(questions.aftermath(looked_at))
    dialogs.ask("Terminate")

    def refused(error: KubeplatError) -> None:
        dialogs.close()
        screen.following.refused(error)

    screen.fetch(
        "Looking at the auto-scaling groups",
        lambda: intents.termination(site, ids),
        lambda _: None,
        failed=refused,
        group="look",
        quiet=True,
    )


class Questions:
    """Asks one question after the other; `then` only where each was answered as expected."""

    def __init__(self, screen: InstancesScreen, asked: Sequence[Question], then: Callable[[], None]) -> None:
        self._screen = screen
        self._asked = list(asked)
        self._then = then
        self._dialog: ConfirmDialog | None = None
        self.lines: Sequence[str] = ()
        self.text = ""
        """Of the first question, where it is said otherwise than in the question's detail."""

    def ask(self, yes: str) -> None:
        """The next question; after the last one go on."""
        question = self._asked.pop(0)
        text, self.text = self.text or question.detail, ""
        lines, self.lines = self.lines, ()
        decision = Decision(
            question.title, text, lines, yes, expected=question.expected, destructive=question.destructive
        )

        def decided(answer: str | None) -> None:
            self._dialog = None
            if answer != question.expected:
                return
            if self._asked:
                self.ask(yes)
            else:
                self._then()

        self._dialog = ConfirmDialog(decision)
        self._screen.app.push_screen(self._dialog, decided)

    def close(self) -> None:
        """Nothing is asked any more."""
        self._asked.clear()
        if self._dialog is not None and self._dialog.is_current:
            self._dialog.dismiss(None)
