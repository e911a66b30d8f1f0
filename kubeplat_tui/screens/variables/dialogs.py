"""What is asked before an environment's file is written, or changes to it are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.choice import Choice, ChoiceDialog
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.variables.variable_file import VariableFile

COLOURS = {"+": "$success", "-": "$error", "@": "$changing"}


def difference_text(lines: Sequence[str]) -> Content:
    """A unified difference in colours; its signs say the same."""
    return Content("\n").join(
        [
            Content.assemble(
                (line, "bold" if line.startswith(("+++", "---")) else COLOURS.get(line[:1], "$quiet"))
            )
            for line in lines
        ]
    )


class DifferenceDialog(Dialog[bool]):
    """Shows what saving would change; True on Enter."""

    BINDINGS = bindings("difference.save")
    DEFAULT_CSS = """
    DifferenceDialog > .box { width: 100; }
    DifferenceDialog VerticalScroll { height: auto; max-height: 1fr; }
    """

    def __init__(self, name: str, lines: Sequence[str], problems: int) -> None:
        super().__init__()
        self._name = name
        self._lines = lines
        self._problems = problems

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            yield Static(Content(f"Save this to {self._name}?"), classes="title")
            with VerticalScroll():
                yield Static(difference_text(self._lines))
            if self._problems:
                count = "One problem stays" if self._problems == 1 else f"{self._problems} problems stay"
                yield Static(Content(f"✖ {count}: it cannot be built like this."), classes="problem")
        box.border_subtitle = "enter saves · esc cancels"

    def action_agree(self) -> None:
        """Save."""
        self.dismiss(True)


def unsaved_dialog(name: str) -> ChoiceDialog:
    """Leaving with changes that are not saved: `save`, `discard`, or None to stay."""
    return ChoiceDialog(
        f"The variables of {name} have changes that are not saved.",
        "",
        [
            Choice("save", "Save", "show the difference, then write the file and leave"),
            Choice("discard", "Discard", "forget the changes and leave"),
        ],
    )


def conflict_dialog(error: KubeplatError) -> ChoiceDialog:
    """The file could not be saved: `beside`, or None to go on editing."""
    return ChoiceDialog(
        error.what,
        " ".join(filter(None, [error.why, error.todo])),
        [
            Choice("stay", "Go on editing", "nothing is written; what you typed stays here"),
            Choice("beside", "Keep both", "write yours beside the file, then load the file as it is now"),
        ],
    )


def keep_beside(file: VariableFile, now: datetime) -> str:
    """Write the edited text beside the file, under a new name, and return that. Raises `KubeplatError`."""
    from kubeplat_tui.screens.export import write_new

    # Not .tfvars: it is no environment.
    path = file.path.with_name(f"{file.path.name}.mine-{now:%Y%m%dT%H%M%SZ}")
    write_new(path, file.text)
    return path.name
