"""Making a new environment: filled in while you type, checked as you type, shown before it is written."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from kubeplat_tui.screens.environments.wizard import NewEnvironmentScreen
from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.errors import KubeplatError
from tests.screens.driving import notices, press, seen, settle, words
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.environments.creation import Suggestion
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]

SIZES = [(80, 24), (160, 45)]
TERRAFORM = Path(__file__).parents[2] / "terraform"


@pytest.fixture
def intents(intents: FakeIntents) -> FakeIntents:
    """The real declarations: the real template sets what they have."""
    intents.workplace = replace(intents.workplace, terraform=TERRAFORM)
    return intents


def field(app: KubeplatApp, name: str) -> Input:
    return app.screen.query_one(f"#{name} Input", Input)


async def fill(pilot: Pilot[int], name: str, text: str) -> None:
    """Replace what stands in a field, as typing does."""
    target = pilot.app.screen.query_one(f"#{name} Input", Input)
    target.focus()
    await settle(pilot)
    target.value = text
    await pilot.pause()  # until the field has said so, nothing is at work
    await settle(pilot)


async def type_name(pilot: Pilot[int]) -> None:
    await pilot.press(*"lab", "minus", "2")
    await settle(pilot)


async def test_an_environment_is_made_from_what_was_found_and_shown(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    intents.behaviour.errors["make_environment"] = KubeplatError("The disk is full.")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await type_name(pilot)
        for found in (
            "210987654321",
            "eu-west-1a, eu-west-1b, eu-west-1c",
            "10.81.0.0/16",
            "203.0.113.7/32",
            "example.com",
            "lab-2.internal",
            "✔ Looked up as arn:aws:iam::210987654321:user/jest.",
        ):
            assert found in seen(app)
        await press(pilot, "ctrl+s")
        assert "lab-2.tfvars, as it will be written" in seen(app)
        assert 'environment = "lab-2"' in seen(app)
        shown = app.screen._text  # type: ignore[attr-defined]  # the dialog's
        await press(pilot, "ctrl+s")
        assert "✖ The disk is full." in seen(app)
        assert not (intents.workplace.environments / "lab-2.tfvars").exists()
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+s")
        assert (intents.workplace.environments / "lab-2.tfvars").read_text() == shown
        assert "1 Overview" in seen(app)
        assert "lab-2" in seen(app).splitlines()[0]
        assert notices(app)[0].splitlines() == [
            "lab-2.tfvars is made.",
            "The state-bucket of lab-2 was made.",
            "The master-key of lab-2 was made.",
        ]
        await press(pilot, "escape")
        assert "Environments (4)" in seen(app)
        assert "▌ lab-2" in seen(app)


async def test_typing_goes_on_while_it_is_looked_up_and_what_is_typed_stays(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    behaviour = intents.behaviour
    gate = behaviour.gates["suggest_environment"] = threading.Event()
    behaviour.errors["suggest_environment"] = KubeplatError("No credentials.", todo="Write a profile.")
    app = make_app(intents)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("N")
        await until(pilot, lambda: "◐ Looking up what fits" in seen(app), "the looking up")
        await pilot.press(*"lab", "down", "down", "down", *"11")
        await until(pilot, lambda: "✖" in seen(app), "what is wrong with the account")
        assert "An AWS account's number has 12 digits." in seen(app)
        gate.set()
        await settle(pilot)
        assert "✖ No credentials." in seen(app)
        assert "Write a profile." in seen(app)
        behaviour.errors["suggest_environment"] = ForbiddenError("AWS refused ec2:DescribeVpcs.")
        await press(pilot, "ctrl+r")
        assert "▲ AWS refused ec2:DescribeVpcs." in seen(app)
        behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "✔ Looked up as" in seen(app)
        assert field(app, "name").value == "lab"
        assert field(app, "account").value == "11"
        assert field(app, "vpc_cidr").value == "10.81.0.0/16"


async def test_every_field_is_checked_as_it_is_typed(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        assert "✖" not in seen(app)  # an empty field is not scolded before anybody wanted to go on
        await press(pilot, *"Lab")
        assert "✖ 1 wrong" in seen(app)
        assert "An environment's name has 1 to 20 lower-case letters" in words(app)
        await fill(pilot, "vpc_cidr", "10.80.16.0/20")
        assert "✖ 10.80.16.0/20 overlaps 10.80.0.0/16 of staging." in words(app)
        await fill(pilot, "region", "")
        assert "needs a region" not in words(app)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, NewEnvironmentScreen)
        assert "The environment needs a region." in words(app)
        await press(pilot, "ctrl+n")
        here = app.focused
        assert here is not None
        assert here is not field(app, "region")
        await fill(pilot, "vpc_cidr", "10.82.0.0/16")
        assert "overlaps" not in words(app)


async def test_what_depends_on_region_and_sandbox_follows_them(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.behaviour.errors["remedy master-key"] = KubeplatError("AWS refused kms:CreateKey.")
    app = make_app(intents)

    def asked() -> int:
        return intents.behaviour.calls.count("suggest_environment")

    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await type_name(pilot)
        await fill(pilot, "region", "eu-central-1")
        before = asked()
        await press(pilot, "enter")
        assert asked() == before + 1
        assert field(app, "zones").value == "eu-central-1a, eu-central-1b, eu-central-1c"
        await press(pilot, "up", "shift+tab")
        assert asked() == before + 1
        app.screen.query_one("#sandbox").focus()
        await press(pilot, "space")
        assert "Account" not in seen(app)
        assert "[x] Make this zone" in seen(app)
        assert field(app, "public_zone_name").value == "lab-2.test"
        await press(pilot, "ctrl+s", "tab", "space", "space", "ctrl+s")
        text = (intents.workplace.environments / "lab-2.tfvars").read_text()
        for line in ("sandbox = true", 'aws_region  = "eu-central-1"', "public_zone_create = true"):
            assert line in text
        assert "1 Overview" in seen(app)
        assert "AWS refused kms:CreateKey." in notices(app)


async def test_without_anything_of_aws_on_this_computer_it_is_the_sandbox(
    intents: FakeIntents, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = intents.suggest_environment

    def suggest(name: str, *, region: str = "", profile: str = "", sandbox: bool = False) -> Suggestion:
        known = looked_up(name, region=region, profile=profile, sandbox=sandbox)
        return known if sandbox else replace(known, account="", arn="", zones=(), profiles=())

    monkeypatch.setattr(intents, "suggest_environment", suggest)
    app = make_app(intents)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        await type_name(pilot)
        assert "[x] In the sandbox" in seen(app)
        assert "✔ Looked up as arn:aws:iam::123456789012:user/jest." in seen(app)
        await press(pilot, "down", "space")
        assert "[ ] In the sandbox" in seen(app)
        assert "Looked up without an account" in words(app)


async def test_leaving_asks_only_where_something_was_typed(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "N", "escape")
        assert "Environments (3)" in seen(app)
        await press(pilot, "N", "x", "escape")
        assert "Leave without making it?" in seen(app)
        await press(pilot, "n")
        assert field(app, "name").value == "x"
        await press(pilot, "ctrl+q")
        assert "The new environment is not made yet." in words(app)
        await press(pilot, "enter", "escape", "y")
        assert "Environments (3)" in seen(app)
        assert app._exit is False


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("page", ["form", "file"])
def test_picture(
    intents: FakeIntents,
    make_app: MakeApp,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    page: str,
) -> None:
    async def begin(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "N")
        pilot.app.screen.query_one(Input).cursor_blink = False
        await type_name(pilot)
        if page == "file":
            await press(pilot, "ctrl+s")
        else:
            await fill(pilot, "vpc_cidr", "10.80.0.0/20")
            field(pilot.app, "vpc_cidr").cursor_blink = False  # type: ignore[arg-type]  # it is a KubeplatApp
            await settle(pilot)

    assert snap_compare(make_app(intents), terminal_size=size, run_before=begin)
