"""The views of a run: which there are, and the line that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from kubeplat_tui.services.events import Phase

if TYPE_CHECKING:
    from textual import events

    from kubeplat_tui.screens.build.state import BuildState


def views(state: BuildState) -> list[str]:
    """`checks`, `plan foundation`, `plan cluster`, `resources`, `summary`: those with something to show."""
    found = ["checks"]
    found += [f"plan {root}" for root in state.plans]
    if state.resources:
        found.append("resources")
    if state.finished is not None:
        found.append("summary")
    return found


class ViewTabs(Widget):
    """One line; the view that is seen is marked. A click goes to another."""

    DEFAULT_CSS = """
    ViewTabs { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []
        self._content = Content("")

    def show(self, state: BuildState, current: str, filtered: str) -> None:
        """Show the views of this run. `filtered` is the plan's count under a filter, "" without."""
        pieces = []
        self._spans = []
        at = 0
        for view in views(state):
            words = _title(state, view, filtered if view == current else "")
            here = view == current
            piece = Content.assemble(
                (words[0], "$primary bold underline" if here else "$quiet"),
                (f" {words[1]}" if words[1] else "", "$quiet"),
            )
            self._spans.append((at, at + piece.cell_length, view))
            at += piece.cell_length + 3
            pieces.append(piece)
        self._content = Content("   ").join(pieces)
        if current.startswith("plan "):
            plan = next(plan for root, plan in state.plans.items() if root == current.removeprefix("plan "))
            counts = f"   {plan.summary()}"
            if self._content.cell_length + len(counts) <= self.content_size.width:
                self._content = Content.assemble(self._content, (counts, "bold"))
        self.refresh()

    def render(self) -> Content:
        """The line."""
        return self._content

    def on_click(self, event: events.Click) -> None:
        """Go there."""
        at = event.get_content_offset_capture(self).x
        for start, end, view in self._spans:
            if start <= at < end:
                self.post_message(self.Chosen(view))


def _title(state: BuildState, view: str, filtered: str) -> tuple[str, str]:
    """A view's name and count."""
    if view.startswith("plan "):
        plan = next(plan for root, plan in state.plans.items() if root == view.removeprefix("plan "))
        several = len(state.plans) > 1
        name = f"Plan {plan.root}" if several else "Plan"
        return name, filtered or f"({len(plan.changes)})"
    if view == "resources":
        resources = state.resources.values()
        failed = sum(one.phase is Phase.FAILED for one in resources)
        return "Resources", f"{sum(one.done for one in resources)}/{len(resources)}" + (
            f" ✖{failed}" if failed else ""
        )
    if view == "checks":
        return "Checks", f"({len(state.checks)})"
    return "Summary", ""
