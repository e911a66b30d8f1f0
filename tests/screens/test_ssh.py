"""SSH sessions in tabs: from the picker to the shell and its end, and everything a tab can do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from textual import events

from kubeplat_tui.screens.choice import ChoiceDialog
from kubeplat_tui.screens.ssh.looks import Phase
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.ssh.model import LinkState, UnreachableError
from kubeplat_tui.settings import parse
from kubeplat_tui.widgets.confirm import ConfirmDialog
from kubeplat_tui.widgets.terminal.core import MouseTracking
from tests.screens.driving import notices
from tests.screens.fake_ssh import PATIENCE, known_host
from tests.screens.fakes import INSTANCES
from tests.screens.ssh_app import PREFIX, World, sees
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot
    from textual.widget import Widget

SIZES = [(80, 24), (160, 45)]
NO_WAY = UnreachableError(
    "No way to play-jest-secure.", why="No bastion runs.", todo="Press 3 and build one."
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Machines and the application."""
    return World(tmp_path)


# --- the picker -------------------------------------------------------------------------------------


async def test_machines_by_layer_with_what_is_known_of_them(world: World) -> None:
    replaced = replace(INSTANCES[1], id="i-0gone")
    world.connections.host_keys.hosts = [known_host(INSTANCES[0]), known_host(replaced)]
    async with world.app.run_test(size=(160, 45)) as pilot:
        await world.open(pilot)
        text = screen_text(pilot)
        places = [text.index(word) for word in ("Masters (secure)", "Bastions", "Workers (compute)")]
        assert places == sorted(places)
        for word in ("✔ known", "▲ replaced", "○ new", "◐ pending", "203.0.113.10", "eu-west-2a"):
            assert word in text
        await world.shell(pilot)
        await pilot.press(PREFIX, "n")
        await sees(pilot, "✔ known ● 1")


async def test_a_machine_that_does_not_run_gets_no_shell(world: World) -> None:
    async with world.app.run_test(size=(120, 40)) as pilot:
        await world.open(pilot)
        await pilot.press("G")
        assert not world.screen.check_action("connect", (False,))
        await pilot.press("enter")
        await pilot.pause()
        assert "play-jest-compute is pending: a shell needs a running machine." in notices(world.app)
        assert not world.sessions


async def test_no_machines_and_a_failed_reading_have_their_sentences(world: World) -> None:
    world.intents.machines = []
    async with world.app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
        await world.app.go("play-jest", "ssh")
        await sees(pilot, "play-jest has no machines. Press 3 to go to Build.")
        world.intents.behaviour.errors["instances"] = KubeplatError(
            "AWS did not list the instances.", why="You may not.", todo="Ask for ec2:DescribeInstances."
        )
        await pilot.press("ctrl+r")
        await sees(pilot, "AWS did not list the instances.")
        assert "Ask for ec2:DescribeInstances." in screen_text(pilot)


# --- a session --------------------------------------------------------------------------------------


