"""What a pipeline says while it works, and how it asks.

A pipeline is an iterator of these events. It runs in a thread of the front end's choosing; it takes its decisions from
one `Decisions` object and looks at one `Stop`. The command line draws the events as lines, the application as widgets,
the journal keeps them as JSON lines.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from kubeplat_tui.services.errors import ExitCode, KubeplatError
    from kubeplat_tui.services.terraform.plan import Action, Plan
    from kubeplat_tui.services.values import Value

Result = TypeVar("Result")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Verb(StrEnum):
    """What a pipeline does."""

    PLAN = "plan"
    RUN = "run"
    CLEANUP = "cleanup"


class Root(StrEnum):
    """The two Terraform roots."""

    FOUNDATION = "foundation"
    CLUSTER = "cluster"


class Outcome(StrEnum):
    """How a step or a pipeline ended."""

    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WARNED = "warned"
    FAILED = "failed"
    STOPPED = "stopped"
    DECLINED = "declined"


class Level(StrEnum):
    """How loud a log line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class CheckState(StrEnum):
    """What a preflight check found."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    NOT_AVAILABLE = "not available"


class Phase(StrEnum):
    """Where a resource is while Terraform works on it."""

    STARTED = "started"
    PROGRESS = "progress"
    DONE = "done"
    FAILED = "failed"


class FileAction(StrEnum):
    """What became of a file of the secrets."""

    FETCHED = "fetched"
    UPLOADED = "uploaded"
    DELETED_HERE = "deleted here"
    DELETED_THERE = "deleted there"
    MADE = "made"
    RENEWED = "renewed"
    CONFLICT = "conflict"
    """Changed on both sides: both stay as they are."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline: a stable `key` and a title for people."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or warning of Terraform (https://developer.hashicorp.com/terraform/internals/machine-readable-ui)."""

    severity: Level
    summary: str
    detail: str = ""
    address: str = ""
    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a Terraform root. `value` is None where `sensitive`: it is never read."""

    name: str
    value: Value
    sensitive: bool
    root: Root
    origin: str = ""
    """What declares it, where that is a file of the user's own: `config.d: main.tf`."""


@dataclass(frozen=True, slots=True)
class Question:
    """A decision the pipeline needs. It is granted only by an answer equal to `expected`; all else declines.

    `expected` is "yes", or the environment's name where something is destroyed.
    """

    topic: str
    """A stable key: `apply-foundation`, `apply-cluster`, `make-state-bucket`, `make-key`, `destroy` …"""
    title: str
    detail: str
    expected: str = "yes"
    plan: Plan | None = None
    destructive: bool = False
    yes: str = ""
    """What granting does, in two or three words for a button: `Renew first`; "": it is called Yes."""
    no: str = ""
    """What declining does, where more goes on then than nothing: `Go on without`; "": it is called No."""


class Decisions(Protocol):
    """Who answers the pipeline's questions: a person at a prompt or dialog, or `--yes`."""

    def answer(self, question: Question) -> str:
        """The answer as typed; called in the pipeline's thread and may block. "" declines."""
        ...


class Stop:
    """A request to stop cleanly. Asking once is enough; asking again does nothing."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def request(self) -> bool:
        """Ask to stop; True the first time only."""
        with self._lock:
            if self._event.is_set():
                return False
            self._event.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks, at most `seconds`; whether somebody has."""
        return self._event.wait(seconds)

    def when_requested(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` once when somebody asks (at once if they have); returns what takes it back."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything a pipeline says. Times are UTC."""

    at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStarted(Event):
    """The first event."""

    verb: Verb
    environment: str
    sandbox: bool
    steps: tuple[Step, ...]
    journal: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A step begins; `estimate` is in seconds, from earlier runs, None where there were none."""

    step: str
    estimate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(Event):
    """A step ended, `seconds` after it began."""

    step: str
    outcome: Outcome
    summary: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinished(Event):
    """One preflight check. `detail` is a sentence; one that failed says what to do."""

    name: str
    state: CheckState
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Event):
    """A line for the log. `source` is who said it: a root's name, `aws`, `kubeplat`."""

    text: str
    level: Level = Level.INFO
    source: str = "kubeplat"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosticRaised(Event):
    """Terraform complained."""

    root: Root
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReady(Event):
    """A saved plan can be looked at (a `Question` follows where something would change)."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(Event):
    """A decision was taken. What was typed is not kept."""

    topic: str
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceProgress(Event):
    """Terraform works on one resource. `elapsed` and `estimate` are seconds; `identity` is e.g. `id=vpc-123`."""

    root: Root
    address: str
    action: Action
    phase: Phase
    elapsed: float = 0.0
    estimate: float | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingWritten(Event):
    """The pipeline wrote a value into the environment's file (the name of a bucket or key it made)."""

    name: str
    value: Value
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChanged(Event):
    """One file of the secrets was moved, made or left. `key` is its path in the bucket; never its content."""

    key: str
    action: FileAction
    path: Path | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """How far a step is that counts: `done` of `total` things, `size` of `total_size` bytes."""

    doing: str
    done: int
    total: int
    size: int = 0
    total_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """Somebody asked to stop; Terraform was told, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFinished(Event):
    """The last event, always: whatever happened, a sentence and what to do next.

    `left` lists what exists although the pipeline did not end well (addresses or ARNs, each with a few words).
    """

    outcome: Outcome
    exit_code: ExitCode
    sentence: str
    todo: str = ""
    outputs: tuple[Output, ...] = ()
    left: tuple[str, ...] = ()


def failed(error: KubeplatError) -> PipelineFinished:
    """The end of what was ended by `error`."""
    return PipelineFinished(
        outcome=Outcome.FAILED, exit_code=error.exit_code, sentence=sentence_of(error), todo=error.todo
    )


def sentence_of(error: KubeplatError) -> str:
    """What failed and why; what to do is told beside it."""
    return " ".join(part for part in (error.what, error.why) if part)


def to_the_end(work: Generator[Event, None, Result], seen: Callable[[Event], None]) -> Result:
    """Do `work` to its end and give its result; what it says goes to `seen`."""
    while True:
        try:
            seen(next(work))
        except StopIteration as end:
            result: Result = end.value
            return result
