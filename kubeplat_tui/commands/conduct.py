"""Runs a pipeline for the shell: it works in a thread, this thread draws, asks, and hears ctrl+c."""

from __future__ import annotations

import contextlib
import functools
import queue
import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.commands import prompts
from kubeplat_tui.services.events import Event, PipelineFinished, Question, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from kubeplat_tui.commands.credential_questions import AtTerminal
    from kubeplat_tui.services.events import Decisions

    Pipeline = Callable[[Decisions, Stop], Iterator[Event]]

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks for a clean stop: ctrl+c, a shutdown, a lost connection."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """What is said when somebody interrupts: the first time, and every other."""

    first: str
    again: str


STOPS_TERRAFORM = Stopping(
    "Stopping cleanly: Terraform finishes what it has begun. This can take a minute.",
    "Already stopping; a second interruption would only harm Terraform's state.",
)
STOPS_WAITING = Stopping(
    "Stopping: what AWS was asked for goes on by itself.",
    "Already stopping; AWS is asked for nothing more.",
)


class Drawing(Protocol):
    """Where events go."""

    def draw(self, event: Event) -> None:
        """Show one event."""
        ...

    def say(self, sentence: str) -> None:
        """Show a sentence of the command line's own."""
        ...

    def pause(self) -> None:
        """Leave the terminal to a question."""
        ...

    def close(self) -> None:
        """Nothing follows."""
        ...


@dataclass(slots=True)
class _Asked:
    question: Question
    reply: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)


@dataclass(slots=True)
class _Handed:
    ask: Callable[[], str]
    reply: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)


@dataclass(slots=True)
class _Said:
    sentence: str


@dataclass(slots=True)
class _Ended:
    error: BaseException | None


_News = Event | _Asked | _Handed | _Said | _Ended


class _ByPerson:
    """Hands each question to the thread that has the terminal, and waits for what was typed."""

    def __init__(self, news: queue.SimpleQueue[_News]) -> None:
        self._news = news

    def answer(self, question: Question) -> str:
        asked = _Asked(question)
        self._news.put(asked)
        return asked.reply.get()


def conduct(
    pipeline: Pipeline,
    decisions: Decisions,
    drawing: Drawing,
    *,
    watch: Callable[[Event], None] = lambda _: None,
    stopping: Stopping = STOPS_TERRAFORM,
    codes: AtTerminal | None = None,
) -> PipelineFinished:
    """Run `pipeline` to its end, draw what it says, and give back its last event.

    ctrl+c asks it once to stop cleanly, and again does nothing: a second signal would kill Terraform at work.
    `watch` sees every event before it is drawn. What the pipeline raises is raised here. `codes` asks for the codes of
    MFA devices that the pipeline needs; it gets the terminal while nothing is drawn.
    """
    conductor = _Conductor(pipeline, decisions, drawing, watch, stopping)
    with codes.through(conductor.hand) if codes is not None else contextlib.nullcontext():
        return conductor.run()


class _Conductor:
    def __init__(
        self,
        pipeline: Pipeline,
        decisions: Decisions,
        drawing: Drawing,
        watch: Callable[[Event], None],
        stopping: Stopping,
    ) -> None:
        self._pipeline = pipeline
        self._drawing = drawing
        self._watch = watch
        self._stopping = stopping
        self._stop = Stop()
        self._news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._person = decisions if isinstance(decisions, prompts.Person) else None
        self._decisions = _ByPerson(self._news) if self._person else decisions
        self._asking = False
        self._unread = False

    def run(self) -> PipelineFinished:
        worker = threading.Thread(target=self._work, name="pipeline")
        with self._signals():
            worker.start()
            try:
                return self._listen()
            finally:
                # A drawing that broke must not leave Terraform at work behind the shell's back.
                self._stop.request()
                worker.join()
                self._drawing.close()

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            for event in self._pipeline(self._decisions, self._stop):
                self._news.put(event)
        except BaseException as raised:  # noqa: BLE001 - it is raised again in the thread that waits for it
            error = raised
        self._news.put(_Ended(error))

    def _listen(self) -> PipelineFinished:
        finished: PipelineFinished | None = None
        while True:
            match self._news.get():
                case _Ended(error):
                    if error is not None:
                        raise error
                    if finished is None:
                        raise RuntimeError("The pipeline ended without saying how.")
                    return finished
                case _Asked(question, reply):
                    # `_ByPerson` asks only where there is a person.
                    answer = prompts.Nobody().answer if self._person is None else self._person.answer
                    reply.put(self._at_terminal(functools.partial(answer, question)))
                case _Handed(ask, reply):
                    reply.put(self._at_terminal(ask))
                case _Said(sentence):
                    self._draw(functools.partial(self._drawing.say, sentence))
                case event:
                    self._watch(event)
                    self._draw(functools.partial(self._drawing.draw, event))
                    if isinstance(event, PipelineFinished):
                        finished = event

    def hand(self, ask: Callable[[], str]) -> str:
        """Have `ask` called in the thread that has the terminal; its answer. Blocking, for the pipeline's threads."""
        if threading.current_thread() is threading.main_thread():
            return ask()
        handed = _Handed(ask)
        self._news.put(handed)
        return handed.reply.get()

    def _at_terminal(self, ask: Callable[[], str]) -> str:
        if self._stop.requested:
            return ""
        self._drawing.pause()
        self._asking = True
        try:
            return ask()
        finally:
            self._asking = False

    def _draw(self, show: Callable[[], None]) -> None:
        if self._unread:
            return
        try:
            show()
        except (BrokenPipeError, SystemExit):
            # Nobody reads any more (`kubeplat run | head`): the pipeline stops cleanly, unseen. Rich makes a
            # SystemExit of it.
            self._unread = True
            self._stop.request()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._heard) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self._asking and number == signal.SIGINT:
            raise KeyboardInterrupt  # at a question, ctrl+c means no
        sentence = self._stopping.first if self._stop.request() else self._stopping.again
        # Only handed over: the signal may have come in the middle of a line.
        self._news.put(_Said(sentence))