async def test_what_is_typed_goes_to_the_machine_and_what_it_says_is_seen(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        await sees(pilot, "Last login: Mon Nov 2 13:58:01 2026")
        await pilot.press(
            "l", "s", "enter", "ctrl+c", "q", "1", "question_mark", "ctrl+q", "ctrl+p", "escape"
        )
        await until(pilot, lambda: shell.typed == b"ls\r\x03q1?\x11\x10\x1b", "every key")
        shell.says("\x1b]0;vim /etc/hosts\x07\x1b[1mhosts\x1b[0m  motd\r\n")
        await sees(pilot, "hosts motd")
        await sees(pilot, "vim /etc/hosts")
        assert "● up secure-a" in " ".join(screen_text(pilot).split())
        assert "^] kubeplat's keys" in screen_text(pilot)


async def test_the_shell_has_the_size_of_what_is_seen(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        pane = world.screen.sessions.pane
        assert pane is not None
        assert (shell.sizes[0].columns, shell.sizes[0].rows) == pane.terminal.size
        await pilot.resize_terminal(90, 25)
        await until(
            pilot, lambda: (shell.sizes[-1].columns, shell.sizes[-1].rows) == pane.terminal.size, "the size"
        )
        assert shell.sizes[-1] != shell.sizes[0]
        # Where nothing can be read, nothing is typed; the session lives on.
        await pilot.resize_terminal(50, 15)
        await sees(pilot, "kubeplat needs at least 60×20.")
        await pilot.press("a")
        await pilot.resize_terminal(90, 25)
        await sees(pilot, "● up secure-a")
        await pilot.press("b")
        await until(pilot, lambda: shell.typed == b"b", "the key")


async def test_connecting_says_what_it_does_and_can_be_cancelled(world: World) -> None:
    world.connections.script.gate = threading.Event()
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("enter")
        await sees(pilot, "Logging in as ec2-user 0 s")
        assert "◐ connecting 0 s" in screen_text(pilot)
        await pilot.press("escape")
        await sees(pilot, "Connecting to secure-a was cancelled.")
        await until(pilot, lambda: world.connections.stopped == 1, "the end of connecting")
        world.connections.script.gate = None
        await pilot.press("r")
        await world.shell_is_up(pilot, 1)


async def test_a_failure_is_said_in_the_tab_and_tried_again(world: World) -> None:
    world.connections.script.error = NO_WAY
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("enter")
        await sees(pilot, "✖ No way to play-jest-secure. No bastion runs. Press 3 and build one.")
        assert "✖ not connected" in screen_text(pilot)
        world.connections.script.error = None
        await pilot.press("r")
        await world.shell_is_up(pilot, 1)
        assert not world.connections.made[0].closed


async def test_a_fault_of_a_library_is_a_sentence(world: World) -> None:
    world.connections.script.error = RuntimeError("boom")
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await pilot.press("enter")
        await sees(pilot, "RuntimeError: boom")


async def test_a_silent_machine_is_said_and_comes_back(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await world.shell(pilot)
        world.connections.made[0].becomes(LinkState.SILENT, "no answer for 8 seconds")
        await sees(pilot, "▲ silent 8 s secure-a")
        assert world.typing
        world.connections.made[0].becomes(LinkState.UP)
        await sees(pilot, "● up secure-a")


async def test_a_lost_connection_says_so_and_reconnects_into_the_same_tab(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.says("what was there before\r\n\x1b[?1h\x1b[?1000h\x1b[?2004h")
        await sees(pilot, "what was there before")
        shell.is_lost("The bastion closed the connection.")
        await sees(pilot, "✖ lost at 14:05:09 UTC")
        await sees(pilot, "the connection is lost. The bastion closed the connection.")
        # What was just being typed was meant for the machine: it neither closes nor reconnects.
        await pilot.press("x", "r")
        assert len(world.sessions) == 1
        assert world.session.phase is Phase.LOST
        await until(pilot, lambda: not world.typing, "the keys for kubeplat")
        await pilot.press("r")
        await world.shell_is_up(pilot, 2)
        await sees(pilot, "14:05:09 UTC: connecting again")
        assert "what was there before" in screen_text(pilot)
        terminal = world.screen.sessions.pane.terminal  # type: ignore[union-attr]  # one is looked at
        modes = terminal.core.modes
        assert (modes.application_cursor, modes.mouse, modes.bracketed_paste) == (
            False,
            MouseTracking.NONE,
            False,
        )
        assert "The bastion closed the connection." in terminal.text()
        assert len(world.sessions) == 1
        await until(pilot, lambda: world.connections.made[0].closed, "the old connection's end")
        await pilot.press("a")
        await until(pilot, lambda: world.shells[1].typed == b"a", "the key")


async def test_a_machine_that_is_gone_is_not_taken_for_the_one_in_its_place(world: World) -> None:
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        (await world.shell(pilot)).is_lost("The machine went away.")
        later = INSTANCES[0].launched + timedelta(minutes=1)
        heir = replace(INSTANCES[0], id="i-0heir", launched=later)
        world.intents.machines = [heir, *INSTANCES[1:]]
        world.screen.read_again(quiet=True)
        await until(pilot, lambda: heir in world.screen.instances and not world.typing, "the new machine")
        await pilot.press("r")
        await sees(pilot, "Connect to i-0heir?")
        await pilot.press("y")
        await world.shell_is_up(pilot, 2)
        assert world.connections.made[1].instance == heir
        world.shells[1].is_lost("Gone, too.")
        world.intents.machines = []
        world.screen.read_again(quiet=True)
        await until(pilot, lambda: not world.screen.instances and not world.typing, "no machine")
        await pilot.press("r")
        await sees(pilot, "(i-0heir) is gone.")


@pytest.mark.parametrize(
    ("code", "signal", "words"),
    [(3, "", "✖ ended, exit code 3"), (None, "KILL", "✖ ended by SIGKILL")],
    ids=["three", "killed"],
)
async def test_an_ended_shell_shows_how(world: World, code: int | None, signal: str, words: str) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.ends(code, signal=signal)
        await sees(pilot, words)
        await until(pilot, lambda: not world.typing, "the keys for kubeplat")
        await pilot.press("x")
        await until(pilot, lambda: not world.sessions, "the tab's end")
        assert "Machines (7)" in screen_text(pilot)


async def test_output_is_not_read_faster_than_it_can_be_shown(world: World) -> None:
    async with world.app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        terminal = world.screen.sessions.pane.terminal  # type: ignore[union-attr]  # one is looked at
        most = 0
        for number in range(200):
            shell.says(f"{number:06} {'x' * 2000}\r\n" * 4)
        while not terminal.text(history=False).rstrip().endswith("x" * 20) or shell._output.qsize():
            most = max(most, terminal.waiting)
            await pilot.pause()
        assert most < 256 * 1024


# --- who has the keys -------------------------------------------------------------------------------


async def test_the_prefix_leaves_to_kubeplat_and_enter_goes_back(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        assert "KUBEPLAT HAS THE KEYS" not in screen_text(pilot)
        await pilot.press(PREFIX)
        await sees(pilot, "KUBEPLAT HAS THE KEYS enter types")
        assert "x Close" in screen_text(pilot)
        await pilot.press("enter", "a")
        await until(pilot, lambda: shell.typed == b"a", "the key")
        await pilot.press(PREFIX, PREFIX)
        await until(pilot, lambda: shell.typed == b"a\x1d", "the prefix itself")
        assert world.typing
        await pilot.press(PREFIX, "escape")
        await until(pilot, lambda: world.typing, "the keys back")
        await pilot.press(PREFIX, "4")
        await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "another section")
        assert "7 SSH ●1" in screen_text(pilot)
        shell.says("meanwhile\r\n")
        await pilot.press("7")
        await sees(pilot, "meanwhile")
        assert shell.typed == b"a\x1d"


async def test_the_prefix_is_another_key(tmp_path: Path) -> None:
    world = World(tmp_path, settings='[ssh]\nprefix = "ctrl+b"\n')
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        assert "^b kubeplat's keys" in screen_text(pilot)
        await pilot.press(PREFIX, "ctrl+b", "ctrl+b", "ctrl+b")
        await sees(pilot, "KUBEPLAT HAS THE KEYS")
        assert shell.typed == b"\x1d\x02"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('prefix = "x"', "'x' can be no prefix"),
        ('prefix = "ctrl+m"', "'ctrl+m' can be no prefix"),
        ("prefix = 3", "3 can be no prefix"),
        ('prefx = "f12"', "prefx is no setting of [ssh]"),
        ('fast_terminal = "yes"', "fast_terminal must be true or false."),
    ],
)
def test_mistakes_in_the_settings_are_sentences(line: str, words: str) -> None:
    settings = parse(f"[ssh]\n{line}\n")
    assert words in " ".join(settings.problems)
    assert (settings.prefix, settings.fast_terminal) == (PREFIX, False)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ctrl+]", PREFIX),
        ("ctrl+\\\\", "ctrl+backslash"),
        ("ctrl+^", "ctrl+circumflex_accent"),
        ("f12", "f12"),
        ("ctrl+a", "ctrl+a"),
    ],
)
def test_the_prefix_as_people_write_it(written: str, name: str) -> None:
    settings = parse(f'[ssh]\nprefix = "{written}"\n')
    assert (settings.prefix, settings.problems) == (name, ())


