"""The Build screen: plan, question, resources, log, the end; stopped, failed, looked away from, quit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.screens.build.question_bar import QuestionBar
from kubeplat_tui.screens.build.resources import ResourceList
from kubeplat_tui.screens.build.screen import BuildScreen
from kubeplat_tui.screens.save_log import SaveLogDialog
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import LogLine, Phase, Verb
from kubeplat_tui.widgets.confirm import ConfirmDialog
from kubeplat_tui.widgets.log_view import LogView
from kubeplat_tui.widgets.plan_tree import PlanTree
from tests.screens import fake_events as script
from tests.screens.fake_plan import every_kind, of_size
from tests.screens.fakes import NOW, FakeIntents
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot
    from textual.widget import Widget

PLAN = every_kind()
SIZES = [(80, 24), (160, 45)]


class World:
    """The application on its Build screen, with a made-up pipeline."""

    def __init__(self, folder: Path, *parts: Any) -> None:
        self.intents = FakeIntents(folder / "kubeplat")
        self.script = script.Script(*parts)
        self.intents.pipeline = self.script
        self.app = KubeplatApp(self.intents, now=lambda: NOW)

    @property
    def screen(self) -> BuildScreen:
        """The Build screen, seen or not."""
        found = self.app.opened["play-jest"].screens["build"]
        assert isinstance(found, BuildScreen)
        return found

    async def open(self, pilot: Pilot[Any]) -> None:
        """Go to Build."""
        await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
        await self.app.go("play-jest", "build")
        await until(pilot, lambda: "b builds" in screen_text(pilot), "the last run")

    async def ended(self, pilot: Pilot[Any]) -> None:
        """Wait for the end of the pipeline."""
        await until(pilot, lambda: self.screen.build.state and not self.screen.build.running, "the end")

    def answered(self, count: int) -> bool:
        """Whether so many questions were answered."""
        return len(self.script.answers) == count

    def has_focus(self, widget: Widget) -> bool:
        """Whether it has the keys."""
        return self.app.focused is widget

    def toasts(self) -> list[str]:
        """What was said in passing."""
        return [notification.message for notification in self.app._notifications]


def up_to_question() -> list[Any]:
    """A build until its plan can be looked at, and the question."""
    return [
        script.started(),
        *script.preflight(),
        *script.backend(),
        script.ready(PLAN),
        script.apply_question(PLAN),
    ]


async def asked(pilot: Pilot[Any], world: World) -> None:
    """Wait for the question."""
    await until(pilot, lambda: world.screen.build.question, "the question")
    await until(pilot, lambda: world.screen.query_one(PlanTree).count(), "the plan")


async def test_a_build_from_key_to_summary(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, *up_to_question(), *script.half_applied(), gate, *script.built())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        text = screen_text(pilot)
        assert "Apply this plan of the cluster to play-jest?" in text
        assert "4 to add, 1 to change, 2 to destroy" in text
        assert "▲ Preflight" in text
        assert "build · Cluster" in text  # the header
        await pilot.press("enter", "enter")
        assert not world.script.answers
        await pilot.press("a")
        assert "Sure?" in screen_text(pilot)
        await pilot.press("enter")
        assert not world.script.answers
        await pilot.press("n")
        assert "a approve" in screen_text(pilot)
        await pilot.press("a", "y")
        await until(pilot, gate.reached.is_set, "the apply")
        await until(pilot, lambda: "at work" in screen_text(pilot), "resources at work")
        text = screen_text(pilot)
        assert "◐ ± aws_launch_template.secure" in text
        assert "destroying" in text
        assert "✔ + aws_subnet.private" in text
        assert "✔ module.security  1/1" in text
        gate.open()
        await world.ended(pilot)
        text = screen_text(pilot)
        assert "✔ play-jest is built." in text
        assert "https://play-jest-kubeapi" in text
        assert "join_token    (sensitive value)" in text
        assert "see the instances" in text
        assert world.script.answers == ["yes"]
        assert world.app.opened["play-jest"].build is None


@pytest.mark.parametrize(("key", "verb"), [("b", Verb.RUN), ("p", Verb.PLAN), ("D", Verb.CLEANUP)])
async def test_each_key_starts_its_pipeline(tmp_path: Path, key: str, verb: Verb) -> None:
    world = World(tmp_path, script.started(verb), script.stopped())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press(key)
        await world.ended(pilot)
        assert world.script.verbs == [verb]


async def test_a_declined_plan_changes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("x")
        await world.ended(pilot)
        assert world.script.answers == [""]
        assert "The plan was declined" in screen_text(pilot)
        assert not world.screen.query_one(QuestionBar).has_class("-asking")


async def test_destroying_wants_the_name_typed_every_time(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        script.started(Verb.CLEANUP),
        script.ready(PLAN),
        script.destroy_question(PLAN),
        script.destroy_question(PLAN, topic="destroy-again"),
        script.stopped(),
    )
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("D")
        await asked(pilot, world)
        await pilot.press("a", "escape")
        assert world.screen.build.question is not None  # back to reading the plan
        for count in (1, 2):
            await until(pilot, lambda: world.screen.build.question, "the question")
            await pilot.press("y", "enter", "a")
            await until(pilot, lambda: isinstance(world.app.screen, ConfirmDialog), "the dialog")
            await pilot.press(*"play-jest", "enter")
            await until(pilot, partial(world.answered, count), "the answer")
        await world.ended(pilot)
        assert world.script.answers == ["play-jest", "play-jest"]


async def test_a_question_without_a_plan_is_a_dialog(tmp_path: Path) -> None:
    world = World(
        tmp_path, script.started(), script.bucket_question(), script.bucket_question(), script.stopped()
    )
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(world.app.screen, ConfirmDialog), "the dialog")
        assert "Make the bucket play-jest-state-4f21aa" in screen_text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: len(world.script.answers) == 1, "the answer")
        await until(pilot, lambda: isinstance(world.app.screen, ConfirmDialog), "the second dialog")
        await pilot.press("enter")
        await world.ended(pilot)
        assert world.script.answers == ["yes", ""]


async def test_it_goes_on_while_another_screen_is_looked_at(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, script.started(), gate, *up_to_question()[1:], *script.built())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await until(pilot, gate.reached.is_set, "the start")
        await pilot.press("4")
        await until(pilot, lambda: world.app.screen is not world.screen, "the other screen")
        assert "build" in screen_text(pilot).splitlines()[0]
        gate.open()
        await until(pilot, lambda: any("Press 3 to answer" in said for said in world.toasts()), "the toast")
        await pilot.press("3")
        await asked(pilot, world)
        await until(pilot, lambda: "Apply this plan" in screen_text(pilot), "the question")
        await pilot.press("a", "y")
        await world.ended(pilot)


async def test_a_dialog_waits_until_the_screen_is_seen(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, script.started(), gate, script.bucket_question(), script.stopped())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await until(pilot, gate.reached.is_set, "the start")
        await pilot.press("5")
        await until(pilot, lambda: world.app.screen is not world.screen, "the other screen")
        gate.open()
        await until(pilot, lambda: world.screen.build.question, "the question")
        assert not isinstance(world.app.screen, ConfirmDialog)
        await pilot.press("3")
        await until(pilot, lambda: isinstance(world.app.screen, ConfirmDialog), "the dialog")
        await pilot.press("y")
        await world.ended(pilot)
        assert world.script.answers == ["yes"]


async def test_ctrl_c_stops_cleanly_and_once(tmp_path: Path) -> None:
    gate, after = script.Gate(), script.Gate()
    world = World(tmp_path, *up_to_question(), *script.half_applied(), gate, after)
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "y")
        await until(pilot, gate.reached.is_set, "the apply")
        await pilot.press("ctrl+c", "ctrl+c")
        said = world.toasts()
        assert any(text.startswith("Stopping:") for text in said)
        await world.ended(pilot)
        text = screen_text(pilot)
        assert "The build of play-jest was stopped" in text
        assert "What exists (1)" in text
        assert "aws_key_pair.machines" in text


async def test_a_stop_declines_the_question(tmp_path: Path) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "ctrl+c")
        await world.ended(pilot)
        assert world.script.answers == [""]


async def test_a_second_ctrl_c_says_that_it_stops_already(tmp_path: Path) -> None:
    release = script.Gate()

    def deaf(verb: Verb, site: Any, decisions: Any, stop: Any) -> Any:
        yield script.started()
        release.reached.set()
        release._event.wait(script.WAIT)
        yield script.stopped()

    world = World(tmp_path)
    world.intents.pipeline = deaf
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await until(pilot, release.reached.is_set, "the start")
        await pilot.press("ctrl+c", "ctrl+c")
        assert any("stopping already" in said for said in world.toasts())
        release.open()
        await world.ended(pilot)


async def test_quitting_asks_stops_and_then_ends(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, *up_to_question(), *script.half_applied(), gate, *script.built())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "y")
        await until(pilot, gate.reached.is_set, "the apply")
        await pilot.press("4", "ctrl+q")
        await until(
            pilot, lambda: "Stop the build of play-jest and quit?" in screen_text(pilot), "the dialog"
        )
        await pilot.press("escape")
        assert world.screen.build.running
        await pilot.press("ctrl+q")
        await until(
            pilot, lambda: "Stop the build of play-jest and quit?" in screen_text(pilot), "the dialog"
        )
        await pilot.press("y")
        await world.ended(pilot)
        # Nothing is at work any more: what else must be asked is asked, and the application ends.
        await until(pilot, lambda: "The sandbox and what" in screen_text(pilot) or world.app._exit, "the end")


async def test_a_failure_names_what_failed_and_what_exists(tmp_path: Path) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied(), *script.failed_half_way())
    async with world.app.run_test(size=(120, 50)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "y")
        await world.ended(pilot)
        text = screen_text(pilot)
        assert "✖ The cluster of play-jest could not be applied" in text
        assert "InvalidSubnet.Conflict" in text
        assert "modules/network/subnets.tf:14" in text
        assert "build again: it continues where it stopped" in text
        await pilot.press("V")
        text = screen_text(pilot)
        assert "✖ module.network  1/2  1 failed" in text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            KubeplatError("The state is locked.", why="Anna holds it.", todo="Ask her."),
            "The state is locked. Anna holds it.",
        ),
        (RuntimeError("surprise"), "RuntimeError: surprise"),
    ],
)
async def test_what_cannot_even_begin_ends_as_a_sentence(
    tmp_path: Path, error: Exception, sentence: str
) -> None:
    world = World(tmp_path)
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        world.intents.behaviour.errors["open"] = error
        await pilot.press("b")
        await world.ended(pilot)
        assert sentence in screen_text(pilot)
        assert world.app.opened["play-jest"].build is None
        del world.intents.behaviour.errors["open"]


async def test_secrets_count_in_their_step_and_are_named_quietly_in_the_log(tmp_path: Path) -> None:
    world = World(tmp_path, *script.secrets_at_work(), script.Gate())
    async with world.app.run_test(size=(140, 44)) as pilot:
        await world.open(pilot)
        await at_upload(world, pilot)
        text = screen_text(pilot)
        assert "━━━━────────" in text
        assert "31 files made" in text
        assert "· secrets    uploaded: locked/kubernetes-ca.key" in text
        assert "▲ secrets    conflict: secure/tokens.csv (changed on both sides)" in text
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "12/31  " in screen_text(pilot), "the counter in a low window")
        await pilot.resize_terminal(110, 20)
        await until(
            pilot, lambda: "─ 12/31" in screen_text(pilot), "the bar where not every step has its line"
        )
        assert "Kubernetes API" in screen_text(pilot)
        assert "31 files made" not in screen_text(pilot)


async def test_a_pipeline_that_ends_without_a_word_is_a_failure(tmp_path: Path) -> None:
    world = World(tmp_path, script.started())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await world.ended(pilot)
        assert "ended without saying how" in screen_text(pilot)


async def test_one_at_a_time(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, script.started(), gate, script.stopped())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await until(pilot, gate.reached.is_set, "the start")
        await pilot.press("b", "p", "D")
        assert world.script.verbs == [Verb.RUN]
        await world.app.go("staging", "build")
        await until(pilot, lambda: "The last cleanup" in screen_text(pilot), "the other environment")
        await pilot.press("b")
        assert any("play-jest is being worked on" in said for said in world.toasts())
        assert world.script.verbs == [Verb.RUN]
        gate.open()
        await world.ended(pilot)


async def test_a_burst_of_events_arrives_whole(tmp_path: Path) -> None:
    plan = of_size(500)
    burst: list[Any] = [script.started(), script.ready(plan), script.apply_question(plan)]
    for change in plan.changes:
        burst += [
            script.progress(change.address, Phase.STARTED, 30),
            LogLine(text=f"{change.address} is begun", source="cluster", at=script.at(31)),
            script.progress(change.address, Phase.DONE, 32, elapsed=2.0),
        ]
    world = World(tmp_path, *burst, script.stopped())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "y")
        await world.ended(pilot)
        state = world.screen.build.state
        assert state is not None
        assert sum(one.done for one in state.resources.values()) == 500
        assert len(world.screen.query_one(LogView).lines.store) > 1000


async def test_views_and_the_log_change_by_their_keys(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, *up_to_question(), *script.half_applied(), gate, *script.built())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("v")
        assert "✔ Terraform  Terraform 1.11.4" in screen_text(pilot)
        assert "○ Quotas     not available: The sandbox has no quotas." in screen_text(pilot)
        await pilot.press("v", "a", "y")
        await until(pilot, gate.reached.is_set, "the apply")
        await until(pilot, lambda: "at work" in screen_text(pilot), "resources")
        resources = world.screen.query_one(ResourceList)
        assert world.has_focus(resources)
        rows = resources.count()
        await pilot.press("enter")
        assert resources.count() < rows
        await pilot.press("enter", "y", "V")
        assert "▾ - destroy" in screen_text(pilot)
        log = world.screen.query_one(LogView)
        small = log.size.height
        await pilot.press("L")
        await until(pilot, lambda: log.size.height > small, "the large log")
        assert world.has_focus(log.lines)
        await pilot.press("slash", *"subnet", "enter")
        await until(pilot, lambda: "filter subnet" in log.title_text(), "the filter")
        await pilot.press("n", "N", "f", "c", "w", "escape")
        await until(pilot, lambda: log.lines.filter == "", "no filter")
        await pilot.press("slash")
        await until(pilot, lambda: log.lines.filter == "subnet", "the filter remembered")
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(world.app.screen, SaveLogDialog), "the dialog")
        await pilot.press("escape", "L")
        assert "Log (" not in screen_text(pilot)
        await pilot.press("L")
        assert "Log (" in screen_text(pilot)
        gate.open()
        await world.ended(pilot)


async def test_the_plan_is_filtered_while_the_question_waits(tmp_path: Path) -> None:
    world = World(tmp_path, *up_to_question())
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("slash", *"launch_t", "enter")
        await until(pilot, lambda: "Plan (1/10)" in screen_text(pilot), "the filter")
        await pilot.press("plus", "minus", "enter", "h", "l", "y", "x")
        await world.ended(pilot)


async def test_the_question_survives_leaving_and_resizing(tmp_path: Path) -> None:
    world = World(tmp_path, *up_to_question())
    async with world.app.run_test(size=(160, 45)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "x decline" in screen_text(pilot), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: world.app.screen is not world.screen, "the environments")
        await world.app.go("play-jest", "build")
        await until(pilot, lambda: "x decline" in screen_text(pilot), "the question")
        await pilot.press("x")
        await world.ended(pilot)


# --- pictures --------------------------------------------------------------------------------------


def empty(world: World) -> None:
    """Nothing has run."""
    world.intents.runs = {}


async def at_question(world: World, pilot: Pilot[Any]) -> None:
    """The plan and its question."""
    await pilot.press("b")
    await asked(pilot, world)


async def at_work(world: World, pilot: Pilot[Any]) -> None:
    """Resources at work."""
    await at_question(world, pilot)
    await pilot.press("a", "y")
    await until(pilot, lambda: "destroying" in screen_text(pilot), "resources at work")


async def at_upload(world: World, pilot: Pilot[Any]) -> None:
    """Secrets on their way."""
    await pilot.press("b")
    await until(pilot, lambda: "12/31" in screen_text(pilot), "the upload")


async def at_end(world: World, pilot: Pilot[Any]) -> None:
    """The summary."""
    await at_question(world, pilot)
    await pilot.press("a", "y")
    await world.ended(pilot)


async def at_start(world: World, pilot: Pilot[Any]) -> None:
    """Nothing yet."""


def picture(
    snap_compare: Any,
    world: World,
    size: tuple[int, int],
    prepare: Callable[[World, Pilot[Any]], Awaitable[None]],
) -> bool:
    """Compare with the picture kept."""

    async def run(pilot: Pilot[Any]) -> None:
        await world.open(pilot)
        await prepare(world, pilot)

    return bool(snap_compare(world.app, terminal_size=size, run_before=run))


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_nothing_yet(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    world = World(tmp_path)
    empty(world)
    assert picture(snap_compare, world, size, at_start)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_question(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    assert picture(snap_compare, World(tmp_path, *up_to_question()), size, at_question)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_resources_at_work(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied(), script.Gate())
    assert picture(snap_compare, world, size, at_work)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_secrets_at_work(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    world = World(tmp_path, *script.secrets_at_work(), script.Gate())
    assert picture(snap_compare, world, size, at_upload)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_summary(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied(), *script.built())
    assert picture(snap_compare, world, size, at_end)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_a_failure(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    world = World(tmp_path, *up_to_question(), *script.half_applied(), *script.failed_half_way())
    assert picture(snap_compare, world, size, at_end)
