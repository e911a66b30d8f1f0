"""Terminating and scaling on the Instances screen: asked, followed in place, refused with sentences, stopped."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.screens.instances.scale_dialog import ScaleDialog
from kubeplat_tui.screens.instances.screen import InstancesScreen
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.events import Outcome, PipelineFinished
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing, Waiting
from kubeplat_tui.services.replacement.groups import Member, ScalingGroup
from kubeplat_tui.services.replacement.pools import Pool, Setting
from kubeplat_tui.widgets.confirm import ConfirmDialog
from tests.screens.fakes import INSTANCES, NOW, FakeIntents
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.services.events import Event, Stop

OLD = INSTANCES[3]
NEW = replace(OLD, id="i-0new", private_ip="10.80.20.150", launched=NOW)
MEMBERS = tuple(Member(f"i-{number}", "InService", healthy=True, zone="eu-west-2a") for number in range(3))


def pool(name: str = "default") -> Pool:
    group = ScalingGroup(f"play-jest-compute-{name}", Layer.COMPUTE, name, "", 2, 5, 3, MEMBERS, ())
    return Pool(name, group, Setting("compute_asg_min", 2), Setting("compute_asg_max", 5))


class Script:
    """What happens: each step waits until the test lets it."""

    def __init__(self, intents: FakeIntents) -> None:
        self.intents = intents
        self.steps: list[threading.Event] = []
        self.stop: Stop | None = None
        intents.replacement = self.play

    def go(self, step: int) -> None:
        self.steps[step].set()

    def go_on(self) -> None:
        for step in self.steps:
            step.set()

    def play(self, ids: Sequence[str], stop: Stop) -> Iterator[Event]:
        self.stop = stop
        self.steps = [threading.Event() for _ in range(4)]
        stop.when_requested(self.go_on)
        yield self.changed(OLD.id, Standing.TERMINATING)
        yield Waiting(what="the replacement", seconds=0, limit=900)
        self.steps[0].wait(20)
        yield GroupActed(group="compute", text="No capacity.", problem=True, todo="Wait for it.")
        self.steps[1].wait(20)
        if stop.requested:
            yield PipelineFinished(
                outcome=Outcome.STOPPED,
                exit_code=ExitCode.FAILED,
                sentence="Stopped.",
                left=(f"{OLD.id}: goes",),
            )
            return
        self.intents.machines = [NEW if one.id == OLD.id else one for one in self.intents.machines]
        yield self.changed(NEW.id, Standing.PENDING)
        self.steps[2].wait(20)
        yield self.changed(NEW.id, Standing.IN_SERVICE)
        self.steps[3].wait(20)
        yield PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence="All replaced.")

    @staticmethod
    def changed(machine: str, standing: Standing) -> MachineChanged:
        return MachineChanged(
            machine=machine,
            name="play-jest-compute",
            address="",
            zone="",
            group="",
            standing=standing,
            new=False,
        )


async def opened(pilot: Pilot[Any], app: KubeplatApp, name: str = "play-jest") -> InstancesScreen:
    await until(pilot, lambda: name in screen_text(pilot), "the environments")
    await app.go(name, "instances")
    await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "the machines")
    assert isinstance(app.screen, InstancesScreen)
    return app.screen


def fakes(folder: Path) -> tuple[KubeplatApp, FakeIntents]:
    intents = FakeIntents(folder / "kubeplat")
    return KubeplatApp(intents, now=lambda: NOW), intents


async def test_marked_machines_go_and_are_followed_while_the_screen_goes_on(tmp_path: Path) -> None:
    app, intents = fakes(tmp_path)
    script = Script(intents)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, app)
        for one in (OLD, INSTANCES[4]):
            screen._instances.go_to(one.id)
            await pilot.press("space")
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        text = screen_text(pilot)
        assert "Terminate 2 machines of compute?" in text
        assert OLD.id in text
        await pilot.press(*"play-jest", "enter")
        await until(pilot, lambda: "◐ terminating" in screen_text(pilot), "the row's state")
        assert f"terminate {OLD.id} {INSTANCES[4].id}" in intents.behaviour.calls
        assert "Terminating 2 machines of compute" in screen_text(pilot)
        assert "of at most 15:00" in screen_text(pilot)
        # One thing at a time; all else works, elsewhere too.
        assert not any(screen.check_action(one, ()) for one in ("terminate", "terminate_layer", "scale"))
        await pilot.press("v", "v", "5")
        await until(pilot, lambda: app.screen is not screen, "another screen")
        script.go(0)
        await pilot.press("4")
        await until(pilot, lambda: "No capacity. Wait for it." in screen_text(pilot), "the problem")
        script.go(1)
        await until(pilot, lambda: "10.80.20.150" in screen_text(pilot), "the new row")
        assert "◐ pending" in screen_text(pilot)
        script.go(2)
        await until(pilot, lambda: "● in service" in screen_text(pilot), "the new machine's state")
        script.go(3)
        await until(pilot, lambda: "✔ All replaced." in screen_text(pilot), "the end")
        assert "in service" not in screen_text(pilot)
        await pilot.press("x")
        await until(pilot, lambda: "All replaced." not in screen_text(pilot), "the line goes")
        assert not screen.check_action("stop", ())


async def test_stopping_stops_the_waiting_and_quitting_too(tmp_path: Path) -> None:
    app, intents = fakes(tmp_path)
    script = Script(intents)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, app)
        screen._instances.go_to(INSTANCES[0].id)
        await pilot.press("L")
        await until(pilot, lambda: "Masters go one after the other" in screen_text(pilot), "the question")
        await pilot.press(*"play-jest", "enter")
        await until(pilot, lambda: "stops waiting" in screen_text(pilot), "the line")
        await pilot.press("x")
        await until(pilot, lambda: f"▲ Stopped. {OLD.id}: goes" in screen_text(pilot), "the end")
        await pilot.press("L", *"play-jest", "enter")
        await until(pilot, lambda: "stops waiting" in screen_text(pilot), "the line again")
    assert script.stop is not None
    assert script.stop.requested


async def test_a_refusal_takes_the_question_away_and_says_why(tmp_path: Path) -> None:
    app, intents = fakes(tmp_path)
    gate = intents.behaviour.gates[f"termination {INSTANCES[0].id}"] = threading.Event()
    intents.behaviour.errors[f"termination {INSTANCES[0].id}"] = InputError(
        "It is a master, and another one is missing.", todo="Wait for it."
    )
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await opened(pilot, app)
        screen._instances.go_to(INSTANCES[0].id)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        gate.set()
        await until(pilot, lambda: app.screen is screen, "the question goes")
        assert "✖ It is a master, and another one is missing. Wait for it." in screen_text(pilot)
        assert not any(call.startswith("terminate ") for call in intents.behaviour.calls)


async def test_outside_a_playground_the_name_is_typed_twice(tmp_path: Path) -> None:
    app, intents = fakes(tmp_path)
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot, app, "staging")
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        await pilot.press(*"staging", "enter")
        await until(pilot, lambda: "staging is not a playground" in screen_text(pilot), "the second question")
        await pilot.press("enter")
        assert not any(call.startswith("terminate ") for call in intents.behaviour.calls)


async def test_a_pool_is_scaled_within_its_bounds(tmp_path: Path) -> None:
    app, intents = fakes(tmp_path)
    intents.made_pools = (pool(), pool("gpu"))
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("S")
        await until(pilot, lambda: "Which pool?" in screen_text(pilot), "the pools")
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ScaleDialog), "the size")
        text = screen_text(pilot)
        assert "Scale the pool gpu" in text
        assert "In service 3 · desired 3" in text
        assert "At least 2 (compute_asg_min) · at most 5 (compute_asg_max)" in text
        intents.behaviour.errors["scaling 9"] = InputError(
            "9 is out of the bounds.", todo="Change the setting."
        )
        await pilot.press("9", "enter")
        await until(
            pilot, lambda: "✖ 9 is out of the bounds. Change the setting." in screen_text(pilot), "why not"
        )
        await pilot.press("4", "enter")
        await until(pilot, lambda: "from 3 to 4 machines" in screen_text(pilot), "the question")
        await pilot.press(*"play-jest", "enter")
        await until(pilot, lambda: "✔ Done." in screen_text(pilot), "the end")
        assert "scale gpu 4" in intents.behaviour.calls
        intents.made_pools = ()
        await pilot.press("x", "S")
        await until(pilot, lambda: "has no pool of workers" in screen_text(pilot), "that there is none")
