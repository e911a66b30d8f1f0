"""A pipeline's events as lines: the same words on a terminal, in colour, and in a pipe, without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kubeplat_tui.commands import plan_lines, text
from kubeplat_tui.services import events
from kubeplat_tui.services.config_d import by_origin
from kubeplat_tui.services.events import CheckState, Level, Outcome, Phase
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRESS_EVERY = 30.0
"""Seconds between two lines about a resource that is still being worked on, in a pipe."""

OUTCOME_MARKS = {
    Outcome.DONE: ("✔", "green"),
    Outcome.UNCHANGED: ("✔", "green"),
    Outcome.SKIPPED: ("○", "dim"),
    Outcome.WARNED: ("▲", "yellow"),
    Outcome.FAILED: ("✖", "red"),
    Outcome.STOPPED: ("▲", "yellow"),
    Outcome.DECLINED: ("○", "yellow"),
}
CHECK_MARKS = {
    CheckState.PASSED: ("✔", "green"),
    CheckState.WARNED: ("▲", "yellow"),
    CheckState.FAILED: ("✖", "red"),
    CheckState.NOT_AVAILABLE: ("○", "dim"),
}
DONE_WORDS = {
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.DELETE: "destroyed",
    Action.REPLACE: "replaced",
    Action.FORGET: "forgotten",
    Action.READ: "read",
    Action.NO_OP: "kept",
}
TERRAFORM = {root.value for root in events.Root}
LEVEL_STYLES = {Level.WARNING: "yellow", Level.ERROR: "red"}


class Lines:
    """Turns events into lines; remembers the titles of the steps and when a slow resource was last named."""

    def __init__(self, *, slow_resources: bool, every_change: bool) -> None:
        """`slow_resources`: name what takes long; `every_change`: list each addition of a plan."""
        self._slow_resources = slow_resources
        self._every_change = every_change
        self._titles: dict[str, str] = {}
        self._named_at: dict[str, float] = {}

    def of(self, event: events.Event) -> Iterator[Text]:  # noqa: C901, PLR0912 - one case an event, nothing nested
        """The lines that say `event`; none for what only moves a bar."""
        match event:
            case events.PipelineStarted():
                self._titles = {step.key: step.title for step in event.steps}
                yield Text(f"{event.verb} {event.environment}", style="bold")
            case events.StepStarted():
                about = f" (about {text.duration(event.estimate)})" if event.estimate else ""
                yield Text(f"> {self.title(event.step)}{about}", style="bold")
            case events.StepFinished():
                mark, style = OUTCOME_MARKS[event.outcome]
                said = event.summary or event.outcome.value
                yield _marked(mark, style, f"{said}  ({text.duration(event.seconds)})")
            case events.CheckFinished():
                mark, style = CHECK_MARKS[event.state]
                yield _marked(mark, style, f"{event.name}: {event.detail}" if event.detail else event.name)
            case events.LogLine():
                # Terraform's own lines say what the resources' lines say already.
                ours = event.level is Level.INFO and event.source not in TERRAFORM
                if ours or event.level in LEVEL_STYLES:
                    yield Text(f"  {one_line(event.text)}", style=LEVEL_STYLES.get(event.level, "dim"))
            case events.DiagnosticRaised():
                yield from _diagnostic(event.diagnostic)
            case events.PlanReady():
                yield from plan_lines.lines(event.plan, every_change=self._every_change)
            case events.QuestionAnswered():
                yield Text(f"  {'approved' if event.granted else 'declined'}: {event.topic}", style="dim")
            case events.ResourceProgress():
                yield from self._resource(event)
            case events.FileChanged():
                loud = event.action is events.FileAction.CONFLICT
                detail = f" ({one_line(event.detail)})" if event.detail else ""
                yield Text(
                    f"  {event.action}: {one_line(event.key)}{detail}", style="yellow" if loud else "dim"
                )
            case events.SettingWritten():
                yield Text(f"  wrote {event.name} = {text.value(event.value)} into {event.path}")
            case events.StopRequested():
                yield Text(
                    "Stopping: Terraform finishes what it has begun and saves its state.", style="yellow"
                )
            case events.PipelineFinished():
                yield from _finished(event)
            case _:
                return

    def title(self, step: str) -> str:
        """The step's title."""
        return self._titles.get(step, step)

    def _resource(self, event: events.ResourceProgress) -> Iterator[Text]:
        action = event.action
        if action in {Action.READ, Action.NO_OP}:
            return  # data sources change nothing
        if event.phase is Phase.DONE:
            took = f"{DONE_WORDS[action]} in {text.duration(event.elapsed)}"
            identity = f"  {event.identity}" if event.identity else ""
            yield Text.assemble(
                (f"{action.sign} ", plan_lines.STYLES[action]), event.address, (f"  {took}{identity}", "dim")
            )
        elif event.phase is Phase.FAILED:
            yield Text(f"✖ {event.address}  failed after {text.duration(event.elapsed)}", style="red")
        elif event.phase is Phase.PROGRESS and self._slow_resources:
            last = self._named_at.get(event.address, 0.0)
            if event.elapsed - last >= PROGRESS_EVERY:
                self._named_at[event.address] = event.elapsed
                yield Text(f"  {event.address}  still {action.word}: {text.duration(event.elapsed)}")


def outputs(found: tuple[events.Output, ...]) -> Iterator[Text]:
    """One line an output, those of the user's own files under their headings; a sensitive one is never shown."""
    widest = max((len(output.name) for output in found), default=0)
    for origin, outputs in by_origin(found):
        if origin:
            yield Text(one_line(origin), style="bold")
        for output in outputs:
            shown = "(sensitive)" if output.sensitive else text.value(output.value)
            yield Text(f"{output.name:{widest}} = {shown}")


def _marked(mark: str, style: str, said: str) -> Text:
    return Text.assemble("  ", (mark, style), " ", said)


def _diagnostic(found: events.Diagnostic) -> Iterator[Text]:
    style = LEVEL_STYLES.get(found.severity, "")
    place = ", ".join(
        filter(None, [found.address, f"{found.file}:{found.line}" if found.line else found.file])
    )
    yield Text(f"{found.severity}: {found.summary}{f' ({place})' if place else ''}", style=style)
    for line in found.detail.splitlines():
        yield Text(f"  {one_line(line)}")


def _finished(event: events.PipelineFinished) -> Iterator[Text]:
    mark, style = OUTCOME_MARKS[event.outcome]
    if event.outputs:
        yield Text("Outputs", style="bold")
        yield from outputs(event.outputs)
    if event.left:
        yield Text("What exists now:", style="bold")
        for left in event.left:
            yield Text(f"  {left}")
    yield Text.assemble((f"{mark} ", style), event.sentence)
    if event.todo:
        yield Text(event.todo)
