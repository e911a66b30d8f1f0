"""How long the UI's thread is blocked at most: a plan of 500 changes arrives, 10,000 secrets are shown.

The real screens are fed by a made-up pipeline and a made-up store. A heartbeat in the event loop is due every
two milliseconds; the longest time it is late is the longest block. Beside it: the same application, left alone
for as long.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import Result
from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.services import events
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, Phase, Question, Root, Step
from tests.screens import fake_secrets
from tests.screens.fake_plan import of_size
from tests.screens.fakes import FakeIntents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from kubeplat_tui.services.events import Decisions, Event, Stop, Verb
    from kubeplat_tui.services.site import Site

CHANGES = 500
SECRETS = 10_000
BEAT = 0.002
SAMPLES = 5
PATIENCE = 60.0
SIZE = (160, 45)
NAME = "play-jest"


class Heart:
    """Beats in the event loop; `latest` is the longest it was late, in seconds."""

    def __init__(self) -> None:
        self.latest = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT)
            self.latest = max(self.latest, time.perf_counter() - began - BEAT)

    def take(self) -> float:
        """The longest delay since the last time this was asked."""
        latest, self.latest = self.latest, 0.0
        return latest

    def stop(self) -> None:
        """Beat no more."""
        self._task.cancel()


class Pipeline:
    """A plan of many changes, a question, and all its resources coming up at once."""

    def __init__(self) -> None:
        self.plan = of_size(CHANGES)  # made beforehand: it is the arrival that is measured
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.ended = threading.Event()

    def __call__(self, verb: Verb, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        """Say everything as fast as it is taken."""
        del stop
        plan = self.plan
        step = Step("apply-cluster", "Build the cluster")
        yield events.PipelineStarted(
            verb=verb,
            environment=site.environment.name,
            sandbox=True,
            steps=(step,),
            journal=site.folders.runs,
        )
        yield events.StepStarted(step=step.key)
        yield events.PlanReady(plan=plan)
        self.asked.set()
        self.go_on.wait(PATIENCE)
        question = Question("apply-cluster", "Apply this plan?", plan.summary(), plan=plan)
        decisions.answer(question)
        yield events.QuestionAnswered(topic=question.topic, granted=True)
        for phase in (Phase.STARTED, Phase.PROGRESS, Phase.DONE):
            for change in plan.changes:
                yield events.ResourceProgress(
                    root=Root.CLUSTER, address=change.address, action=change.action, phase=phase, elapsed=1.0
                )
        yield events.StepFinished(step=step.key, outcome=Outcome.DONE, summary="done", seconds=1.0)
        yield events.PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence="It is built.")
        self.ended.set()


def measure() -> list[Result]:
    """Several rounds, each in an application of its own."""
    plans = [asyncio.run(_round()) for _ in range(SAMPLES)]
    secrets = [asyncio.run(_secrets_round()) for _ in range(SAMPLES)]
    names = ("while the plan arrives", "while its resources come up")
    return [
        *_results([f"{name} ({CHANGES} changes)" for name in names], plans, "at most 50 ms"),
        *_results([f"while {SECRETS:,} secrets {name}" for name in SECRET_STEPS], secrets, "at most 100 ms"),
    ]


def _results(names: list[str], rounds: list[tuple[float, ...]], goal: str) -> list[Result]:
    """A line for each step; the last time of a round is that of the application left alone."""
    idle = statistics.median(each[-1] for each in rounds)
    return [
        Result(
            benchmark="ui block",
            what=f"longest block {name}",
            ours=statistics.median(each[place] for each in rounds) * 1000,
            unit="ms",
            peer=idle * 1000,
            peer_name="the same, left alone",
            goal=goal,
            samples=SAMPLES,
            spread=f"{min(r[place] for r in rounds) * 1000:.3g}-{max(r[place] for r in rounds) * 1000:.3g}",
        )
        for place, name in enumerate(names)
    ]


SECRET_STEPS = {
    "are read and shown": ("6",),
    "are all opened and closed": ("plus", "G", "g", "minus"),
    "are filtered": ("slash", *"part-.*7", "enter", "G"),
    "are read again": ("ctrl+r",),
}
"""What is done, and the keys that do it."""


async def _secrets_round() -> tuple[float, ...]:
    """The longest block of each step, in seconds, and idle."""
    gc.collect()  # what a round before this one has left would be looked at in this one
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as folder:
        intents = FakeIntents(Path(folder) / "place")
        intents.secret_store = fake_secrets.many(SECRETS)
        app = KubeplatApp(intents, start=NAME)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            await _workers_done(pilot)
            heart = Heart()
            times = []
            for keys in SECRET_STEPS.values():
                heart.take()
                for key in keys:
                    await pilot.press(key)
                await _workers_done(pilot)
                await asyncio.sleep(0.3)  # what was delivered is drawn in the frames that follow
                times.append(heart.take())
            await asyncio.sleep(1.0)
            times.append(heart.take())
            heart.stop()
        return tuple(times)


async def _workers_done(pilot: Pilot[int]) -> None:
    """Wait until nothing is read any more."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def _round() -> tuple[float, ...]:
    """The longest blocks, in seconds: with the plan, with the resources, and idle."""
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as folder:
        intents = FakeIntents(Path(folder) / "place")
        pipeline = Pipeline()
        intents.pipeline = pipeline
        app = KubeplatApp(intents, start=NAME)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            await app.go(NAME, "build")
            await pilot.pause()
            heart = Heart()
            await pilot.press("b")
            await _when(pipeline.asked)
            await pilot.pause()
            await asyncio.sleep(0.5)  # a plan that was told is drawn in the frames that follow
            with_plan = heart.take()
            pipeline.go_on.set()
            await asyncio.sleep(0.5)
            heart.take()
            await pilot.press("a", "y")
            await _when(pipeline.ended)
            await pilot.pause()
            await asyncio.sleep(0.5)
            with_resources = heart.take()
            await asyncio.sleep(1.0)
            idle = heart.take()
            heart.stop()
        return with_plan, with_resources, idle


async def _when(event: threading.Event) -> None:
    if not await asyncio.to_thread(event.wait, PATIENCE):
        raise TimeoutError("the pipeline stands still")
