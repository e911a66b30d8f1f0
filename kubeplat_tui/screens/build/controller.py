"""Runs one pipeline at a time for the Build screen: in a thread, its events taken in by small portions."""

from __future__ import annotations

import gc
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.opened import RunningBuild
from kubeplat_tui.pace import paced
from kubeplat_tui.screens.build import log as build_log
from kubeplat_tui.screens.build.decisions import AskingDecisions
from kubeplat_tui.screens.build.state import BuildState
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import Level, Outcome, PipelineFinished, Stop, Verb, failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.opened import Opened
    from kubeplat_tui.screens.build.screen import BuildScreen
    from kubeplat_tui.services.events import Event, Question

FRAME = 1 / 20
"""Seconds between two looks at what the pipeline said."""
PORTION = 0.008
"""Seconds of work on events in one go: a burst of thousands is taken in over several frames."""


class BuildController:
    """Belongs to one environment's Build screen, which lives as long as the application.

    The pipeline's thread puts events into a queue; the application's thread takes out a portion a frame.
    """

    def __init__(self, app: KubeplatApp, opened: Opened, screen: BuildScreen) -> None:
        self.state: BuildState | None = None
        self.question: Question | None = None
        self._app = app
        self._opened = opened
        self._screen = screen
        self._queue: deque[Event] = deque()
        self._decisions = AskingDecisions(self._asked)
        self._stop = Stop()
        self._timer = screen.set_interval(paced(screen, FRAME), self.take_events, pause=True)

    @property
    def running(self) -> bool:
        """Whether a pipeline is at work."""
        return self.state is not None and self.state.running

    def busy_elsewhere(self) -> str:
        """The name of another environment that a pipeline works on in this application, "" for none."""
        others = (
            one for one in self._app.opened.values() if one is not self._opened and one.build is not None
        )
        return next((one.name for one in others), "")

    # --- asked by the screen ----------------------------------------------------------------------

    def start(self, verb: Verb) -> None:
        """Begin. The caller made sure that nothing runs."""
        now = self._app.now()
        self.state = BuildState(verb, self._opened.name, now)
        self.question = None
        self._queue.clear()
        self._stop = Stop()
        self._decisions = AskingDecisions(self._asked)
        self._opened.build = RunningBuild(self.state.word, now, self._stop)
        self._app.build_changed(self._opened)
        # A full garbage collection looks at every object of the application and its libraries and stops the
        # screen meanwhile (80 ms measured). What is there now lives on: it is left out from here on.
        gc.freeze()
        stop, decisions = self._stop, self._decisions
        stop.when_requested(decisions.close)  # whoever asks to stop, no question is waited for any more
        self._app.run_worker(
            lambda: self._work(verb, decisions, stop), thread=True, group="pipeline", exit_on_error=False
        )
        self._timer.resume()

    def request_stop(self) -> bool:
        """Ask to stop cleanly; False where that was asked for already. A waiting question is declined."""
        if self.state is not None:
            self.state.stopping = True
        self.question = None
        return self._stop.request()

    def answer(self, answer: str) -> None:
        """Give the answer to the waiting question as typed."""
        self.question = None
        self._decisions.give(answer)

    def close(self) -> None:
        """The application ends: decline every question, stop cleanly."""
        self._decisions.close()
        self._stop.request()

    # --- the pipeline's thread --------------------------------------------------------------------

    def _work(self, verb: Verb, decisions: AskingDecisions, stop: Stop) -> None:
        try:
            for event in self._events(verb, decisions, stop):
                self._queue.append(event)
        except KubeplatError as error:
            self._queue.append(failed(error))
        except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
            self._queue.append(failed(self._app.unexpected(f"running {verb} of {self._opened.name}", error)))
        else:
            self._queue.append(_ended_without_a_word())

    def _events(self, verb: Verb, decisions: AskingDecisions, stop: Stop) -> Iterator[Event]:
        intents = self._app.intents
        site = intents.open(self._opened.name)
        run = {Verb.PLAN: intents.plan, Verb.RUN: intents.run, Verb.CLEANUP: intents.cleanup}[verb]
        return run(site, decisions, stop)

    def _asked(self, question: Question) -> None:
        # A message, not a call that waits: the application may be about to end.
        if not self._screen.post_message(Delivered(lambda: self._show_question(question))):
            self._decisions.close()

    # --- the application's thread -----------------------------------------------------------------

    def _show_question(self, question: Question) -> None:
        if self._decisions.waiting is not question:
            return
        while self._queue:  # what was said before the question is shown before it
            self.take_events()
        self.question = question
        self._screen.ask(question)

    def take_events(self) -> None:
        """Take in what the pipeline said, for a few milliseconds, and show it."""
        state = self.state
        if state is None or not self._queue:
            return
        until = perf_counter() + PORTION
        texts: list[str] = []
        level = Level.INFO
        taken = 0
        while self._queue and not (taken % 16 == 0 and perf_counter() > until):
            event = self._queue.popleft()
            taken += 1
            if state.finished is not None:
                continue  # the end is the end
            state.apply(event)
            fresh, loud = build_log.lines(event)
            if fresh and loud is not level:
                self._screen.say(texts, level)
                texts, level = [], loud
            texts += fresh
        self._screen.say(texts, level)
        if self.question is not None and self._decisions.waiting is None:
            self.question = None
            self._screen.question_gone()
        self._follow(state)
        self._screen.show_state()
        if state.finished is not None:
            self._timer.pause()
            self.question = None
            self._screen.finished()

    def _follow(self, state: BuildState) -> None:
        """Keep the header's word about the running build up to date."""
        build = self._opened.build
        if state.finished is not None:
            self._opened.build = None
            self._app.build_changed(self._opened)
        elif build is not None:
            step = state.current_step
            title = "stopping" if state.stopping else step.step.title if step is not None else ""
            if title != build.step:
                build.step = title
                self._app.build_changed(self._opened)


def _ended_without_a_word() -> PipelineFinished:
    """A pipeline ends with its own `PipelineFinished`; this one is heard only where that is missing."""
    return PipelineFinished(
        outcome=Outcome.FAILED,
        exit_code=ExitCode.FAILED,
        sentence="The pipeline ended without saying how.",
        todo="Look at the log, and plan again to see what is there.",
    )
