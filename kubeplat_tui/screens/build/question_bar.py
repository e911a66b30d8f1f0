"""The question of a pipeline, below what it is about: the plan can be read while it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from kubeplat_tui.actions import BY_ID, bindings, shown

if TYPE_CHECKING:
    from kubeplat_tui.services.events import Question


class QuestionBar(Widget):
    """Asks twice: `a` approves, then `y` does it. Enter does nothing here."""

    BINDINGS = bindings("build.yes", "build.no")
    DEFAULT_CSS = """
    QuestionBar {
        height: auto; max-height: 6; display: none; padding: 0 1;
        background: $panel; border-left: thick $warning;
    }
    QuestionBar.-asking { display: block; }
    QuestionBar.-destructive { border-left: thick $error; }
    """

    class Sure(Message):
        """`y` after `a`."""

    class Back(Message):
        """Not yet: the keys go back to the plan."""

    def __init__(self) -> None:
        super().__init__()
        self._question: Question | None = None
        self._sure = False

    @property
    def asking(self) -> bool:
        """Whether a question waits."""
        return self._question is not None

    def ask(self, question: Question) -> None:
        """Show a question."""
        self._question = question
        self._sure = self.can_focus = False
        self.set_class(question.destructive, "-destructive")
        self.add_class("-asking")
        self.refresh(layout=True)

    def ask_again(self) -> None:
        """Approved once: take the keys and ask whether that is sure."""
        self._sure = self.can_focus = True
        self.refresh(layout=True)
        self.focus()

    def clear(self) -> None:
        """No question waits."""
        self._question = None
        self._sure = self.can_focus = False
        self.remove_class("-asking")

    def render(self) -> Content:
        """The question, its detail, the keys."""
        question = self._question
        if question is None:
            return Content("")
        colour = "$error" if question.destructive else "$warning"
        lines = [Content.assemble(("▲ ", colour), (question.title, "bold"))]
        if question.detail:
            lines.append(Content.assemble((question.detail, "$quiet")))
        if self._sure:
            lines.append(self._keys("Sure? ", ("build.yes", "yes"), ("build.no", "not yet")))
        else:
            lines.append(self._keys("", ("build.approve", "approve"), ("build.decline", "decline")))
        return Content("\n").join(lines)

    @staticmethod
    def _keys(lead: str, *keys: tuple[str, str]) -> Content:
        pieces = [
            Content.assemble((shown(BY_ID[action].keys[0]), "$primary bold"), " ", word)
            for action, word in keys
        ]
        return Content.assemble((lead, "bold"), Content("  ").join(pieces))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Yes only once it was approved."""
        if action in {"yes", "no"}:
            return self._sure
        return super().check_action(action, parameters)

    def action_yes(self) -> None:
        """Do it."""
        self.post_message(self.Sure())

    def action_no(self) -> None:
        """Back to the question."""
        self._sure = self.can_focus = False
        self.refresh(layout=True)
        self.post_message(self.Back())
