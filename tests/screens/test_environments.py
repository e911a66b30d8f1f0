"""The list of environments: what is in it, how it begins, and what Enter and `n` do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki.findings import Expiry
from kubeplat_tui.widgets.footer import live_actions
from tests.screens.driving import press, seen, settle, write
from tests.screens.fakes import NOW
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]

SIZES = [(80, 24), (160, 45)]


async def test_every_environment_is_listed_with_its_state(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        lines = seen(app).splitlines()
    row = {line.split()[1].strip("▌"): line for line in lines[3:6] if line.split()[0] == "▌"} | {
        line.split()[0]: line for line in lines[3:6] if line.split()[0] != "▌"
    }
    assert "✖ broken file" in row["lab"] or "✖ broken file" in lines[3]
    assert "✔ built" in row["play-jest"]
    assert "sandbox" in row["play-jest"]
    assert "2 h" in row["play-jest"]
    assert "○ cleaned up" in row["staging"]
    assert "AWS 210987654321" in row["staging"]


async def test_a_broken_file_says_where_and_what_to_do(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "g")
        assert "lab.tfvars:2" in seen(app)


async def test_the_empty_folder_offers_the_playground(
    no_environments: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(no_environments)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "There is no environment yet." in seen(app)
        assert {hint.id for hint in live_actions(app.screen)} >= {
            "environments.playground",
            "app.help",
            "screen.quit",
        }
        assert "table.open" not in {hint.id for hint in live_actions(app.screen)}
        await press(pilot, "n")
        assert "play-jest" in seen(app)
        assert (no_environments.workplace.environments / "play-jest.tfvars").exists()
        assert "environments.playground" not in {hint.id for hint in live_actions(app.screen)}


async def test_enter_makes_the_playground_where_there_is_nothing_else(
    no_environments: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(no_environments)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert "Environments (1)" in seen(app)


async def test_started_for_the_playground_it_is_made_and_under_the_cursor(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    (intents.workplace.environments / "play-jest.tfvars").unlink()
    app = make_app(intents, playground=True)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "▌ play-jest" in seen(app)
        assert len(app.screen_stack) == 1


async def test_started_for_an_environment_it_is_opened(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "1 Overview" in seen(app)
        await press(pilot, "escape")
        assert "Environments (3)" in seen(app)


async def test_opening_says_how_long_it_takes_and_can_be_left(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    gate = intents.behaviour.gates["open"] = threading.Event()
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("j", "enter")
        await _until(pilot, "Starting the sandbox for play-jest  0 s")
        await pilot.press("escape")
        await pilot.pause()
        assert "Environments (3)" in seen(app)
        gate.set()
        await settle(pilot)


async def test_a_list_that_cannot_be_read_says_why_and_is_read_again(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.behaviour.errors["environment_names"] = KubeplatError(
        "/srv/environments could not be listed.",
        why="Permission denied.",
        todo="Give yourself the right to read it.",
    )
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        for part in (
            "✖ /srv/environments could not be listed.",
            "Permission denied.",
            "Give yourself the right",
        ):
            assert part in seen(app)
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "Environments (3)" in seen(app)


async def test_the_filter_follows_what_is_typed(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        await write(pilot, "sandbox")
        assert "Environments (1/3)" in seen(app)
        await press(pilot, "enter")
        assert "filter sandbox" in seen(app)
        await press(pilot, "escape")
        assert "Environments (3)" in seen(app)
        await press(pilot, "slash", "!", "a", "escape")
        assert "Environments (3)" in seen(app)


async def test_an_unfinished_expression_keeps_the_filter_before_it(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        await write(pilot, "stag")
        await pilot.press("(")
        await settle(pilot)
        assert "Environments (1/3)" in seen(app)
        assert "Not a regular expression yet" in seen(app)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_picture(
    intents: FakeIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def begin(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "j")

    assert snap_compare(make_app(intents), terminal_size=size, run_before=begin)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_picture_of_nothing(
    no_environments: FakeIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    assert snap_compare(make_app(no_environments), terminal_size=size, run_before=settle)


async def _until(pilot: Pilot[int], text: str) -> None:
    """Wait until `text` is seen: the worker itself waits at a gate."""
    for _ in range(100):
        await pilot.pause()
        if text in seen(pilot.app):  # type: ignore[arg-type]  # it is a KubeplatApp
            return
    pytest.fail(f"never seen: {text}\n{seen(pilot.app)}")  # type: ignore[arg-type]  # it is a KubeplatApp


async def test_the_next_expiry_stands_beside_each_environment(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    gate = intents.behaviour.gates["expiry"] = threading.Event()
    due = Expiry("secure/apiserver.crt", "apiserver", NOW + timedelta(days=41, hours=1))
    intents.expiries["staging"] = due
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: "staging" in seen(app), "the list, before any expiry is known")
        assert "363 d" not in seen(app)
        gate.set()
        await settle(pilot)
        rows = {
            name: line for line in seen(app).splitlines() for name in ("play-jest", "staging") if name in line
        }
        assert "363 d" in rows["play-jest"]
        assert "▲ 41 d" in rows["staging"]
        intents.expiries["staging"] = replace(due, expires=NOW - timedelta(days=1))
        await press(pilot, "ctrl+r")
        assert "✖ expired" in seen(app)
        assert intents.clouds == {}


async def test_a_working_copy_that_cannot_be_read_is_said_in_its_row(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.behaviour.errors["expiry"] = KubeplatError("secrets cannot be read.")
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "▲ unreadable" in seen(app)
        assert "Environments (3)" in seen(app)
