"""No size of the terminal breaks anything; where it is too small to be read, that is what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.widgets.too_small import LEAST_HEIGHT, LEAST_WIDTH, TooSmall
from tests.screens.driving import press, seen, settle, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]

ODD = [(1, 1), (2, 2), (5, 40), (200, 1), (40, 10), (59, 20), (60, 19)]
FINE = [(60, 20), (61, 21), (79, 23), (99, 30), (100, 30), (101, 60), (200, 60), (400, 100)]
WAYS = [
    (),
    ("2",),
    ("2", "j", "enter"),
    ("2", "ctrl+t"),
    ("6", "j", "j", "enter"),
    ("6", "f"),
    ("question_mark",),
    ("colon",),
    ("e",),
    ("ctrl+p",),
]


@pytest.mark.parametrize("keys", WAYS, ids=lambda keys: " ".join(keys) or "overview")
async def test_every_size_is_survived(intents: FakeIntents, make_app: MakeApp, keys: tuple[str, ...]) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        for size in [*ODD, *FINE, *reversed(ODD), (80, 24)]:
            await pilot.resize_terminal(*size)
            await settle(pilot)
            small = size[0] < LEAST_WIDTH or size[1] < LEAST_HEIGHT
            assert bool(app.screen.query(TooSmall)) is small, size


@pytest.mark.parametrize("size", [(1, 1), (40, 10), (60, 20), (200, 60)], ids=str)
async def test_every_size_can_be_started_in(
    intents: FakeIntents, make_app: MakeApp, size: tuple[int, int]
) -> None:
    app = make_app(intents)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "Environments (3)" in seen(app)


async def test_too_small_says_how_small_and_how_large(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        assert "This terminal is 40×10." in words(app)
        assert "at least 60×20" in words(app)
        await press(pilot, "j", "enter")
        assert len(app.screen_stack) == 1
        await pilot.resize_terminal(45, 12)
        await settle(pilot)
        assert "This terminal is 45×12." in words(app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "This terminal" not in seen(app)
        await press(pilot, "j", "enter")
        assert "1 Overview" in seen(app)


async def test_a_dialog_that_opens_meanwhile_is_covered_too(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        app.action_help()
        await settle(pilot)
        assert "This terminal is 40×10." in words(app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "Keys that work here" in seen(app)
        await press(pilot, "escape")
        assert "Environments (3)" in seen(app)


async def test_quit_works_however_small(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(10, 3)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+q")
    assert app.return_code == 0
