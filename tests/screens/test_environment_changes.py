"""Copying, renaming and deleting environments from the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import KubeplatError
from tests.screens.driving import notices, press, seen, settle, words, write
from tests.screens.fakes import FILES, PLAYGROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]


async def test_a_copy_and_another_name_are_checked_as_they_are_typed(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "c")
        assert "A new environment with the settings of staging" in seen(app)
        await write(pilot, "lab")
        assert "✖ There is an environment lab already." in words(app)
        await press(pilot, "3")
        assert "✖" not in words(app).partition("settings of staging")[2]
        await press(pilot, "enter")
        assert "▌ lab3" in seen(app)
        await press(pilot, "R")
        assert "Another name for lab3" in seen(app)
        await press(pilot, "4", "enter")
        assert "▌ lab34" in seen(app)
        assert "rename_environment lab3 lab34" in intents.behaviour.calls
        assert "Environments (4)" in seen(app)
        intents.behaviour.errors["rename_environment lab34 lab345"] = KubeplatError(
            "Something of lab34 is left."
        )
        await press(pilot, "R", "5", "enter")
        assert "✖ Something of lab34 is left." in seen(app)
        await press(pilot, "escape")
        assert "▌ lab34" in seen(app)


async def test_what_is_built_unknown_or_locked_is_not_renamed_or_deleted_and_says_why(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    refusals = {
        "is built: its states have 148 resources": Standing(Built.BUILT, 148),
        "It is not known whether staging is built": Standing(Built.UNKNOWN, why="AWS refused s3:ListBucket."),
        "The state of staging is locked by anna@build-7": Standing(Built.NOTHING, locked_by="anna@build-7"),
    }
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "G")
        for sentence, standing in refusals.items():
            intents.standings["staging"] = standing
            for key in ("R", "D"):
                await press(pilot, key)
                assert sentence in words(app)
                await press(pilot, "k")
                assert sentence not in words(app)
                await press(pilot, "j")
        await press(pilot, "g", "D")
        assert "What stands of lab is not known" in words(app)
        assert "lab.tfvars:2:14" in words(app)
        assert len(app.screen_stack) == 1
    assert sorted(path.stem for path in intents.workplace.environments.glob("*.tfvars")) == sorted(FILES)


async def test_deleting_says_what_goes_and_asks_for_the_name_outside_a_playground_twice(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.standings["play-jest"] = Standing(Built.NOTHING)
    app = make_app(intents)
    file = intents.workplace.environments / "staging.tfvars"
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "D")
        for part in (
            "Delete the environment staging?",
            "/home/jest/kubeplat/environments/staging.tfvars",
            "the journal of its run",
            "the working copy of its secrets (41 files)",
            "secure/ca.key",
            "What the keyring remembers for it is forgotten.",
        ):
            assert part in words(app)
        await press(pilot, "enter")  # No
        assert file.exists()
        await press(pilot, "D")
        await write(pilot, "staging")
        await press(pilot, "enter")
        assert "staging is no playground. Delete it all the same?" in words(app)
        await press(pilot, "escape")
        assert file.exists()
        await press(pilot, "D")
        await write(pilot, "staging")
        await press(pilot, "enter")
        await write(pilot, "staging")
        await press(pilot, "enter")
        assert not file.exists()
        assert "staging is deleted." in notices(app)
        assert "Environments (2)" in seen(app)
        await press(pilot, "D")
        await write(pilot, "play-jest")
        await press(pilot, "enter")
        assert "Environments (1)" in seen(app)
        (intents.workplace.environments / "play-jest.tfvars").write_text(PLAYGROUND)
        intents.standings["play-jest"] = Standing(Built.PARTLY, 4)
        await press(pilot, "ctrl+r")
        assert "◐ partly (4)" in seen(app)
