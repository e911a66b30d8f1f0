"""What every pipeline shares: its steps and their clock, its questions, its journal, and its last sentence.

A pipeline's body is a generator of events that returns an `Ending`. `play` puts it between
`PipelineStarted` and `PipelineFinished`, which come whatever happens.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from kubeplat_tui.services import runs
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import (
    Level,
    LogLine,
    Outcome,
    PipelineFinished,
    PipelineStarted,
    QuestionAnswered,
    StepFinished,
    StepStarted,
    StopRequested,
    sentence_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from kubeplat_tui.services.events import Decisions, Event, Output, Question, Step, Stop, Verb
    from kubeplat_tui.services.site import Site

    Events = Generator[Event, None, "Ending"]

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a pipeline's body ended: the matter of its `PipelineFinished`."""

    outcome: Outcome
    sentence: str
    todo: str = ""
    exit_code: ExitCode = ExitCode.DONE
    outputs: tuple[Output, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended, where it did not fail."""

    outcome: Outcome
    summary: str


class StoppedError(Exception):
    """Somebody asked to stop, and what ran has ended. `left`: what was made until then."""

    def __init__(self, sentence: str, left: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.left = left


class DeclinedError(Exception):
    """A question was answered with no."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class PartlyDoneError(KubeplatError):
    """Terraform failed half way. `left`: what was made until then."""

    def __init__(self, what: str, *, why: str = "", todo: str = "", left: tuple[str, ...] = ()) -> None:
        super().__init__(what, why=why, todo=todo)
        self.left = left


@dataclass(slots=True)
class Work:
    """What the steps of one pipeline have in common. `site` is replaced when a step writes a setting."""

    verb: Verb
    site: Site
    decisions: Decisions
    stop: Stop
    folder: Path
    """The run's private folder: journal and plans."""
    estimates: runs.Estimates
    _told: bool = field(default=False)

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.site.environment.name

    def reload(self) -> None:
        """Read the environment's file again."""
        from kubeplat_tui.services import environments

        place = self.site.environment.path
        self.site = replace(self.site, environment=environments.load(place.parent, self.name))

    def step(
        self, step: Step, body: Generator[Event, None, tuple[StepResult, T]]
    ) -> Generator[Event, None, T]:
        """Run `body` as a step: it is announced, timed, and its end is told whatever it is."""
        if self.stop.requested:
            body.close()
            raise StoppedError(f"{self.verb} was stopped before the step: {step.title}.")
        yield StepStarted(step=step.key, estimate=self.estimates.step(self.verb, step.key))
        begun = time.monotonic()

        def finished(outcome: Outcome, summary: str) -> StepFinished:
            return StepFinished(
                step=step.key, outcome=outcome, summary=summary, seconds=round(time.monotonic() - begun, 3)
            )

        try:
            result, value = yield from body
        except StoppedError as stopped:
            yield finished(Outcome.STOPPED, stopped.sentence)
            raise
        except DeclinedError as declined:
            yield finished(Outcome.DECLINED, declined.sentence)
            raise
        except KubeplatError as error:
            yield finished(Outcome.FAILED, error.what)
            raise
        except Exception as error:
            yield finished(Outcome.FAILED, f"{type(error).__name__} in kubeplat.")
            raise
        yield finished(result.outcome, result.summary)
        return value

    def ask(self, question: Question) -> Generator[Event, None, bool]:
        """Put `question`; whether it was granted. Raises `StoppedError` where somebody asked to stop
        meanwhile.
        """
        granted = self.decisions.answer(question) == question.expected
        yield QuestionAnswered(topic=question.topic, granted=granted)
        if self.stop.requested:
            raise StoppedError(f"{self.verb} was stopped at the question: {question.title}")
        return granted

    def stopping(self) -> Iterator[Event]:
        """`StopRequested`, the first time only."""
        if not self._told:
            self._told = True
            yield StopRequested()


def play(
    site: Site,
    decisions: Decisions,
    stop: Stop,
    *,
    verb: Verb,
    steps: tuple[Step, ...],
    body: Callable[[Work], Events],
) -> Iterator[Event]:
    """The whole pipeline. Only one at a time works on an environment on this computer."""
    started = PipelineStarted(
        verb=verb,
        environment=site.environment.name,
        sandbox=site.environment.sandbox,
        steps=steps,
        journal=site.folders.runs / runs.JOURNAL,
    )
    try:
        lock = runs.PipelineLock(site.folders, verb)
        with lock:
            folder = runs.new_run_folder(site.folders)
            journal = runs.Journal(folder / runs.JOURNAL)
            started = replace(started, journal=journal.path)
            journal.write(started)
    except KubeplatError as error:
        yield started
        code = ExitCode.FAILED if isinstance(error, runs.BusyError) else ExitCode.BAD_INPUT
        yield finished(Ending(Outcome.FAILED, sentence_of(error), error.todo, code))
        return
    with lock, contextlib.closing(journal):
        yield started
        work = Work(verb, site, decisions, stop, folder, runs.Estimates.load(site.folders))
        yield from _recorded(_to_the_end(work, body), journal)


def _recorded(events: Iterator[Event], journal: runs.Journal) -> Iterator[Event]:
    """Every event, written down before it is passed on. A journal that fails half way does not stop the
    work.
    """
    broken = False
    for event in events:
        if not broken:
            try:
                journal.write(event)
            except KubeplatError as error:
                broken = True
                yield LogLine(text=f"The journal ends here: {error}", level=Level.WARNING)
        yield event


def _to_the_end(work: Work, body: Callable[[Work], Events]) -> Iterator[Event]:
    try:
        try:
            ending = yield from body(work)
        except GeneratorExit:
            raise
        except KeyboardInterrupt:
            ending = Ending(Outcome.STOPPED, f"{work.verb} was interrupted.", AGAIN, ExitCode.FAILED)
        except StoppedError as stopped:
            ending = Ending(
                Outcome.STOPPED,
                stopped.sentence,
                AGAIN if stopped.left else "",
                ExitCode.FAILED,
                left=stopped.left,
            )
        except DeclinedError as declined:
            ending = Ending(Outcome.DECLINED, declined.sentence, exit_code=ExitCode.FAILED)
        except KubeplatError as error:
            ending = _failed(error)
        except Exception as error:
            log.exception("%s of %s failed", work.verb, work.name)
            ending = Ending(
                Outcome.FAILED,
                f"{work.verb} of {work.name} failed: {type(error).__name__}: {error}",
                "This is a fault of kubeplat: please report it with the log.",
                ExitCode.FAILED,
            )
        if work.site.cloud.lost and ending.outcome not in {Outcome.DONE, Outcome.UNCHANGED}:
            ending = replace(
                ending,
                sentence=f"The sandbox ended during {work.verb}: what it held is gone. {ending.sentence}",
                todo=f"Open {work.name} again: a new, empty sandbox starts with it.",
                left=(),
            )
        yield finished(ending)
    finally:
        for plan in work.folder.glob("*.tfplan"):
            plan.unlink(missing_ok=True)


AGAIN = "Run again: it continues where this one ended."


def _failed(error: KubeplatError) -> Ending:
    left = error.left if isinstance(error, PartlyDoneError) else ()
    return Ending(Outcome.FAILED, sentence_of(error), error.todo, error.exit_code, left=left)


def finished(ending: Ending) -> PipelineFinished:
    """The last event."""
    return PipelineFinished(
        outcome=ending.outcome,
        exit_code=ending.exit_code,
        sentence=ending.sentence,
        todo=ending.todo,
        outputs=ending.outputs,
        left=ending.left,
    )
