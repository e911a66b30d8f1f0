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
    from kubeplat_tui.services.events import Progress

COLOURS = {
    Tone.GOOD: "$success",
    Tone.BAD: "$error",
    Tone.WARNING: "$warning",
    Tone.CHANGING: "$changing",
    Tone.QUIET: "$quiet",
}
BAR = 12
"""Cells of the bar of a step that counts."""

MARKS = {
    Outcome.DONE: done("done"),
    Outcome.UNCHANGED: done("unchanged"),
    Outcome.SKIPPED: none("skipped"),
    Outcome.WARNED: warned("warned"),
    Outcome.FAILED: failed("failed"),
    Outcome.STOPPED: warned("stopped"),
    Outcome.DECLINED: none("declined"),
}


WELL = {Outcome.DONE, Outcome.UNCHANGED}


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
        """A line a step and one below it about it; where that is too high, only below those that tell most."""
        whole = self._rows(state, width, telling_only=False)
        return (
            whole if len(whole) <= self.content_size.height else self._rows(state, width, telling_only=True)
        )

    def _rows(self, state: BuildState, width: int, *, telling_only: bool) -> list[Content]:
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
            if telling_only and step.outcome in WELL:
                continue
            about = self._about(step, width - 2)
            if about is not None:
                lines.append(Content.assemble("  ", about))
        return lines

    def _about(self, step: StepState, width: int) -> Content | None:
        """The line below a step: how far it is, how long it may take, or how it ended."""
        words = ""
        if step.outcome is not None:
            words = step.summary
        elif step.progress is not None and step.progress.total:
            return bar(step.progress)
        elif step.started is not None and step.estimate:
            words = f"about {duration(step.estimate)}"
        return Content.assemble((cut_end(words, width), "$quiet")) if words else None

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
        time = duration(current.elapsed(now))
        if current.progress is not None and current.progress.total:
            time = f"{current.progress.done}/{current.progress.total}  {time}"
        elif current.estimate and current.outcome is None:
            time += f" of about {duration(current.estimate)}"
        number = f"{steps.index(current) + 1}/{len(steps)} "
        title = cut_end(current.step.title, width - len(time) - len(number) - 3)
        second = Content.assemble((f"{shown.symbol} ", COLOURS[shown.tone]), (number, "$quiet"), title)
        return Content("\n").join([first, _across(second, time, width)])


def bar(progress: Progress) -> Content:
    """How far a step is that counts: a bar and `12/31`."""
    done = min(progress.done, progress.total)
    full = BAR * done // progress.total
    return Content.assemble(
        ("━" * full, "$primary"), ("─" * (BAR - full), "$line"), (f" {done}/{progress.total}", "$quiet")
    )


def _across(left: Content, right: str, width: int) -> Content:
    """`left` and `right` at both ends of a line."""
    gap = max(1, width - left.cell_length - len(right))
    return Content.assemble(left, " " * gap, (right, "$quiet"))
