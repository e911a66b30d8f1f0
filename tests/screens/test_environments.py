"""The list of environments: what is in it, how it begins, and what Enter and `n` do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.crew import PARALLEL
from kubeplat_tui.services.environments.standing import Built, Standing
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


def rows(app: KubeplatApp, *names: str) -> dict[str, str]:
    """The table's lines, by the environment's name."""
    lines = [line.lstrip(" ▌") for line in seen(app).splitlines()[2:]]
    return {name: line for name in names for line in lines if line.startswith(f"{name} ")}


async def test_every_environment_is_listed_with_what_stands_of_it(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    states = {
        "production": (Standing(Built.BUILT, 151, NOW, "anna@build-7"), "◐ locked by anna@build-7"),
        "load": (Standing(Built.PARTLY, 12, NOW), "◐ partly (12)"),
        "denied": (Standing(Built.UNKNOWN, why="AWS refused s3:ListBucket."), "▲ unknown"),
    }
    for name, (standing, _) in states.items():
        intents.add(name)
        intents.standings[name] = standing
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        found = rows(app, "lab", "play-jest", "staging", *states)
        for name, (_, words) in states.items():
            assert words in found[name]
        assert "✖ broken file" in found["lab"]
        assert "a value is missing here" in found["lab"]
        for part in ("● built (148)", "sandbox", "eu-west-2", "✔ built", "2 h", "363 d"):
            assert part in found["play-jest"]
        for part in ("○ nothing", "AWS 210987654321", "eu-west-1", "○ cleaned up"):
            assert part in found["staging"]
        assert "AWS refused s3:ListBucket." in found["denied"]
        await press(pilot, "g")
        assert "▲ AWS refused s3:ListBucket." in words_of_detail(app)
        await press(pilot, "l", "o")  # by state: what needs a person first
        order = [line.split()[0] for line in (one.lstrip(" ▌") for one in seen(app).splitlines()[3:9])]
        assert order == ["lab", "denied", "production", "load", "play-jest", "staging"]


def words_of_detail(app: KubeplatApp) -> str:
    return " ".join(seen(app).split("─" * 20)[-1].split())


async def test_names_come_first_and_the_keys_wait_for_no_account(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    for number in range(20):
        intents.add(f"env-{number:02}")
    slow = intents.behaviour.gates
    slow["environments"] = threading.Event()
    slow["standing env-03"] = threading.Event()
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: "Environments (23)" in seen(app), "the names")
        assert "◐ reading" in rows(app, "env-03")["env-03"]
        assert "AWS" not in seen(app)
        slow["environments"].set()
        await until(pilot, lambda: "○ nothing" in rows(app, "env-19")["env-19"], "the answers of the others")
        assert "◐ reading" in rows(app, "env-03")["env-03"]
        assert "◐ asking for 1" in seen(app)
        await pilot.press("slash", *"env_19".replace("_", "."), "enter")
        await until(pilot, lambda: "Environments (1/23)" in seen(app), "the filter")
        assert intents.most_at_once <= PARALLEL
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0, "the end, though an account is silent")
        assert not slow["standing env-03"].is_set()
    slow["standing env-03"].set()


async def test_coming_back_asks_for_the_one_that_was_left_and_a_refresh_for_all(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)

    def asked() -> list[str]:
        found = [call.removeprefix("standing ") for call in intents.behaviour.calls if "standing" in call]
        intents.behaviour.calls.clear()
        return sorted(found)

    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert asked() == ["play-jest", "staging"]
        await press(pilot, "j", "enter", "escape")
        assert asked() == ["play-jest"]
        intents.standings["staging"] = Standing(Built.BUILT, 3)
        await press(pilot, "ctrl+r")
        assert asked() == ["play-jest", "staging"]
        assert "● built (3)" in rows(app, "staging")["staging"]


async def test_a_standing_that_fails_unforeseen_is_unknown_and_says_so(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.behaviour.errors["standing play-jest"] = RuntimeError("odd")
    intents.behaviour.errors["standing staging"] = KubeplatError("No profile staging.", todo="Make one.")
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "▲ unknown" in rows(app, "play-jest")["play-jest"]
        assert "kubeplat failed while asking" in rows(app, "play-jest")["play-jest"]
        assert "No profile staging. Make one." in rows(app, "staging")["staging"]
    assert "RuntimeError: odd" in (intents.workplace.state / "errors.log").read_text()


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
