"""What connecting asks: host keys, the passphrase; where it waits, and what a no does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.screens.ssh.host_key_dialog import HostKeyDialog
from kubeplat_tui.screens.ssh.passphrase_dialog import PassphraseDialog
from kubeplat_tui.services.ssh.model import (
    ConsoleAnswer,
    HostKeyQuestion,
    HostKeyRefusedError,
    Passphrase,
    PassphraseQuestion,
    Verdict,
)
from tests.screens.driving import notices
from tests.screens.fake_ssh import KEY, OTHER_KEY, known_host
from tests.screens.fakes import INSTANCES
from tests.screens.ssh_app import PREFIX, World, sees
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

MASTER = INSTANCES[0]
NEW = HostKeyQuestion(MASTER, Verdict.NEW, KEY, ConsoleAnswer.NOT_YET)
CONFIRMED = HostKeyQuestion(MASTER, Verdict.NEW, KEY, ConsoleAnswer.MATCHES)
REPLACED = HostKeyQuestion(
    MASTER,
    Verdict.REPLACED,
    KEY,
    ConsoleAnswer.UNAVAILABLE,
    "You may not ec2:GetConsoleOutput.",
    known_host(INSTANCES[1], OTHER_KEY),
)
TYPED = KEY.fingerprint.removeprefix("SHA256:")[:6]
KEYS = {"/": "slash", "+": "plus"}
PASSPHRASE = PassphraseQuestion("play-jest", KEY.fingerprint, can_remember=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Machines and the application."""
    return World(tmp_path)


async def ask(pilot: Pilot[Any], world: World) -> HostKeyDialog:
    """Connect, and wait for the question."""
    await world.open(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(world.app.screen, HostKeyDialog), "the question")
    assert isinstance(world.app.screen, HostKeyDialog)
    return world.app.screen


async def test_a_key_that_the_console_shows_needs_one_yes(world: World) -> None:
    world.connections.script.trust = CONFIRMED
    async with world.app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, world)
        text = screen_text(pilot)
        for words in (KEY.fingerprint, "✔ shows this key", MASTER.id, MASTER.private_ip, "started 1 h ago"):
            assert words in text
        await pilot.press("y")
        await world.shell_is_up(pilot, 1)
        assert world.connections.answers == [True]


@pytest.mark.parametrize("key", ["enter", "escape", "n"])
async def test_no_is_the_answer_of_everything_but_yes(world: World, key: str) -> None:
    world.connections.script.trust = CONFIRMED
    world.connections.script.error = HostKeyRefusedError(
        "The host key was refused.", todo="Nothing was sent."
    )
    async with world.app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, world)
        await pilot.press(key)
        await sees(pilot, "✖ The host key was refused.")
        assert world.connections.answers == [False]


async def test_a_key_that_nothing_confirms_is_read_and_typed(world: World) -> None:
    world.connections.script.trust = NEW
    async with world.app.run_test(size=(80, 24)) as pilot:
        dialog = await ask(pilot, world)
        assert "○ shows no keys yet" in screen_text(pilot)
        assert not dialog.check_action("yes", ())
        await pilot.press("y", "enter")
        await sees(pilot, "It does not begin with y")
        await pilot.press("backspace", *(KEYS.get(letter, letter) for letter in TYPED), "enter")
        await world.shell_is_up(pilot, 1)
        assert world.connections.answers == [True]


async def test_a_replaced_machine_says_whom_we_knew_there(world: World) -> None:
    world.connections.script.trust = REPLACED
    async with world.app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, world)
        text = " ".join(screen_text(pilot).replace("│", " ").split())
        assert "play-jest-secure was replaced." in text
        assert INSTANCES[1].id in text
        assert OTHER_KEY.fingerprint in text
        assert "could not be asked" in text
        assert "You may not ec2:GetConsoleOutput." in text


async def test_a_question_waits_until_the_screen_is_looked_at(world: World) -> None:
    world.connections.script.trust = CONFIRMED
    async with world.app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, world)
        await pilot.press("escape")
        await until(pilot, lambda: world.connections.answers == [False], "the answer")
        await pilot.press(PREFIX, "x")
        await until(
            pilot, lambda: len(world.sessions) == 0 or world.app.screen is not world.screen, "its end"
        )
        if world.app.screen is not world.screen:
            await pilot.press("y")
        await world.app.go("play-jest", "instances")
        await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "another section")
        world.screen.open_session(MASTER)
        await until(
            pilot, lambda: any("has a question" in notice for notice in notices(world.app)), "the notice"
        )
        assert not isinstance(world.app.screen, HostKeyDialog)
        await pilot.press("7")
        await until(pilot, lambda: isinstance(world.app.screen, HostKeyDialog), "the question")
        assert "? " in screen_text(pilot) or world.session.asks
        await pilot.press("y")
        await world.shell_is_up(pilot, 2)


async def test_closing_the_tab_answers_its_question_with_no(world: World) -> None:
    world.connections.script.trust = CONFIRMED
    async with world.app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, world)
        world.screen.sessions.close()
        await until(pilot, lambda: world.connections.answers == [False], "the answer")
        await until(pilot, lambda: world.app.screen is world.screen, "the dialog's end")
        assert not world.sessions


async def test_the_passphrase_is_hidden_and_remembered_on_request(world: World) -> None:
    world.connections.script.passphrase = PASSPHRASE
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(world.app.screen, PassphraseDialog), "the question")
        await pilot.press("enter")
        await sees(pilot, "Type the passphrase, or press esc.")
        await pilot.press(*"geheim", "tab", "space")
        assert "geheim" not in screen_text(pilot)
        assert "[x] Remember it" in screen_text(pilot)
        await pilot.press("shift+tab", "enter")
        await world.shell_is_up(pilot, 1)
        assert world.connections.answers == [Passphrase("geheim", remember=True)]


async def test_no_passphrase_gives_up(world: World) -> None:
    world.connections.script.passphrase = PassphraseQuestion("play-jest", KEY.fingerprint, False, wrong=True)
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("enter")
        await sees(pilot, "That passphrase does not open the key.")
        assert "Remember" not in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: world.connections.answers == [None], "the answer")


@pytest.mark.parametrize(
    ("question", "size"),
    [(NEW, (80, 24)), (NEW, (160, 45)), (CONFIRMED, (80, 24)), (REPLACED, (80, 24)), (PASSPHRASE, (80, 24))],
    ids=["new", "new-wide", "confirmed", "replaced", "passphrase"],
)
def test_picture(snap_compare: Any, world: World, size: tuple[int, int], question: Any) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        dialog = PassphraseDialog(question) if isinstance(question, PassphraseQuestion) else None
        await world.open(pilot)
        world.app.push_screen(dialog or HostKeyDialog(question, world.app.now()))
        await until(pilot, lambda: "esc" in screen_text(pilot), "the dialog")
        for field in world.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]  # an Input has one

    assert snap_compare(world.app, terminal_size=size, run_before=prepare)
