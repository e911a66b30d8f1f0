"""The overview: its parts come one by one, each says what is wrong with it; values are copied and exported."""

from __future__ import annotations

import csv
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.errors import KubeplatError
from tests.screens.driving import notices, press, seen, settle, write
from tests.screens.fakes import NOW, OUTPUTS
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.screens.overview import OverviewScreen
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write_text(path: Path, text: str) -> None:
    path.write_text(text)


SIZES = [(80, 24), (160, 45)]


async def test_the_facts_are_there(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        text = seen(app)
    for part in (
        "✔ built  2026-11-02 12:05 UTC · 2 h ago",
        "user/jest · account 123456789012",
        "eu-west-2 · zones a b c",
        "a single NAT gateway",
        "secure ● 3 running",
        "compute ● 2 running ◐ 1 pending",
        "363 d  until the first expires  apiserver · 2027-11-01",
        "port 5001 · pid 4242",
        "Outputs (6)",
        "Runs on this computer (3)",
        "SANDBOX: AWS is simulated on this computer",
    ):
        assert part in text


async def test_each_part_appears_when_it_is_there(intents: FakeIntents, make_app: MakeApp) -> None:
    gate = intents.behaviour.gates["instances"] = threading.Event()
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        for _ in range(100):
            await pilot.pause()
            if "Outputs (6)" in seen(app) and "✔ built" in seen(app):
                break
        assert "◐ reading" in seen(app)
        gate.set()
        await settle(pilot)
        assert "◐ reading" not in seen(app)


async def test_what_changed_meanwhile_is_seen_on_coming_back(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "secure ● 3 running" in seen(app)
        await press(pilot, "3")
        intents.machines.clear()
        await press(pilot, "1")
        await settle(pilot)
        assert "secure" not in seen(app)


async def test_a_part_that_fails_leaves_the_others(intents: FakeIntents, make_app: MakeApp) -> None:
    intents.behaviour.errors["instances"] = ForbiddenError(
        "Listing the instances is forbidden.",
        why="user/jest may not ec2:DescribeInstances.",
        todo="Ask for it.",
    )
    intents.behaviour.errors["outputs"] = KubeplatError("The state could not be read.", why="It is locked.")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        text = seen(app)
    assert "▲ Listing the instances is forbidden. user/jest may not ec2:DescribeInstances." in text
    assert "✖ The state could not be read. It is locked." in text
    assert "user/jest · account" in text


async def test_what_expires_soon_says_what_to_press(intents: FakeIntents, make_app: MakeApp) -> None:
    apiserver = intents.expiries["play-jest"]
    intents.expiries["play-jest"] = replace(apiserver, expires=NOW + timedelta(days=41))
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "▲ 41 d  expires first  apiserver · 2026-12-13  6 renews it" in seen(app)
        intents.expiries["play-jest"] = replace(apiserver, expires=NOW)
        await press(pilot, "ctrl+r")
        assert "✖ expired  apiserver · 2026-11-02  6 renews it" in seen(app)
        intents.expiries.clear()
        await press(pilot, "ctrl+r")
        assert "○ none on this computer yet" in seen(app)
        intents.behaviour.errors["expiry"] = KubeplatError("secrets.json cannot be read.")
        await press(pilot, "ctrl+r")
        assert "✖ secrets.json cannot be read." in seen(app)


async def test_another_account_than_the_file_names_is_pointed_out(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    identity = intents.identity
    intents.identity = lambda site: replace(identity(site), account="999999999999")  # type: ignore[method-assign]
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "▲ the file names account 123456789012" in seen(app)


async def test_real_aws_has_no_sandbox_badge(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="staging")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "SANDBOX" not in seen(app)
        assert "○ cleaned up" in seen(app)
        assert "b build it" in seen(app)


async def test_an_output_is_copied_whole(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "j", "y")
        assert app.clipboard == OUTPUTS[1].value
        await press(pilot, "Y")
        assert app.clipboard == f"kubeapi_public_elb\t{OUTPUTS[1].value}\tcluster"


async def test_a_table_is_exported_and_no_file_is_overwritten(
    intents: FakeIntents, make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "e")
        assert "~/play-jest-outputs.csv" in seen(app)
        for name in ("outputs.csv", "outputs.json"):
            if "Write 6 rows" not in seen(app):
                await press(pilot, "e")
            app.screen.query_one("Input").value = str(tmp_path / name)  # type: ignore[attr-defined]  # an Input
            await press(pilot, "enter")
            assert f"Written: {tmp_path / name}" in notices(app)
        await press(pilot, "e")
        app.screen.query_one("Input").value = str(tmp_path / "outputs.csv")  # type: ignore[attr-defined]  # an Input
        write_text(tmp_path / "outputs.csv", "mine")
        await press(pilot, "enter")
        assert "exists already" in seen(app)
    assert (tmp_path / "outputs.csv").read_text() == "mine"
    rows = json.loads((tmp_path / "outputs.json").read_text())
    assert rows[2] == {
        "name": "compute_asg",
        "value": {"default": "play-jest-compute-default"},
        "root": "cluster",
    }
    assert names(tmp_path) == {"kubeplat", "outputs.csv", "outputs.json"}


async def test_an_export_to_csv_can_be_read_again(
    intents: FakeIntents, make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "e")
        app.screen.query_one("Input").value = str(tmp_path / "o.csv")  # type: ignore[attr-defined]  # an Input
        await press(pilot, "enter")
    rows = list(csv.reader((tmp_path / "o.csv").read_text().splitlines()))
    assert rows[0] == ["Name", "Value", "Root"]
    assert rows[3] == ["compute_asg", '{"default": "play-jest-compute-default"}', "cluster"]


@pytest.mark.parametrize("name", ["nowhere/x.csv", "x.txt", ""])
async def test_an_impossible_name_is_refused_with_a_sentence(
    intents: FakeIntents, make_app: MakeApp, tmp_path: Path, name: str
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "e")
        app.screen.query_one("Input").value = str(tmp_path / name) if name else ""  # type: ignore[attr-defined]  # an Input
        await press(pilot, "enter")
        assert "✖ " in seen(app)
        await press(pilot, "escape")
        assert "Outputs (6)" in seen(app)


async def test_a_sandbox_that_ends_is_said_and_opened_again(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        first = intents.clouds["play-jest"]
        first.lose()
        await settle(pilot)
        assert "The sandbox of play-jest ended." in seen(app)
        await press(pilot, "ctrl+r")
        assert "The sandbox of play-jest ended." not in seen(app)
        assert intents.clouds["play-jest"] is not first


async def test_an_environment_that_does_not_open_says_why(intents: FakeIntents, make_app: MakeApp) -> None:
    intents.behaviour.errors["open"] = KubeplatError(
        "The sandbox did not start.", why="Port 5001 is taken.", todo="Stop what uses it."
    )
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "✖ The sandbox did not start." in seen(app)
        assert "Port 5001 is taken." in seen(app)
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "✔ built" in seen(app)


async def test_a_fault_of_our_own_becomes_a_sentence_and_a_log(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    intents.behaviour.errors["open"] = RuntimeError("boom")
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "kubeplat failed while opening play-jest." in seen(app)
    log = intents.workplace.state / "errors.log"
    assert "RuntimeError: boom" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


async def test_the_filter_and_the_sort_order_stay_through_a_refresh(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        await write(pilot, "kube")
        await press(pilot, "enter", "ctrl+r")
        assert "Outputs (2/6)" in seen(app)


async def test_the_outputs_keep_the_keys_while_they_are_read(intents: FakeIntents, make_app: MakeApp) -> None:
    """On AWS the runs of this computer are there long before the outputs."""
    gate = intents.behaviour.gates["outputs"] = threading.Event()
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Runs on this computer (3)" in seen(app), "the runs")
        await pilot.pause()
        assert app.screen.focused is not None
        assert app.screen.focused.id == "outputs"
        gate.set()
        await settle(pilot)
        assert app.screen.focused.id == "outputs"


async def test_keys_given_after_the_runs_came_go_to_the_runs(intents: FakeIntents, make_app: MakeApp) -> None:
    """Empty outputs are nothing to move in: whichever is later, the rows or the keys."""
    intents.made_outputs = ()
    app = make_app(intents, start="staging")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen = cast("OverviewScreen", app.screen)
        screen.set_focus(None)
        screen.focus_content()
        await settle(pilot)
        assert screen.focused is not None
        assert screen.focused.id == "runs"


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", ["play-jest", "staging"])
def test_picture(
    intents: FakeIntents,
    make_app: MakeApp,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    name: str,
) -> None:
    if name == "staging":
        intents.machines.clear()
        intents.made_outputs = ()
    assert snap_compare(make_app(intents, start=name), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_picture_of_help(
    intents: FakeIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def ask(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "question_mark")

    assert snap_compare(make_app(intents, start="play-jest"), terminal_size=size, run_before=ask)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_picture_of_a_failure(
    intents: FakeIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    intents.behaviour.errors["open"] = KubeplatError(
        "The sandbox did not start.",
        why="Port 5001 is taken by another program.",
        todo="Stop that program, then press ctrl+r.",
    )
    assert snap_compare(make_app(intents, start="play-jest"), terminal_size=size, run_before=settle)
