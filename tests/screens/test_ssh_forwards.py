"""Port forwards: their table with its true states, adding, stopping, bringing back, and the Kubernetes API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.screens.ssh.forward_dialog import ForwardDialog, spec_of
from kubeplat_tui.screens.ssh.kubeconfig_dialog import KubeconfigDialog
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import api_forward
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec, ForwardState
from kubeplat_tui.services.ssh.model import UnreachableError
from tests.screens.fake_ssh import forward, kubeconfig
from tests.screens.fakes import INSTANCES
from tests.screens.ssh_app import World, sees
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

ETCD = ForwardSpec(ForwardKind.LOCAL, 2379, "localhost", 2379, INSTANCES[0].id, "etcd")
SOCKS = ForwardSpec(ForwardKind.DYNAMIC, 1080)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Machines and the application."""
    return World(tmp_path)


async def on_forwards(pilot: Pilot[Any], world: World) -> None:
    """The Forwards tab."""
    await world.open(pilot)
    await pilot.press("f")
    await until(pilot, lambda: world.screen.tab == "forwards", "the tab")


async def test_a_forward_is_added_and_the_table_follows_it(world: World) -> None:
    async with world.app.run_test(size=(200, 30)) as pilot:
        await on_forwards(pilot, world)
        await sees(pilot, "has no port forwards")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(world.app.screen, ForwardDialog), "the form")
        await pilot.press("enter")
        await sees(pilot, "Nothing is no target.")
        await pilot.press(
            *"localhost", "colon", *"2379", "tab", "tab", "tab", *"2379", "tab", *"etcd", "enter"
        )
        await sees(pilot, "Forwards (1)")
        text = screen_text(pilot)
        for words in ("etcd", "127.0.0.1:2379", "localhost:2379", "● open", "a bastion", "0 of 0", "4 s"):
            assert words in text
        assert "Forwards 1" in text
        world.forwards.becomes(
            1,
            state=ForwardState.FAILING,
            error="connection refused",
            received=2048,
            sent=100,
            open_now=1,
            total=3,
        )
        await sees(pilot, "▲ failing")
        assert "2.0 KiB" in screen_text(pilot)
        assert "1 of 3" in screen_text(pilot)
        assert "connection refused" in screen_text(pilot)
        await pilot.press("y")
        assert world.app.clipboard == "127.0.0.1:2379"


async def test_a_proxy_needs_no_target(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await on_forwards(pilot, world)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(world.app.screen, ForwardDialog), "the form")
        await pilot.press("tab", "space", "tab", "tab", *"1080", "enter")
        await sees(pilot, "Forwards (1)")
        assert world.forwards.rows[0].spec == SOCKS


async def test_a_taken_port_is_said_and_nothing_is_added(world: World) -> None:
    world.forwards.rows = [forward(1, ETCD)]
    world.forwards.error = InputError("Port 2379 is taken.", todo="Choose another one.")
    async with world.app.run_test(size=(120, 30)) as pilot:
        await on_forwards(pilot, world)
        await sees(pilot, "Forwards (1)")
        world.screen.forwards.start(ETCD)
        await sees(pilot, "✖ Port 2379 is taken. Choose another one.")
        assert "Forwards (1)" in screen_text(pilot)


async def test_a_lost_forward_is_brought_back_and_stopped(world: World) -> None:
    world.forwards.rows = [forward(1, ETCD), forward(2, SOCKS)]
    async with world.app.run_test(size=(160, 30)) as pilot:
        await on_forwards(pilot, world)
        await sees(pilot, "Forwards (2)")
        assert "secure-a" in screen_text(pilot)
        assert not world.screen.forwards.check_action("restart", ())
        world.forwards.becomes(1, state=ForwardState.LOST, error="The connection is gone.")
        await sees(pilot, "✖ lost")
        assert world.app.opened["play-jest"].forwards == 1
        await pilot.press("g", "enter")
        await sees(pilot, "✖ lost · ")
        assert "The connection is gone." in screen_text(pilot)
        await pilot.press("escape", "r")
        await until(pilot, lambda: "restart 1" in world.forwards.calls, "the restart")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: {"probe 1", "probe 2"} <= set(world.forwards.calls), "the probes")
        await until(pilot, lambda: "✖ lost" not in screen_text(pilot), "the state")
        await pilot.press("x")
        await sees(pilot, "Forwards (1)")
        await pilot.press("x")
        await sees(pilot, "has no port forwards")
        await pilot.press("escape")
        await sees(pilot, "Machines (7)")