async def test_the_keys_of_an_environment_go_on_elsewhere(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        await pilot.press(PREFIX, "q")
        await until(pilot, lambda: "Environments (3)" in screen_text(pilot), "the list")
        assert "● 1 SSH" in screen_text(pilot).splitlines()[0]
        shell.says("still here\r\n")
        await world.app.go("play-jest", "ssh")
        await sees(pilot, "still here")


# --- tabs -------------------------------------------------------------------------------------------


async def test_tabs_go_round_and_show_what_happened_unseen(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        first = await world.shell(pilot)
        await world.another(pilot, "j")
        await sees(pilot, "● secure-a ▌● secure-b")
        first.says("new output\r\n")
        await sees(pilot, "● secure-a + ▌● secure-b")
        first.says("\x07")
        await sees(pilot, "● secure-a ! ▌● secure-b")
        await pilot.press(PREFIX, "shift+tab")
        await sees(pilot, "▌● secure-a ● secure-b")
        assert not world.typing
        await pilot.press("tab", "tab")
        await sees(pilot, "Machines (7)")
        await pilot.press("tab")
        await sees(pilot, "has no port forwards")
        await pilot.press("ctrl+pagedown", "enter", "z")
        await until(pilot, lambda: first.typed == b"z", "the key")


async def test_a_tab_is_duplicated_renamed_and_closed(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        await world.shell(pilot)
        await pilot.press(PREFIX, "N")
        await world.shell_is_up(pilot, 2)
        assert [session.name for session in world.sessions] == ["secure-a", "secure-a 2"]
        await pilot.press(PREFIX, "R", "ctrl+u", *"etcd", "enter")
        await sees(pilot, "● up etcd")
        assert world.typing
        await pilot.press(PREFIX, "x")
        await until(pilot, lambda: isinstance(world.app.screen, ConfirmDialog), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: world.app.screen is world.screen, "no")
        assert len(world.sessions) == 2
        await pilot.press("x", "y")
        await until(pilot, lambda: len(world.sessions) == 1, "the tab's end")
        await until(pilot, lambda: world.shells[1].closed, "the shell's end")
        assert not world.shells[0].closed
        assert world.session.name == "secure-a"
        assert world.app.opened["play-jest"].sessions == 1


async def test_two_sessions_share_the_screen(world: World) -> None:
    async with world.app.run_test(size=(160, 40)) as pilot:
        await world.open(pilot)
        first = await world.shell(pilot)
        second = await world.another(pilot, "j")
        await pilot.press(PREFIX, "v")
        await until(pilot, lambda: len(world.screen.query(".-shown")) == 2, "two sessions")
        await until(pilot, lambda: first.sizes[-1].columns < 80, "half the width")
        left, right = (pane.region for pane in world.screen.query("SessionPane"))
        assert left.right <= right.x
        assert left.y == right.y
        await until(pilot, lambda: world.typing, "the keys")
        await pilot.press("b", PREFIX, "shift+tab", "enter", "a")
        await until(pilot, lambda: (first.typed, second.typed) == (b"a", b"b"), "each its key")
        await pilot.resize_terminal(100, 40)
        await until(pilot, lambda: is_above(*world.screen.query("SessionPane")), "above each other")
        await pilot.press(PREFIX, "v")
        await until(pilot, lambda: len(world.screen.query(".-shown")) == 1, "one session")


def is_above(first: Widget, second: Widget) -> bool:
    """Whether one widget stands above the other."""
    return first.region.bottom <= second.region.y and first.region.x == second.region.x


async def test_a_broadcast_types_into_all_that_take_part(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        first = await world.shell(pilot)
        second = await world.another(pilot, "j")
        third = await world.another(pilot, "j")
        await pilot.press(PREFIX, "B")
        await sees(pilot, "Type into several sessions at once")
        await pilot.press("space", "enter")
        await sees(pilot, "▲ BROADCAST: what is typed here goes to 2 sessions")
        await pilot.press("x")
        await until(pilot, lambda: third.typed == b"x", "the key")
        assert (first.typed, second.typed) == (b"", b"x")
        # Arrows are what each machine's own modes want them to be; answers of a terminal stay its own.
        second.says("\x1b[?1h\x1b[6n")
        await until(pilot, lambda: second.typed.startswith(b"x\x1b["), "the report")
        before = second.typed
        await pilot.press("up")
        await until(pilot, lambda: third.typed == b"x\x1b[A", "the arrow")
        assert second.typed == before + b"\x1bOA"
        assert first.typed == b""
        await pilot.press(PREFIX, "shift+tab", "shift+tab")
        assert "▲ BROADCAST:" not in screen_text(pilot)
        await pilot.press("enter", "o")
        await until(pilot, lambda: first.typed == b"o", "alone")
        assert third.typed == b"x\x1b[A"
        second.ends(0)
        await until(pilot, lambda: not world.screen.sessions.broadcast, "the end with less than two")


async def test_the_text_is_saved_to_a_private_file_and_replaces_none(world: World, tmp_path: Path) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.says("".join(f"line {number}\r\n" for number in range(100)))
        await sees(pilot, "line 99")
        path = tmp_path / "session.txt"
        await pilot.press(PREFIX, "w", "ctrl+u")
        pilot.app.screen.query_one("Input").value = str(path)  # type: ignore[attr-defined]  # an Input has one
        await pilot.press("enter")
        await until(pilot, path.exists, "the file")
        await until(pilot, lambda: world.app.screen is world.screen, "the dialog's end")
        text = path.read_text()
        assert "line 0\n" in text
        assert "line 99\n" in text
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_text("mine")
        await pilot.press(PREFIX, "w", "ctrl+u")
        pilot.app.screen.query_one("Input").value = str(path)  # type: ignore[attr-defined]  # an Input has one
        await pilot.press("enter")
        await sees(pilot, "exists already.")
        assert path.read_text() == "mine"


async def test_searching_and_copying_leave_the_machine_alone(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.says("".join(f"word{number}\r\n" for number in range(90)))
        await sees(pilot, "word89")
        await pilot.press(PREFIX, "slash", *"word7", "enter")
        await sees(pilot, "word7")
        await pilot.press("escape")
        await pilot.press("y")
        assert "word89" in world.app.clipboard
        assert shell.typed == b""


# --- what a machine wants ---------------------------------------------------------------------------


async def test_the_clipboard_is_asked_for_once_a_session(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.says("\x1b]52;c;Zmlyc3Q=\x07")
        await until(pilot, lambda: isinstance(world.app.screen, ChoiceDialog), "the question")
        assert world.app.clipboard == ""
        await pilot.press("enter")
        assert world.app.clipboard == ""
        shell.says("\x1b]52;c;c2Vjb25k\x07")
        await until(pilot, lambda: isinstance(world.app.screen, ChoiceDialog), "the question again")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: world.app.clipboard == "second", "the copy")
        shell.says("\x1b]52;c;dGhpcmQ=\x07")
        await until(pilot, lambda: world.app.clipboard == "third", "without asking")


async def test_a_clipboard_that_is_refused_for_good_is_asked_for_no_more(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        shell.says("\x1b]52;c;Zmlyc3Q=\x07")
        await until(pilot, lambda: isinstance(world.app.screen, ChoiceDialog), "the question")
        await pilot.press("end", "enter")
        shell.says("\x1b]52;c;c2Vjb25k\x07done\r\n")
        await sees(pilot, "done")
        assert world.app.screen is world.screen
        assert world.app.clipboard == ""


async def test_several_lines_are_asked_about_before_a_shell_runs_them(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        shell = await world.shell(pilot)
        world.app.post_message(events.Paste("rm -r a\nrm -r b\n"))
        await sees(pilot, "Paste 2 lines into secure-a?")
        await pilot.press("enter")
        await until(pilot, lambda: world.typing, "no")
        assert shell.typed == b""
        world.app.post_message(events.Paste("rm -r a\nrm -r b\n"))
        await sees(pilot, "Paste 2 lines into secure-a?")
        await pilot.press("y")
        await until(pilot, lambda: shell.typed.startswith(b"rm -r a\r"), "the paste")
        shell.says("\x1b[?2004h")
        await until(pilot, lambda: world.screen.sessions.pane.terminal.core.modes.bracketed_paste, "the mode")  # type: ignore[union-attr]  # one is looked at
        world.app.post_message(events.Paste("one\ntwo\n"))
        await until(pilot, lambda: b"\x1b[200~" in shell.typed, "the paste in brackets")


async def test_the_agent_is_forwarded_only_on_request_and_the_tab_says_so(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await world.open(pilot)
        assert not (await world.shell(pilot, "s")).agent
        await pilot.press(PREFIX, "n")
        assert (await world.shell(pilot, "A")).agent
        assert "agent forwarded" in screen_text(pilot)


# --- from elsewhere, and the end --------------------------------------------------------------------


async def test_s_on_an_instance_opens_a_shell_there(world: World) -> None:
    async with world.app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
        await world.app.go("play-jest", "instances")
        await until(pilot, lambda: "Instances (7)" in screen_text(pilot), "the machines")
        await pilot.press("slash", *"compute", "enter", "s")
        await world.shell_is_up(pilot, 1)
        assert world.session.machine.layer is Layer.COMPUTE
        assert "▌● compute-a" in screen_text(pilot)


async def test_quitting_with_sessions_open_asks_once(world: World) -> None:
    async with world.app.run_test(size=(100, 30)) as pilot:
        await world.open(pilot)
        await world.shell(pilot)
        await world.another(pilot, "j")
        await pilot.press(PREFIX, "ctrl+q")
        await sees(pilot, "2 SSH sessions (play-jest)")
        await pilot.press("enter")
        await until(pilot, lambda: world.app.screen is world.screen, "staying")
        await pilot.press("ctrl+q")
        await sees(pilot, "2 SSH sessions (play-jest)")
        await pilot.press("down", "enter")
    assert world.app.return_code == 0
    assert all(connection.over.wait(PATIENCE) for connection in world.connections.made)


async def picker(_: Pilot[Any], __: World) -> None:
    """Nothing more."""


async def keys(pilot: Pilot[Any], world: World) -> None:
    """Kubeplat has them."""
    await world.shell(pilot)
    await pilot.press(PREFIX)
    await sees(pilot, "KUBEPLAT HAS THE KEYS")


async def connecting(pilot: Pilot[Any], world: World) -> None:
    """On the way."""
    world.connections.script.gate = threading.Event()
    await pilot.press("enter")
    await sees(pilot, "Logging in")


async def failed(pilot: Pilot[Any], world: World) -> None:
    """No way there."""
    world.connections.script.error = NO_WAY
    await pilot.press("enter")
    await sees(pilot, "Press 3 and build one.")


async def lost(pilot: Pilot[Any], world: World) -> None:
    """The connection is gone."""
    (await world.shell(pilot)).is_lost("The bastion closed the connection.")
    await sees(pilot, "r reconnects x closes")


async def split(pilot: Pilot[Any], world: World) -> None:
    """Two sessions, drawn at their sizes."""
    await world.shell(pilot)
    await world.another(pilot, "j")
    await pilot.press(PREFIX, "v")
    await until(pilot, lambda: len(world.screen.query(".-shown")) == 2 and world.typing, "two sessions")
    await until(pilot, world.sizes_settled, "their sizes")


async def broadcast(pilot: Pilot[Any], world: World) -> None:
    """Both get what is typed."""
    await split(pilot, world)
    await pilot.press(PREFIX, "B", "enter")
    await sees(pilot, "goes to 2 sessions")
    await until(pilot, lambda: world.typing and world.sizes_settled(), "the keys")


STATES = {made.__name__: made for made in (picker, keys, connecting, failed, lost, split, broadcast)}

LIKE_ANOTHER = {("connecting", (160, 45)), ("failed", (160, 45)), ("broadcast", (80, 24))}
"""Pictures that show nothing which another one does not."""


@pytest.mark.parametrize(
    ("state", "size"),
    [(state, size) for state in STATES for size in SIZES if (state, size) not in LIKE_ANOTHER],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
def test_picture(snap_compare: Any, world: World, size: tuple[int, int], state: str) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await world.open(pilot)
        await STATES[state](pilot, world)

    assert snap_compare(world.app, terminal_size=size, run_before=prepare)
