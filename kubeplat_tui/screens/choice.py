"""A dialog that offers a few ways on. None of them is taken without choosing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Choice:
    """A way on: its id, its title, and what it means."""

    id: str
    title: str
    meaning: str = ""


class ChoiceDialog(Dialog[str]):
    """Dismisses with the id of the choice taken, None on Esc. The first choice should be the harmless one."""

    DEFAULT_CSS = """
    ChoiceDialog OptionList { height: auto; border: none; padding: 0; margin-top: 1; background: $surface; }
    ChoiceDialog OptionList:focus { border: none; }
    ChoiceDialog VerticalScroll { height: auto; max-height: 12; }
    ChoiceDialog.-vast-text VerticalScroll { max-height: 1fr; }
    """

    def __init__(
        self, title: str, body: Content | str, choices: Sequence[Choice], *, danger: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._body = Content(body) if isinstance(body, str) else body
        self._choices = choices
        self._danger = danger

    def compose(self) -> ComposeResult:
        with Vertical(classes="box -danger" if self._danger else "box") as box:
            yield Static(Content(self._title), classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(self._body)
            yield OptionList(*(Option(self._line(choice), id=choice.id) for choice in self._choices))
        box.border_subtitle = "enter chooses · esc stays"

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def _line(self, choice: Choice) -> Content:
        width = max(len(one.title) for one in self._choices) + 2
        return Content.assemble((choice.title.ljust(width), "bold"), (choice.meaning, "$quiet"))
