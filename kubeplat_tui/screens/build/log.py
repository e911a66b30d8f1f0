"""How a pipeline's events read in the log: a time, a symbol for the level, who says it, what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.events import (
    CheckFinished,
    CheckState,
    DiagnosticRaised,
    FileAction,
    FileChanged,
    Level,
    LogLine,
    Outcome,
    Phase,
    PipelineFinished,
    PipelineStarted,
    QuestionAnswered,
    ResourceProgress,
    SettingWritten,
    StepFinished,
    StepStarted,
    StopRequested,
)
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.cells import duration

if TYPE_CHECKING:
    from kubeplat_tui.services.events import Event

Said = tuple[str, str, Level]
"""Who, what, how loud."""

SYMBOLS = {Level.DEBUG: "·", Level.INFO: " ", Level.WARNING: "▲", Level.ERROR: "✖"}
HEAD = 22
"""Cells before the text: time, symbol, source."""
CHECK_LEVELS = {CheckState.FAILED: Level.ERROR, CheckState.WARNED: Level.WARNING}
OUTCOME_LEVELS = {Outcome.FAILED: Level.ERROR, Outcome.WARNED: Level.WARNING, Outcome.STOPPED: Level.WARNING}
DONE_WORDS = {
    Action.CREATE: "added",
    Action.DELETE: "destroyed",
    Action.UPDATE: "changed",
    Action.REPLACE: "replaced",
    Action.READ: "read",
    Action.FORGET: "forgotten",
    Action.NO_OP: "kept",
}


def lines(event: Event) -> tuple[list[str], Level]:
    """The lines of an event (none for the mere progress of a resource), and how loud they are."""
    said = _said(event)
    if said is None:
        return [], Level.INFO
    source, text, level = said
    head = f"{event.at:%H:%M:%S} {SYMBOLS[level]} {source:<10} "
    return [f"{head}{line}" for line in text.splitlines() or [""]], level


def _said(event: Event) -> Said | None:
    match event:
        case LogLine():
            return event.source, event.text, event.level
        case ResourceProgress():
            return _resource(event)
        case FileChanged():
            return "secrets", *_file(event)
        case DiagnosticRaised():
            return event.root.value, _diagnostic(event), event.diagnostic.severity
        case CheckFinished():
            loud = CHECK_LEVELS.get(event.state, Level.INFO)
            return "preflight", f"{event.name}: {event.state}. {event.detail}", loud
        case _:
            words = _course(event)
            return ("kubeplat", *words) if words is not None else None


def _course(event: Event) -> tuple[str, Level] | None:
    """How the pipeline itself goes on."""
    words, level = "", Level.INFO
    match event:
        case PipelineStarted():
            words = f"{event.verb} of {event.environment} begins; its journal is {event.journal}"
        case StepStarted():
            words = f"{event.step}: begins" + (
                f", about {duration(event.estimate)}" if event.estimate else ""
            )
        case StepFinished():
            level = OUTCOME_LEVELS.get(event.outcome, Level.INFO)
            words = f"{event.step}: {event.outcome} in {duration(event.seconds)}. {event.summary}"
        case QuestionAnswered():
            words = f"{event.topic}: {'approved' if event.granted else 'declined'}"
        case SettingWritten():
            words = f"{event.name} was written to {event.path}"
        case StopRequested():
            words, level = "asked to stop: what is at work is finished first", Level.WARNING
        case PipelineFinished():
            words = " ".join(part for part in (event.sentence, event.todo) if part)
            level = OUTCOME_LEVELS.get(event.outcome, Level.INFO)
    return (words, level) if words else None


def _file(event: FileChanged) -> tuple[str, Level]:
    """A file of the secrets by its key: quiet, but where it was changed on both sides."""
    loud = event.action is FileAction.CONFLICT
    words = f"{event.action}: {event.key}" + (f" ({event.detail})" if event.detail else "")
    return words, Level.WARNING if loud else Level.DEBUG


def _resource(event: ResourceProgress) -> Said | None:
    if event.phase is Phase.DONE:
        identity = f" ({event.identity})" if event.identity else ""
        text = f"{event.address}: {DONE_WORDS[event.action]} in {duration(event.elapsed)}{identity}"
        return event.root.value, text, Level.DEBUG if event.action is Action.READ else Level.INFO
    if event.phase is Phase.FAILED:
        return event.root.value, f"{event.address}: failed after {duration(event.elapsed)}", Level.ERROR
    return None


def _diagnostic(event: DiagnosticRaised) -> str:
    found = event.diagnostic
    place = f" ({found.file}{f':{found.line}' if found.line else ''})" if found.file else ""
    about = f"{found.address}: " if found.address else ""
    return f"{about}{found.summary}{place}" + (f"\n{found.detail}" if found.detail else "")