async def test_the_kubernetes_api_gets_a_forward_and_a_line_to_copy(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ForwardSpec(ForwardKind.LOCAL, 0, "kubeapi.play-jest.test", 6443, label="Kubernetes API")

    def make(_site: object, forwards: Any, questions: Any) -> object:
        return forwards.start(api, questions), kubeconfig(tmp_path)

    monkeypatch.setattr(api_forward, "kubernetes_api", make)
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        await pilot.press("K")
        await until(pilot, lambda: isinstance(world.app.screen, KubeconfigDialog), "the line")
        await pilot.press("y")
        assert world.app.clipboard == f"export KUBECONFIG={kubeconfig(tmp_path)}"
        await pilot.press("q", "f")
        await sees(pilot, "Kubernetes API")
        world.forwards.error = UnreachableError("No way to the API.", why="No bastion runs.")
        world.forwards.rows = []
        await pilot.press("K")
        await sees(pilot, "✖ No way to the API.")


async def test_what_comes_into_sight_is_drawn_although_textual_took_it_for_old(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.forwards.rows = [forward(1, ETCD)]
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        screen = world.screen
        lay_out = screen._refresh_layout

        def taken_for_old(*arguments: Any, **named: Any) -> None:
            """As if a hidden widget had been asked its size since the last layout."""
            screen._compositor._full_map_invalidated = True
            _ = screen.forwards.table.region
            lay_out(*arguments, **named)

        monkeypatch.setattr(screen, "_refresh_layout", taken_for_old)
        await pilot.press("f")
        await sees(pilot, "127.0.0.1:2379")


async def test_open_forwards_are_asked_about_when_quitting(world: World) -> None:
    world.forwards.rows = [forward(1, ETCD)]
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await until(pilot, lambda: world.app.opened["play-jest"].forwards == 1, "the count")
        await pilot.press("ctrl+q")
        await sees(pilot, "1 port forward (play-jest)")


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("localhost:2379", "localhost", 2379),
        ("10.80.10.100:10250", "10.80.10.100", 10250),
        ("[::1]:80", "::1", 80),
        ("kubeapi.play-jest.test:6443", "kubeapi.play-jest.test", 6443),
    ],
)
def test_targets_as_people_write_them(typed: str, host: str, port: int) -> None:
    spec = spec_of(typed, socks=False, local="", via="", label="")
    assert (spec.host, spec.port, spec.bind_port, spec.target) == (host, port, 0, typed)


@given(st.text(max_size=30), st.text(max_size=8))
def test_whatever_is_typed_is_a_forward_or_a_sentence(target: str, local: str) -> None:
    try:
        spec = spec_of(target, socks=False, local=local, via="", label="")
    except InputError:
        return
    assert spec.host
    assert 0 < spec.port < 65536
    assert 0 <= spec.bind_port < 65536


@pytest.mark.parametrize(
    ("state", "size"),
    [("table", (80, 24)), ("table", (160, 45)), ("form", (80, 24))],
    ids=["table", "table-wide", "form"],
)
def test_picture(snap_compare: Any, world: World, size: tuple[int, int], state: str) -> None:
    world.forwards.rows = [forward(1, ETCD), forward(2, SOCKS)]

    async def prepare(pilot: Pilot[Any]) -> None:
        world.forwards.becomes(1, received=5 << 20, sent=81_000, open_now=2, total=7)
        world.forwards.becomes(2, state=ForwardState.FAILING, error="No answer came within 5 seconds.")
        await on_forwards(pilot, world)
        await sees(pilot, "Forwards (2)")
        if state == "form":
            await pilot.press("a")
            await sees(pilot, "Forward a port of this computer")
            for field in world.app.screen.query("Input"):
                field.cursor_blink = False  # type: ignore[attr-defined]  # an Input has one

    assert snap_compare(world.app, terminal_size=size, run_before=prepare)
