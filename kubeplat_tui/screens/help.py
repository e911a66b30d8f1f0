"""The help of a screen: every key that works on it now, made from the actions table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import BY_ID, Group, bindings, shown
from kubeplat_tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.widgets.footer import Hint


class HelpDialog(Dialog[None]):
    """Lists keys under headings; scrolls where there are many."""

    BINDINGS = bindings("dialog.close")
    DEFAULT_CSS = """
    HelpDialog > .box { width: 90; height: auto; }
    """

    def __init__(self, hints: Sequence[Hint]) -> None:
        super().__init__()
        self._hints = hints

    def compose(self) -> ComposeResult:
        box = VerticalScroll(Static(help_text(self._hints)), classes="box")
        box.border_title = "Keys that work here"
        box.border_subtitle = "esc closes"
        yield box


def help_text(hints: Sequence[Hint]) -> Content:
    """The keys, grouped."""
    keys = {hint.id: ", ".join(shown(key) for key in hint.keys) for hint in hints}
    width = max((len(text) for text in keys.values()), default=0)
    lines: list[Content] = []
    for group in Group:
        members = [hint for hint in hints if BY_ID[hint.id].group is group]
        if not members:
            continue
        lines += [Content("")] if lines else []
        lines.append(Content.assemble((group.value, "bold $primary")))
        lines += [
            Content.assemble("  ", (keys[hint.id].ljust(width), "bold"), "  ", BY_ID[hint.id].help)
            for hint in members
        ]
    return Content("\n").join(lines)
