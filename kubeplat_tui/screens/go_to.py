"""`:` goes to a screen or an environment by name, with completion and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.sections import CHECKLIST, SECTIONS
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened

Place = tuple[str, str]
"""An environment ("" for the list of them) and a section."""
HISTORY_LENGTH = 50


def places(here: Opened | None, environments: Sequence[str]) -> dict[str, Place]:
    """What can be typed: `build` here, `play-jest`, `play-jest/build`, `environments`."""
    found: dict[str, Place] = {}
    if here is not None:
        found |= {section.id.replace("_", "-"): (here.name, section.id) for section in (*SECTIONS, CHECKLIST)}
    found["environments"] = ("", "")
    found |= {name: (name, "overview") for name in environments}
    found |= {
        f"{name}/{section.id.replace('_', '-')}": (name, section.id)
        for name in environments
        for section in SECTIONS
    }
    return found


def matching(text: str, known: Mapping[str, Place]) -> list[str]:
    """The places for what is typed: those that begin with it, then those that hold it; short ones first."""
    typed = text.strip().casefold()
    names = [name for name in known if typed in name.casefold()]
    return sorted(
        names, key=lambda name: (not name.casefold().startswith(typed), "/" in name, list(known).index(name))
    )


class GoTo(Dialog[Place]):
    """A line at the bottom; Tab completes, ↑ and ↓ go through the history, Enter goes."""

    BINDINGS = bindings("goto.complete", "goto.older", "goto.newer")
    DEFAULT_CSS = """
    GoTo { align: left bottom; background: $background 30%; }
    GoTo > Vertical { height: 3; dock: bottom; background: $panel; padding: 0 1; border-top: solid $primary; }
    GoTo Horizontal { height: 1; }
    GoTo .prompt { width: 2; color: $primary; text-style: bold; }
    GoTo Input, GoTo Input:focus { width: 1fr; border: none; height: 1; padding: 0; background: $panel; }
    GoTo .matches { height: 1; padding: 0 0 0 2; text-wrap: nowrap; }
    """
    _history: ClassVar[list[str]] = []

    def __init__(self, known: Mapping[str, Place]) -> None:
        super().__init__()
        self._known = known
        self._at = len(self._history)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(classes="matches")
            with Horizontal():
                yield Static(": ", classes="prompt")
                yield Input(placeholder="a screen or an environment; tab completes", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        best = matching(event.value, self._known)
        if not event.value.strip():
            self.dismiss(None)
        elif best:
            if best[0] in self._history:
                self._history.remove(best[0])
            self._history.append(best[0])
            del self._history[:-HISTORY_LENGTH]
            self.dismiss(self._known[best[0]])

    def action_complete(self) -> None:
        """Write the best match out."""
        best = matching(self.query_one(Input).value, self._known)
        if best:
            self._write(best[0])

    def action_history(self, step: int) -> None:
        """Go through what was typed before."""
        self._at = max(0, min(len(self._history), self._at + step))
        self._write(self._history[self._at] if self._at < len(self._history) else "")

    def _write(self, text: str) -> None:
        field = self.query_one(Input)
        field.value = text
        field.cursor_position = len(text)

    def _show(self, text: str) -> None:
        best = matching(text, self._known)
        if not best:
            words = Content.assemble(
                ("✖ ", "$error"), ("no screen or environment has this in its name", "$quiet")
            )
        else:
            words = Content.assemble(
                (best[0], "bold $primary"), *((f"  {name}", "$quiet") for name in best[1:12])
            )
        self.query_one(".matches", Static).update(words)
