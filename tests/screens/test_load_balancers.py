"""Load balancers: who answers behind them, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.screens.load_balancers import LoadBalancersScreen
from kubeplat_tui.services.errors import KubeplatError
from tests.screens.fake_inventory import balancers
from tests.screens.fakes import NOW, FakeIntents
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 45)]


def world(folder: Path) -> KubeplatApp:
    """The application with two load balancers."""
    intents = FakeIntents(folder / "kubeplat")
    intents.balancers = balancers()
    return KubeplatApp(intents, now=lambda: NOW)


def fake(app: KubeplatApp) -> FakeIntents:
    """What it asks."""
    assert isinstance(app.intents, FakeIntents)
    return app.intents


async def opened(
    pilot: Pilot[Any], app: KubeplatApp, wait_for: str = "Load balancers (2)"
) -> LoadBalancersScreen:
    """The screen with its rows."""
    await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
    await app.go("play-jest", "load_balancers")
    await until(pilot, lambda: wait_for in screen_text(pilot), wait_for)
    assert isinstance(app.screen, LoadBalancersScreen)
    return app.screen


async def test_health_is_told_in_numbers_and_a_symbol(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(190, 45)) as pilot:
        await opened(pilot, app)
        text = screen_text(pilot)
        assert "✔ 3/3" in text
        assert "▲ 2/3" in text
        assert "TCP 6443, TCP 8132" in text
        assert "internet-facing" in text
        assert "play-jest-kubeapi-5f1d9c2ab3e44d10.elb.eu-west-2.amazonaws.com" in text


async def test_the_description_says_why_a_target_is_ill(tmp_path: Path) -> None:
    app = world(tmp_path)
    async with app.run_test(size=(140, 50)) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "enter")
        await until(pilot, lambda: "✖ i-" in screen_text(pilot), "the ill target")
        text = screen_text(pilot)
        assert "unhealthy: Health checks failed" in text
        assert "[503]" in text
        assert "○ no targets" in text
        assert text.index("unhealthy") < text.index("✔ i-")  # what is wrong comes first
        await pilot.press("escape")


async def test_empty_and_failed(tmp_path: Path) -> None:
    app = world(tmp_path)
    fake(app).balancers = []
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app, "play-jest has no load balancers.")
        fake(app).behaviour.errors["load_balancers"] = KubeplatError(
            "AWS did not answer.", todo="Press ctrl+r."
        )
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "AWS did not answer." in screen_text(pilot), "the failure")
        fake(app).behaviour.errors.clear()
        fake(app).balancers = balancers()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Load balancers (2)" in screen_text(pilot), "the rows")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [[], ["j", "enter"]], ids=["table", "described"])
def test_picture(snap_compare: Any, tmp_path: Path, size: tuple[int, int], keys: list[str]) -> None:
    app = world(tmp_path)

    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot, app)
        await pilot.press(*keys)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
