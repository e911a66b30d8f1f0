"""Instances and volumes: every column, sorted and filtered, described, refreshed, terminated once the name is typed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.screens.describe import DescribeDialog
from kubeplat_tui.screens.instances.columns import instance_columns, volume_columns
from kubeplat_tui.screens.instances.screen import InstancesScreen
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.confirm import ConfirmDialog
from tests.screens.fake_inventory import volumes
from tests.screens.fakes import INSTANCES, NOW, FakeIntents
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 45)]


def world(folder: Path) -> KubeplatApp:
    """The application with machines and volumes."""
    intents = FakeIntents(folder / "kubeplat")
    intents.disks = volumes()
    return KubeplatApp(intents, now=lambda: NOW)


def fake(app: KubeplatApp) -> FakeIntents:
    """What it asks."""
    assert isinstance(app.intents, FakeIntents)
    return app.intents


async def opened(pilot: Pilot[Any], app: KubeplatApp, wait_for: str = "Instances (7)") -> InstancesScreen:
    """The Instances screen with its rows."""
    await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
    await app.go("play-jest", "instances")
    await until(pilot, lambda: wait_for in screen_text(pilot), wait_for)
    assert isinstance(app.screen, InstancesScreen)
    return app.screen


async def test_every_column_is_there_where_there_is_room(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(160, 45)) as pilot:
        await opened(pilot, app)
        text = screen_text(pilot)
        for title in ("Name", "Private IP", "Public IP", "Id", "State", "Zone", "Type", "Age", "Layer"):
            assert title in text
        assert "◐ pending" in text
        assert "● running" in text
        await pilot.press("v")
        await until(pilot, lambda: "Volumes (4)" in screen_text(pilot), "the volumes")
        text = screen_text(pilot)
        for title in ("Size", "Type", "State", "Zone", "NodeID", "Attached to", "Encrypted", "Age"):
            assert title in text
        assert "120 GiB" in text
        assert "▲ no" in text
        assert "play-jest-secure" in text
        await pilot.press("v")
        await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "the instances")


async def test_what_names_a_machine_stays_on_a_narrow_screen(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await opened(pilot, app)
        text = screen_text(pilot)
        assert "10.80.110.100" in text
        assert "● running" in text


async def test_enter_describes_and_y_copies(tmp_path: Path) -> None:
    app = world(tmp_path)
    machine = replace(
        INSTANCES[0],
        image="ami-0aa1b2c3d4e5f6a7b",
        subnet="subnet-0123",
        auto_scaling_group="play-jest-secure-a",
        security_groups=("sg-0aaa (secure)", "sg-0bbb (etcd)"),
        volumes=("vol-00a4c6e8b2d1f30579", "vol-0root"),
        tags=(*INSTANCES[0].tags, ("Evil", "\x1b]0;pwned\x07")),
    )
    fake(app).machines = [machine]
    async with app.run_test(size=(120, 50)) as pilot:
        await opened(pilot, app, "Instances (1)")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DescribeDialog), "the description")
        text = screen_text(pilot)
        for words in (
            "ami-0aa1b2c3d4e5f6a7b",
            "sg-0bbb (etcd)",
            "Security groups (2)",
            "Volumes (2)",
            "Tags (4)",
        ):
            assert words in text
        assert "vol-00a4c6e8b2d1f30579  20 GiB gp3  /dev/xvdf  play-jest-etcd-a" in text
        assert "\x1b" not in text
        await pilot.press("y")
        assert app.clipboard == machine.id
        await pilot.press("escape", "v")
        await until(pilot, lambda: "Volumes (4)" in screen_text(pilot), "the volumes")
        await pilot.press("enter")
        await until(pilot, lambda: "as /dev/xvdf" in screen_text(pilot), "the volume's description")
        await pilot.press("q")
        assert isinstance(app.screen, InstancesScreen)


async def test_terminating_wants_the_environments_name(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the dialog")
        await pilot.press("enter")
        await pilot.press("T", *"play-jes", "enter", "escape")
        assert not [call for call in fake(app).behaviour.calls if call.startswith("terminate ")]
        await pilot.press("T", *"play-jest", "enter")
        await until(pilot, lambda: "shutting-down" in screen_text(pilot), "the state")
        assert [call for call in fake(app).behaviour.calls if call.startswith("terminate ")] == [
            f"terminate {INSTANCES[-1].id}"
        ]
        assert screen.changing
        # What is going already cannot be terminated again.
        assert not screen.check_action("terminate", ())


async def test_a_refused_termination_is_said_above_the_table(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        fake(app).behaviour.errors[f"terminate {INSTANCES[-1].id}"] = KubeplatError(
            "AWS refused to terminate the instance.", why="UnauthorizedOperation.", todo="Ask for the right."
        )
        await pilot.press("T", *"play-jest", "enter")
        await until(pilot, lambda: "AWS refused to terminate" in screen_text(pilot), "the sentence")
        assert "play-jest-bastion" in screen_text(pilot)


async def test_a_refresh_keeps_the_cursor_and_shows_what_changed(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("j", "j")
        before = screen._instances.current
        fake(app).machines = [replace(one, state="stopped") for one in fake(app).machines[1:]]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Instances (6)" in screen_text(pilot), "the new rows")
        assert "○ stopped" in screen_text(pilot)
        after = screen._instances.current
        assert before is not None
        assert after is not None
        assert before.id == after.id


async def test_it_reads_again_by_itself_only_while_it_is_seen(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        calls = fake(app).behaviour.calls
        before = calls.count("instances")
        screen._read_when_seen()
        await until(pilot, lambda: calls.count("instances") == before + 1, "the reading")
        await pilot.press("5")
        await until(pilot, lambda: app.screen is not screen, "the other screen")
        before = calls.count("instances")
        screen._read_when_seen()
        assert calls.count("instances") == before
        await pilot.press("4")
        await until(pilot, lambda: calls.count("instances") == before + 1, "the reading that was due")


async def test_what_moves_is_watched_more_closely(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        assert screen.changing
        assert screen._timer is not None
        assert screen._timer._interval == 3.0
        fake(app).machines = INSTANCES[:2]
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Instances (2)" in screen_text(pilot), "fewer rows")
        assert screen._timer._interval == app.settings.refresh


async def test_empty_failed_and_forbidden_have_their_sentences(tmp_path: Path) -> None:
    app = world(tmp_path)
    fake(app).machines = []
    fake(app).disks = []
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app, "play-jest has no instances.")
        assert "Press 3 to go to Build." in screen_text(pilot)
        fake(app).behaviour.errors["instances"] = KubeplatError(
            "AWS did not list the instances.",
            why="You may not DescribeInstances.",
            todo="Ask for ec2:DescribeInstances.",
        )
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "AWS did not list" in screen_text(pilot), "the failure")
        assert "Ask for ec2:DescribeInstances." in screen_text(pilot)
        fake(app).behaviour.errors.clear()
        fake(app).machines = list(INSTANCES)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "the rows")
        fake(app).behaviour.errors["volumes"] = RuntimeError("boom")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "RuntimeError: boom" in screen_text(pilot), "the banner")
        assert "play-jest-bastion" in screen_text(pilot)  # what was read before stays


async def test_the_filter_and_the_order_of_addresses(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("slash", *"secure", "enter")
        await until(pilot, lambda: "Instances (3/7)" in screen_text(pilot), "the filter")
        await pilot.press("escape", "l", "o")
        shown = [row.private_ip for row in screen._instances.shown]
        assert shown == sorted(shown, key=lambda address: [int(part) for part in address.split(".")])


def test_exports_hold_numbers_and_times_not_words() -> None:
    raws = {column.title: column.raw for column in volume_columns(lambda: NOW, lambda _: "")}
    size, encrypted, created = raws["Size"], raws["Encrypted"], raws["Age"]
    assert size is not None
    assert encrypted is not None
    assert created is not None
    row = volumes()[3]
    assert (size(row), encrypted(row)) == (120, False)
    assert created(row) == "2026-09-23T14:05:09+00:00"
    assert instance_columns(lambda: NOW, lambda row: row.state)[7].raw is not None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "keys", [[], ["enter"], ["T", *"play"], ["v"]], ids=["table", "described", "terminate", "volumes"]
)
def test_picture(snap_compare: Any, tmp_path: Path, size: tuple[int, int], keys: list[str]) -> None:
    app = world(tmp_path)

    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, app)
        await pilot.press(*keys)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_nothing(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    app = world(tmp_path)
    fake(app).machines = []

    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, app, "has no instances")

    assert snap_compare(app, terminal_size=size, run_before=prepare)
