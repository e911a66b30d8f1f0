"""What the events of a pipeline add up to: steps, checks, plans, resources, the end. No terminal here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import (
    CheckFinished,
    DiagnosticRaised,
    Outcome,
    Phase,
    PipelineFinished,
    PipelineStarted,
    PlanReady,
    Progress,
    QuestionAnswered,
    ResourceProgress,
    StepFinished,
    StepStarted,
    StopRequested,
    Verb,
)
from kubeplat_tui.services.terraform.plan import Action

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.events import Diagnostic, Event, Root, Step
    from kubeplat_tui.services.terraform.plan import Plan


VERBS = {Verb.PLAN: "plan", Verb.RUN: "build", Verb.CLEANUP: "cleanup"}
"""The verbs as people call them."""


@dataclass(slots=True)
class StepState:
    """A step: `outcome` is None until it ended, `started` until it began; `progress` while it counts."""

    step: Step
    started: datetime | None = None
    estimate: float | None = None
    outcome: Outcome | None = None
    seconds: float = 0.0
    summary: str = ""
    progress: Progress | None = None

    def elapsed(self, now: datetime) -> float:
        """Seconds it has taken so far."""
        if self.outcome is not None or self.started is None:
            return self.seconds
        return max(0.0, (now - self.started).total_seconds())


@dataclass(slots=True)
class ResourceState:
    """A resource of the plan, or one that Terraform works on. `phase` is None while it waits."""

    root: Root
    address: str
    module: str
    action: Action
    """What Terraform does now; of a replacement first one half, then the other."""
    planned: Action
    phase: Phase | None = None
    started: datetime | None = None
    seconds: float = 0.0
    estimate: float | None = None
    identity: str = ""

    @property
    def label(self) -> str:
        """The address without its module."""
        return self.address.removeprefix(f"{self.module}.") if self.module else self.address

    @property
    def active(self) -> bool:
        """Whether Terraform works on it now."""
        return self.phase in {Phase.STARTED, Phase.PROGRESS}

    @property
    def done(self) -> bool:
        """Whether everything planned for it is done."""
        half = self.planned is Action.REPLACE and self.action is Action.DELETE
        return self.phase is Phase.DONE and not half

    def elapsed(self, now: datetime) -> float:
        """Seconds Terraform has worked on it."""
        if self.active and self.started is not None:
            return max(self.seconds, (now - self.started).total_seconds())
        return self.seconds


@dataclass(slots=True)
class BuildState:
    """One run of a pipeline, from its events. `apply` them in order."""

    verb: Verb
    environment: str
    started: datetime
    steps: dict[str, StepState] = field(default_factory=dict)
    checks: list[CheckFinished] = field(default_factory=list)
    plans: dict[Root, Plan] = field(default_factory=dict)
    resources: dict[tuple[Root, str], ResourceState] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    stopping: bool = False
    finished: PipelineFinished | None = None
    phase: str = "checks"
    """The view that shows best what happens now: `checks`, `plan <root>`, `resources`, `summary`."""

    @property
    def current_step(self) -> StepState | None:
        """The step at work."""
        return next((step for step in self.steps.values() if step.started and step.outcome is None), None)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.finished is None

    @property
    def word(self) -> str:
        """What it is called: plan, build, cleanup."""
        return VERBS[self.verb]

    def elapsed(self, now: datetime) -> float:
        """Seconds since it began, or that it took."""
        return max(0.0, ((self.finished.at if self.finished else now) - self.started).total_seconds())

    def apply(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case ResourceProgress():
                self._progress(event)
            case CheckFinished():
                self.checks.append(event)
            case PlanReady():
                self.plans[event.plan.root] = event.plan
                self.phase = f"plan {event.plan.root}"
            case QuestionAnswered() if event.granted:
                self._expect()
            case DiagnosticRaised():
                self.diagnostics.append(event.diagnostic)
            case StopRequested():
                self.stopping = True
            case _:
                self._follow_course(event)

    def _follow_course(self, event: Event) -> None:
        """The pipeline and its steps begin and end."""
        match event:
            case PipelineStarted():
                self.started = event.at
                self.steps = {step.key: StepState(step) for step in event.steps}
            case StepStarted() if event.step in self.steps:
                step = self.steps[event.step]
                step.started, step.estimate = event.at, event.estimate
            case StepFinished() if event.step in self.steps:
                step = self.steps[event.step]
                step.outcome, step.seconds, step.summary = event.outcome, event.seconds, event.summary
                step.progress = None
            case Progress() if self.current_step is not None:
                self.current_step.progress = event
            case PipelineFinished():
                self.finished = event
                self.phase = "summary"
                self._end_steps(event)

    def _expect(self) -> None:
        """What was planned was approved: its resources wait."""
        for plan in self.plans.values():
            for change in plan.changes:
                key = (plan.root, change.address)
                if key not in self.resources:
                    self.resources[key] = ResourceState(
                        plan.root, change.address, change.module, change.action, change.action
                    )

    def _progress(self, event: ResourceProgress) -> None:
        key = (event.root, event.address)
        known = self.resources.get(key)
        if known is None:
            if event.action is Action.READ and event.phase is not Phase.FAILED:
                return  # data sources come and go by the dozen and change nothing
            known = self.resources[key] = ResourceState(
                event.root, event.address, module_of(event.address), event.action, event.action
            )
        self.phase = "resources"
        if event.phase is Phase.STARTED or known.started is None:
            known.started = event.at
        known.action, known.phase, known.seconds = event.action, event.phase, event.elapsed
        known.estimate = event.estimate if event.estimate is not None else known.estimate
        known.identity = event.identity or known.identity

    def _end_steps(self, event: PipelineFinished) -> None:
        """A step that was at work when the pipeline ended, ended with it."""
        for step in self.steps.values():
            if step.started is not None and step.outcome is None:
                step.seconds = (event.at - step.started).total_seconds()
                step.outcome = event.outcome
                step.progress = None


def module_of(address: str) -> str:
    """`module.a["x.y"].module.b` of `module.a["x.y"].module.b.aws_vpc.main`; "" for the root."""
    parts: list[str] = []
    word, quoted = "", False
    for letter in address:
        quoted ^= letter == '"'
        if letter == "." and not quoted:
            parts.append(word)
            word = ""
        else:
            word += letter
    parts.append(word)
    end = 0
    while end + 1 < len(parts) and parts[end] == "module":
        end += 2
    return ".".join(parts[:end])
