"""The checklist of a first run: offered where something is missing, read, walked with one key each."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kubeplat_tui.screens.checklist import ChecklistScreen, progress
from kubeplat_tui.screens.credentials import CredentialsDialog
from kubeplat_tui.screens.overview import OverviewScreen
from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.prerequisites import State
from kubeplat_tui.widgets.confirm import ConfirmDialog
from tests.screens.driving import notices, press, seen, settle, words
from tests.screens.fake_credentials import ALL_DONE, PREREQUISITES, CredentialIntents
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot
    from textual.screen import Screen

    from kubeplat_tui.app import KubeplatApp

    MakeApp = Callable[..., KubeplatApp]


@pytest.fixture
def intents(tmp_path: Path) -> CredentialIntents:
    """Staging was never built from this computer, and misses some of what it needs."""
    return CredentialIntents(tmp_path / "kubeplat")


def shows(app: KubeplatApp, kind: type[Screen[Any]]) -> bool:
    return isinstance(app.screen, kind)


async def test_it_is_offered_and_walked(intents: CredentialIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="staging")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "○ 3 things are not as a first build needs it  c walks through" in seen(app)
        await press(pilot, "c")
        assert shows(app, ChecklistScreen)
        text = seen(app)
        for part in (
            "Checklist (8) · 3 of 8 done · 3 to do",
            "✔ done",
            "○ missing",
            "✖ wrong",
            "▲ unknown",
            "○ later",
        ):
            assert part in text
        # The cursor is on the first thing to do; Enter does it after a question, whose No does nothing.
        assert "enter  Add 198.51.100.7/32 to ssh_access_list" in text
        await press(pilot, "enter")
        assert shows(app, ConfirmDialog)
        assert "Add 198.51.100.7/32 to ssh_access_list and kubeapi_access_list?" in words(app)
        await press(pilot, "enter")
        assert "remedy access" not in intents.behaviour.calls
        await press(pilot, "enter", "y")
        assert intents.behaviour.calls.count("remedy access") == 1
        assert "Done: access." in notices(app)
        # It goes on with the next one.
        assert "4 of 8 done · 2 to do" in seen(app)
        assert "enter  Make a KMS key" in seen(app)
        intents.behaviour.errors["remedy master-key"] = KubeplatError("AWS has no more keys for you.")
        await press(pilot, "enter", "y")
        assert "✖ AWS has no more keys for you." in seen(app)
        # What only a person can do has no key; on the credentials, Enter shows them.
        await press(pilot, "G")
        assert not app.screen.check_action("do", ())
        await press(pilot, "g", "enter")
        assert shows(app, CredentialsDialog)
        await press(pilot, "escape")
        intents.prerequisites_found = ALL_DONE
        await press(pilot, "ctrl+r")
        assert "Checklist (8) · nothing is missing" in seen(app)
        await press(pilot, "escape")
        assert shows(app, OverviewScreen)
        assert "a first build needs" not in seen(app)


async def loading_is_seen(pilot: Pilot[int], app: KubeplatApp) -> None:
    await until(pilot, lambda: "◐ Looking at the prerequisites" in seen(app), "the loading state")


async def test_loading_failed_forbidden(intents: CredentialIntents, make_app: MakeApp) -> None:
    intents.behaviour.errors["identity"] = KubeplatError("There are no AWS credentials.")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        # It was built from here; without credentials it is offered all the same.
        assert "○ 3 things are not as a first build needs it" in seen(app)
        assert "C its credentials · 4 its machines" in words(app)
        gate = intents.behaviour.gates["prerequisites"] = threading.Event()
        await pilot.press("c")
        await loading_is_seen(pilot, app)
        intents.behaviour.errors["prerequisites"] = ForbiddenError(
            "Looking at the prerequisites is not allowed.", todo="Ask for kms:DescribeKey."
        )
        gate.set()
        await settle(pilot)
        assert "▲ Looking at the prerequisites is not allowed." in seen(app)
        assert "Ask for kms:DescribeKey." in seen(app)
        intents.behaviour.errors["prerequisites"] = ValueError("a fault")
        await press(pilot, "ctrl+r")
        assert "✖" in seen(app)
        del intents.behaviour.errors["prerequisites"]
        await press(pilot, "ctrl+r")
        assert "Checklist (8)" in seen(app)
        # Each section is one key away from here, the overview too.
        await press(pilot, "4")
        assert "Instances (7)" in seen(app)
        await press(pilot, "colon", *"checklist", "enter")
        assert shows(app, ChecklistScreen)
        await press(pilot, "1")
        assert shows(app, OverviewScreen)


async def test_a_built_environment_is_not_asked_about(intents: CredentialIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "prerequisites" not in intents.behaviour.calls


def test_the_progress_in_words() -> None:
    assert progress(PREREQUISITES) == "3 of 8 done · 3 to do"
    assert progress(ALL_DONE) == "nothing is missing"
    assert progress((*ALL_DONE, replace(ALL_DONE[0], state=State.UNKNOWN))) == "1 unknown"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=str)
def test_picture(
    intents: CredentialIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "c")

    assert snap_compare(make_app(intents, start="staging"), terminal_size=size, run_before=prepare)
