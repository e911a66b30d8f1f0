"""The help of a screen: every key that works on it now, made from the actions table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import BY_ID, Group, bindings, shown
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from kubeplat_tui.widgets.footer import Hint


class HelpDialog(Dialog[None]):
    """Lists keys under headings; scrolls where there are many."""

    BINDINGS = bindings("dialog.close")
    DEFAULT_CSS = """
    HelpDialog > .box { width: 90; height: auto; padding: 0 2; }
    HelpDialog .group { color: $primary; text-style: bold; margin-top: 1; }
    """

    def __init__(self, hints: Sequence[Hint]) -> None:
        super().__init__()
        self._hints = hints

    def compose(self) -> ComposeResult:
        box = VerticalScroll(*self._groups(), classes="box")
        box.border_title = "Keys that work here"
        box.border_subtitle = "esc closes"
        yield box

    def _groups(self) -> Iterator[Widget]:
        keys = {id(hint): ", ".join(shown(key) for key in ordered(hint)) for hint in self._hints}
        width = max((len(text) for text in keys.values()), default=0) + 2
        for group in Group:
            members = [hint for hint in self._hints if BY_ID[hint.id].group is group]
            if members:
                yield Static(Content(group.value), classes="group")
                facts = [
                    (Content.assemble((keys[id(hint)], "bold")), Content(BY_ID[hint.id].help))
                    for hint in members
                ]
                yield Facts(facts, label_width=width)


def ordered(hint: Hint) -> list[str]:
    """The keys of an action, the table's first one first."""
    table = BY_ID[hint.id].keys
    return sorted(hint.keys, key=lambda key: table.index(key) if key in table else len(table))
