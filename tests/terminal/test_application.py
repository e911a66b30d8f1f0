"""The real program in a real terminal: it opens, is left, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox import status

if TYPE_CHECKING:
    from tests.terminal.conftest import Place


def test_from_an_empty_home_to_the_playground_and_back(place: Place) -> None:
    terminal = place.start("--playground")
    terminal.see("Environments (1)", "play-jest", "sandbox")
    assert terminal.fact("alternate_on") == "1"
    terminal.press("Enter")
    terminal.see("Overview", "SANDBOX", "● running", "never built")
    assert status.status(place.state) is not None
    terminal.press("Escape")
    terminal.see("Environments (1)")
    terminal.press("q")
    terminal.see("exit code 0")
    assert terminal.fact("alternate_on") == "0"
    assert terminal.fact("cursor_flag") == "1"
    assert terminal.fact("mouse_any_flag") == "0"
    assert place.nothing_runs(), place.running()
    assert status.status(place.state) is None


def test_an_environment_named_on_the_command_line_is_opened_at_once(place: Place) -> None:
    make = [sys.executable, "-m", "kubeplat_tui", "--playground", "environments", "new"]
    subprocess.run(make, env=place.environ(), check=True, capture_output=True)
    for arguments in (["-e", "play-jest"], ["--environment=play-jest"]):
        terminal = place.start(*arguments)
        terminal.see("Overview", "play-jest", "never built")
        terminal.press("C-q")
        terminal.see("exit code 0")
        terminal.close()
    assert place.nothing_runs(), place.running()


def test_a_killed_terminal_leaves_no_process(place: Place) -> None:
    terminal = place.start("--playground")
    terminal.see("Environments (1)")
    terminal.press("Enter")
    terminal.see("● running")
    terminal.close()
    assert place.nothing_runs(), place.running()


def test_a_program_that_is_told_to_end_gives_the_terminal_back(place: Place) -> None:
    terminal = place.start("--playground")
    terminal.see("Environments (1)")
    terminal.press("Enter")
    terminal.see("● running")
    shell = terminal.fact("pane_pid")
    children = subprocess.run(["pgrep", "-P", shell], check=True, capture_output=True, text=True).stdout
    os.kill(int(children.split()[0]), signal.SIGTERM)
    screen = terminal.see("exit code 143")
    assert "play-jest" not in screen
    assert terminal.fact("alternate_on") == "0"
    assert terminal.fact("cursor_flag") == "1"
    assert place.nothing_runs(), place.running()


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (59, 30), (100, 19)])
def test_a_terminal_that_is_too_small_is_told_so(place: Place, columns: int, rows: int) -> None:
    terminal = place.start(columns=columns, rows=rows)
    screen = terminal.see("exit code 2")
    said = "".join(screen.split())  # a narrow terminal breaks words
    assert f"{columns}x{rows}" in said
    assert "60x20areneeded" in said
    assert terminal.fact("alternate_on") == "0"


def test_the_smallest_terminal_is_large_enough(place: Place) -> None:
    terminal = place.start(columns=60, rows=20)
    terminal.see("There is no environment yet", "q Quit")
    terminal.press("q")
    terminal.see("exit code 0")


def test_an_unknown_environment_is_refused_before_the_screen_changes(place: Place) -> None:
    terminal = place.start("-e", "nobody")
    assert "There is no environment nobody" in terminal.see("exit code 2").replace("\n", " ")
