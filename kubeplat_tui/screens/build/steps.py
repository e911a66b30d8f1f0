"""The steps of a pipeline with their times: a list at the side, or one line where there is little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.services.events import Outcome
from kubeplat_tui.widgets.cells import Mark, Tone, changing, cut_end, done, duration, failed, none, warned

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.screens.build.state import BuildState, StepState

COLOURS = {
    Tone.GOOD: "$success",
    Tone.BAD: "$error",
    Tone.WARNING: "$warning",
    Tone.CHANGING: "$changing",
    Tone.QUIET: "$quiet",
}
MARKS = {
    Outcome.DONE: done("done"),
    Outcome.UNCHANGED: done("unchanged"),
    Outcome.SKIPPED: none("skipped"),
    Outcome.WARNED: warned("warned"),
    Outcome.FAILED: failed("failed"),
    Outcome.STOPPED: warned("stopped"),
    Outcome.DECLINED: none("declined"),
}


def mark(step: StepState) -> Mark:
    """How far a step is."""
    if step.outcome is not None:
        return MARKS[step.outcome]
    return changing("running") if step.started is not None else none("waiting")


class StepList(Widget):
    """Shows one `BuildState`; `show` it again whenever something changed or a second passed."""

    DEFAULT_CSS = """
    StepList { width: 34; height: 1fr; padding: 0 1; border-right: solid $line; }
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._state: BuildState | None = None

    def show(self, state: BuildState) -> None:
        """Show this."""
        self._state = state
        self.refresh()

    def render(self) -> Content:
        """A list, or a line in a low widget."""
        if self._state is None:
            return Content("")
        width = self.content_size.width
        if self.content_size.height > 2:
            return Content("\n").join(self._list(self._state, width))
        return self._line(self._state, width)

    def _list(self, state: BuildState, width: int) -> list[Content]:
        now = self._now()
        lines = [
            _across(
                Content.from_text(f"[b]{state.word.capitalize()}[/b]"),
                duration(state.elapsed(now)),
                width,
            ),
            Content(""),
        ]
        for step in state.steps.values():
            shown = mark(step)
            time = duration(step.elapsed(now)) if step.started is not None else ""
            title = cut_end(step.step.title, width - 3 - len(time))
            style = "bold" if step is state.current_step else "$quiet" if step.started is None else ""
            lines.append(
                _across(
                    Content.assemble((f"{shown.symbol} ", COLOURS[shown.tone]), (title, style)), time, width
                )
            )
            about = self._about(step)
            if about:
                lines.append(Content.assemble("  ", (cut_end(about, width - 2), "$quiet")))
        return lines

    def _about(self, step: StepState) -> str:
        """The line below a step: how long it may take, or how it ended."""
        if step.outcome is not None:
            return step.summary if step.outcome is not Outcome.DONE or step.summary else ""
        if step.started is not None and step.estimate:
            return f"about {duration(step.estimate)}"
        return ""

    def _line(self, state: BuildState, width: int) -> Content:
        """The step at work (or the last one) with its number, then a symbol for each."""
        now = self._now()
        steps = list(state.steps.values())
        begun = [step for step in steps if step.started is not None]
        current = state.current_step or (begun[-1] if begun else None)
        symbols = Content(" ").join(
            [Content.assemble((mark(step).symbol, COLOURS[mark(step).tone])) for step in steps]
        )
        total = duration(state.elapsed(now))
        first = _across(Content.assemble((f"{state.word.capitalize()}  ", "bold"), symbols), total, width)
        if current is None:
            return first
        shown = mark(current)
        time = duration(current.elapsed(now)) + (
            f" of about {duration(current.estimate)}" if current.estimate and current.outcome is None else ""
        )
        number = f"{steps.index(current) + 1}/{len(steps)} "
        title = cut_end(current.step.title, width - len(time) - len(number) - 3)
        second = Content.assemble((f"{shown.symbol} ", COLOURS[shown.tone]), (number, "$quiet"), title)
        return Content("\n").join([first, _across(second, time, width)])


def _across(left: Content, right: str, width: int) -> Content:
    """`left` and `right` at both ends of a line."""
    gap = max(1, width - left.cell_length - len(right))
    return Content.assemble(left, " " * gap, (right, "$quiet"))
