"""What the preflight checks found, and how a pipeline ended: outputs, what is left, what to press next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.screens.build.steps import MARKS
from kubeplat_tui.services.config_d import by_origin
from kubeplat_tui.services.events import CheckState, Outcome, Verb
from kubeplat_tui.services.terraform.stream import session_ended
from kubeplat_tui.widgets.cells import Mark, Tone, done, duration, failed, none, warned
from kubeplat_tui.widgets.plan_rows import SENSITIVE, value_text
from kubeplat_tui.widgets.report import STRONG, ReportLine, blank, fields, heading, sentence
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kubeplat_tui.screens.build.state import BuildState
    from kubeplat_tui.services.events import CheckFinished, Output, PipelineFinished

CHECKS: dict[CheckState, Mark] = {
    CheckState.PASSED: done("passed"),
    CheckState.WARNED: warned("warned"),
    CheckState.FAILED: failed("failed"),
    CheckState.NOT_AVAILABLE: none("not available"),
}


def checks(found: list[CheckFinished], width: int) -> list[ReportLine]:
    """Each check with its symbol, word and sentence."""
    if not found:
        return [ReportLine((("○ ", Tone.QUIET), ("No check has finished yet.", Tone.QUIET)))]
    column = min(24, max(len(check.name) for check in found))
    lines: list[ReportLine] = []
    for check in found:
        shown = CHECKS[check.state]
        word = "" if check.state is CheckState.PASSED else f"{shown.word}: "
        lead = ((f"{shown.symbol} ", shown.tone), (f"{check.name:<{column}}  ", STRONG))
        style = Tone.PLAIN if check.state is CheckState.PASSED else shown.tone
        lines += sentence(f"{word}{check.detail}", width, lead=lead, style=style)
    return lines


def summary(state: BuildState, now: datetime, width: int) -> list[ReportLine]:
    """The end in words. Before there is one, what is at work."""
    finished = state.finished
    if finished is None:
        step = state.current_step
        return list(
            sentence(f"{step.step.title if step else 'It begins'} …", width, lead=(("◐ ", Tone.CHANGING),))
        )
    shown = MARKS[finished.outcome]
    lines = list(sentence(finished.sentence, width, lead=((f"{shown.symbol} ", shown.tone),), style=STRONG))
    lines += sentence(
        f"{state.word.capitalize()}: {shown.word} in {duration(state.elapsed(now))}.",
        width,
        lead=(("  ", Tone.PLAIN),),
        style=Tone.QUIET,
    )
    if finished.todo:
        lines += sentence(finished.todo, width, lead=(("  ", Tone.PLAIN),))
    lines += _diagnostics(state, width)
    lines += _left(finished, width)
    lines += [blank(), heading("Next"), *fields(_next(state, finished), width)]
    lines += _outputs(finished.outputs, width)
    return lines


def _diagnostics(state: BuildState, width: int) -> Iterator[ReportLine]:
    if not state.diagnostics:
        return
    yield blank()
    yield heading("Terraform said", len(state.diagnostics))
    for found in state.diagnostics:
        shown = failed("error") if found.severity == "error" else warned("warning")
        about = f"{found.address}: " if found.address else ""
        yield from sentence(f"{about}{found.summary}", width, lead=((f"  {shown.symbol} ", shown.tone),))
        if found.detail:
            yield from sentence(found.detail, width, lead=(("    ", Tone.PLAIN),), style=Tone.QUIET)
        if found.file:
            place = f"{found.file}{f':{found.line}' if found.line else ''}"
            yield from sentence(place, width, lead=(("    ", Tone.PLAIN),), style=Tone.QUIET)


def _left(finished: PipelineFinished, width: int) -> Iterator[ReportLine]:
    if not finished.left:
        return
    yield blank()
    yield heading("What exists", len(finished.left))
    for left in finished.left:
        yield from sentence(left, width, lead=(("  ▲ ", Tone.WARNING),))


def _outputs(outputs: tuple[Output, ...], width: int) -> Iterator[ReportLine]:
    for origin, found in by_origin(outputs):
        yield blank()
        yield heading(one_line(origin) or "Outputs", len(found))
        yield from fields(
            [(output.name, SENSITIVE if output.sensitive else _value(output)) for output in found], width
        )


def _value(output: Output) -> str:
    return output.value if isinstance(output.value, str) else value_text(output.value)


def _next(state: BuildState, finished: PipelineFinished) -> list[tuple[str, str]]:
    """What to press next, by how it ended."""
    again = {
        Verb.PLAN: ("p", "plan again"),
        Verb.RUN: ("b", "build again: it continues where it stopped"),
        Verb.CLEANUP: ("D", "clean up again"),
    }
    if finished.outcome is Outcome.FAILED and session_ended(state.diagnostics):
        return [("C", "renew the credentials"), again[state.verb], ("L", "enlarge the log")]
    if finished.outcome in {Outcome.FAILED, Outcome.STOPPED, Outcome.DECLINED}:
        return [again[state.verb], ("L", "enlarge the log"), ("2", "look at the variables")]
    if state.verb is Verb.PLAN:
        changes = any(not plan.empty for plan in state.plans.values())
        return (
            [("b", "build: apply what was shown, after asking")] if changes else [("4", "see the instances")]
        )
    if state.verb is Verb.CLEANUP:
        return (
            [("D", "look for leftovers again"), ("b", "build anew")]
            if finished.left
            else [("b", "build anew"), ("q", "leave")]
        )
    return [
        ("4", "see the instances"),
        ("5", "see the load balancers"),
        ("6", "see the secrets"),
        ("b", "build again after a change"),
        ("D", "clean up"),
    ]
