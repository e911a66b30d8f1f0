"""The application as a whole: what it loads, its settings, going about, quitting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.opened import RunningBuild
from kubeplat_tui.services.events import Outcome, Stop, Verb
from tests.screens.driving import notices, press, seen, settle, words, write
from tests.screens.fakes import NOW, FakeSandbox, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]

FIRST_PAINT = """
import asyncio, json, pathlib, sys
from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.intents import Intents
from kubeplat_tui.services.workplace import Workplace

async def main():
    folder = pathlib.Path(sys.argv[1])
    place = Workplace(folder, folder, folder, folder, folder)
    app = KubeplatApp(Intents(place, user="jest", environ={}))
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))))

asyncio.run(main())
"""
HEAVY = {
    "boto3",
    "botocore",
    "paramiko",
    "cryptography",
    "jinja2",
    "typer",
    "moto",
    "python_terraform",
    "keyring",
    "rich.markdown",
    "rich.progress",
    "pygments",
    "textual.widgets._text_area",
    "textual.widgets._markdown",
    "textual.widgets._data_table",
    "kubeplat_tui.sandbox.door",
    "kubeplat_tui.services.build",
    "kubeplat_tui.services.credentials.cloud_credentials",
    "kubeplat_tui.screens.build.screen",
    "kubeplat_tui.screens.variables.screen",
}


def test_nothing_heavy_is_loaded_before_the_list_is_seen(tmp_path: Path) -> None:
    environ = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT, str(tmp_path)],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not HEAVY & set(json.loads(done.stdout))


# --- settings -------------------------------------------------------------------------------------


def configure(intents: FakeIntents, text: str) -> None:
    intents.workplace.config.mkdir(parents=True)
    (intents.workplace.config / "config.toml").write_text(text)


async def test_the_theme_of_the_file_is_used_and_another_one_kept(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    configure(intents, '# mine\ntheme = "kubeplat-light"\n\n[keymap]\n"table.sort" = "s"\n')
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.theme == "kubeplat-light"
        app.theme = "nord"
        await settle(pilot)
    text = (intents.workplace.config / "config.toml").read_text()
    assert text == '# mine\ntheme = "nord"\n\n[keymap]\n"table.sort" = "s"\n'


async def test_a_key_is_another_one(intents: FakeIntents, make_app: MakeApp) -> None:
    configure(intents, '[keymap]\n"table.sort" = "s"\n"app.help" = "f1,ctrl+o"\n')
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert "s Sort" in seen(app)
        assert "f1 Help" in seen(app)
        await press(pilot, "s")
        assert "Name ↑" in seen(app)
        await press(pilot, "o")
        assert "Name ↑" in seen(app)
        await press(pilot, "ctrl+o")
        assert "Keys that work here" in seen(app)


async def test_mistakes_in_the_file_are_sentences(intents: FakeIntents, make_app: MakeApp) -> None:
    configure(
        intents,
        'theme = "neon"\nrefresh = "often"\ncolour = 1\n\n[keymap]\n"table.srot" = "s"\n"table.copy" = "hyper+x"\n',
    )
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        said = " ".join(notices(app))
        assert "Environments (3)" in seen(app)
    for part in (
        "There is no theme neon",
        "config.toml:2: refresh must be 0 or at least 2 (seconds).",
        "config.toml:3: colour is no setting",
        "config.toml:6: there is no action table.srot; did you mean table.sort?",
        "config.toml:7: 'hyper+x' is no key",
    ):
        assert part in said


async def test_a_file_that_is_no_toml_is_said(intents: FakeIntents, make_app: MakeApp) -> None:
    configure(intents, "theme = [")
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "is not TOML" in " ".join(notices(app))
        assert app.theme == "kubeplat-dark"


@pytest.mark.parametrize("theme", ["kubeplat-light", "textual-ansi", "nord", "solarized-light"])
async def test_every_theme_can_be_shown(intents: FakeIntents, make_app: MakeApp, theme: str) -> None:
    configure(intents, f'theme = "{theme}"\n')
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "✔ built" in seen(app)


async def test_without_colours_everything_is_there(
    intents: FakeIntents, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "✔ built" in seen(app)
        assert "▌ lab" in seen(app)


# --- going about ----------------------------------------------------------------------------------


async def test_a_colon_goes_anywhere_by_name(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "colon")
        await write(pilot, "stag")
        assert "staging" in seen(app)
        await press(pilot, "tab")
        await write(pilot, "/var")
        await press(pilot, "enter")
        assert "▌2 Variables" in seen(app)
        assert "staging" in seen(app).splitlines()[0]
        await press(pilot, "colon")
        await write(pilot, "over")
        await press(pilot, "enter")
        assert "▌1 Overview" in seen(app)
        await press(pilot, "colon", "up")
        assert ": overview" in seen(app)
        await press(pilot, "up", "enter")
        assert "▌2 Variables" in seen(app)
        await press(pilot, "colon")
        await write(pilot, "envi")
        await press(pilot, "enter")
        assert "Environments (3)" in seen(app)


async def test_a_name_that_is_none_is_said(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "colon")
        await write(pilot, "nowhere")
        assert "✖ no screen or environment has this in its name" in seen(app)
        await press(pilot, "enter")
        assert "✖ no screen or environment" in seen(app)
        await press(pilot, "escape")
        assert "Environments (3)" in seen(app)


async def test_the_palette_knows_what_can_be_done_here(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Build", "Copy", "Export", "Variables", "Help", "Theme"} <= titles
        await press(pilot, "ctrl+p")
        await write(pilot, "Variables")
        await press(pilot, "down", "enter")
        assert "▌2 Variables" in seen(app)


async def test_two_environments_are_kept_apart(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "q", "G", "enter")
        assert "210987654321" in seen(app)
        await press(pilot, "q", "k", "enter")
        assert "SANDBOX" in seen(app)
        assert len(app.screen_stack) == 2


async def test_the_interface_answers_while_something_is_read(intents: FakeIntents, make_app: MakeApp) -> None:
    gate = intents.behaviour.gates["environment_names"] = threading.Event()
    app = make_app(intents)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "◐ Reading the environments" in seen(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Keys that work here" in seen(app)
        await pilot.press("escape")
        gate.set()
        await settle(pilot)
        assert "Environments (3)" in seen(app)


async def test_the_running_build_is_in_every_header(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        opened = app.opened["play-jest"]
        opened.build = RunningBuild("run", NOW, Stop(), "cluster")
        app.build_changed(opened)
        await settle(pilot)
        assert "◐ run · cluster" in seen(app).splitlines()[0]
        assert "SANDBOX" in seen(app).splitlines()[0]
        await press(pilot, "q")
        assert "◐ play-jest: run" in seen(app).splitlines()[0]


# --- quitting -------------------------------------------------------------------------------------


def built_now(intents: FakeIntents) -> None:
    """Something was built in the sandbox that runs."""
    intents.runs["play-jest"] = [record(Verb.RUN, Outcome.DONE, timedelta(minutes=20), "Built.")]


async def quit_from(app: KubeplatApp, pilot: Pilot[int]) -> None:
    await settle(pilot)
    await press(pilot, "ctrl+q")


async def test_nothing_is_asked_where_nothing_is_lost(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await quit_from(app, pilot)
    assert app.return_code == 0
    assert app._exit


@pytest.mark.parametrize(
    ("keys", "ended", "kept"),
    [(["enter"], True, True), (["down", "enter"], True, False), (["down", "down", "enter"], False, False)],
    ids=["keep", "stop", "stay"],
)
async def test_what_was_built_in_the_sandbox_is_asked_about(
    intents: FakeIntents, make_app: MakeApp, keys: list[str], ended: bool, kept: bool
) -> None:
    built_now(intents)
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await quit_from(app, pilot)
        assert "The sandbox and what was built in it end with the last window." in words(app)
        await press(pilot, *keys)
        assert app._exit is ended
    assert intents.kept is kept


@pytest.mark.parametrize(
    "status", [FakeSandbox(leases=2), FakeSandbox(kept=True), None], ids=["two", "kept", "none"]
)
async def test_a_sandbox_that_goes_on_is_no_reason_to_ask(
    intents: FakeIntents, make_app: MakeApp, status: FakeSandbox | None
) -> None:
    built_now(intents)
    intents.status = status
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await quit_from(app, pilot)
        assert app._exit


async def test_unsaved_variables_are_asked_about(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "space", "1", "ctrl+q")
        assert "The variables of play-jest have changes that are not saved." in words(app)
        await press(pilot, "escape")
        assert not app._exit
        await press(pilot, "ctrl+q", "down", "enter")
        assert app._exit
