"""`kubeplat shell` in a real terminal: the prompt, the person's own files, what it leaves behind; and the key `!`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox import status
from tests.terminal.driver import Terminal

if TYPE_CHECKING:
    from tests.terminal.conftest import Place

OWN = """
alias plan='echo hidden' k='echo mine'
PATH=$PATH:/own
PS1='own prompt> '
"""
KINDS = [
    "bash",
    pytest.param("zsh", marks=pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")),
]


def opened(place: Place, kind: str) -> Terminal:
    """The playground's shell, beside a checkout on the branch master."""
    (place.folder / f".{kind}rc").write_text(OWN)
    subprocess.run(["git", "init", "-q", "-b", "master", place.folder / "platform"], check=True)
    terminal = Terminal(
        place.folder,
        [sys.executable, "-m", "kubeplat_tui", "--playground", "shell"],
        environ=place.environ() | {"SHELL": str(shutil.which(kind)), "PROMPT_COMMAND": 'PS1="mine> "'},
        columns=130,
        rows=45,
    )
    place.terminals.append(terminal)
    terminal.see("play-jest", "sandbox: AWS is simulated", "sandbox [play-jest@~] $")
    return terminal


def type_line(terminal: Terminal, line: str, *words: str) -> None:
    terminal.type(line)
    terminal.press("Enter")
    terminal.see(*words)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shell_from_its_greeting_to_its_end(place: Place, kind: str) -> None:
    terminal = opened(place, kind)
    type_line(terminal, "cd platform", "[play-jest@platform] (master) $")
    type_line(terminal, "git checkout -q -b 'a$(b)%d'", "[play-jest@platform] (a$(b)%d) $")
    type_line(terminal, "type plan; k; echo ${PATH##*:}", "shell/bin/plan", "mine", "/own")
    type_line(terminal, "KUBEPLAT_ENVIRONMENT=other", "\n[other@platform]")
    type_line(terminal, "KUBEPLAT_ENVIRONMENT=play-jest", "\nsandbox [play-jest@platform] (a$(b)%d) $")
    terminal.type("aws-ins")
    terminal.press("Tab")
    terminal.see("$ aws-instances")
    type_line(terminal, " -h", "Usage: kubeplat aws-instances")
    type_line(terminal, "kubeplat shell -- sh -c 'exit 3'; echo code $?", "code 3")
    type_line(terminal, "kubeplat shell", "This is a shell inside the shell of play-jest")
    type_line(terminal, "exit 5", "exit")
    type_line(terminal, "echo came back with $?", "came back with 5")
    type_line(terminal, "suspend; exit 7", "exit code 7")
    assert place.nothing_runs(), place.running()
    assert status.status(place.state) is None


def test_one_key_lends_the_applications_terminal_to_a_shell(place: Place) -> None:
    terminal = place.start("--playground", columns=130, rows=40)
    terminal.see("Environments (1)", "play-jest")
    terminal.press("Enter")
    terminal.see("● running", "never built")
    terminal.press("!")
    terminal.see("exit leads back to the application", "[play-jest@")
    assert terminal.fact("alternate_on") == "0"
    assert terminal.fact("mouse_any_flag") == "0"
    type_line(terminal, "kubeplat sandbox status", "in use by 2", "log ")
    type_line(terminal, "stty -echo; exit", "Overview", "SANDBOX")
    assert terminal.fact("alternate_on") == "1"
    terminal.press("C-q")
    terminal.see("exit code 0")
    assert terminal.fact("alternate_on") == "0"
    type_line(terminal, "seen again", "seen again\nseen again")  # the line's echo, and cat's
    assert place.nothing_runs(), place.running()


def test_a_killed_terminal_takes_the_application_with_it_that_lent_it(place: Place) -> None:
    """The shell has the terminal's foreground: the application itself is told nothing."""
    terminal = place.start("--playground", columns=130, rows=40)
    terminal.see("Environments (1)", "play-jest")
    terminal.press("!")
    terminal.see("exit leads back to the application", "[play-jest@")
    terminal.close()
    assert place.nothing_runs(), place.running()


def test_a_killed_terminal_takes_the_shell_with_it(place: Place) -> None:
    terminal = opened(place, "bash")
    type_line(terminal, "echo $((6 * 7)) $SSH_AUTH_SOCK", "42 /", "/agent")
    terminal.close()
    assert place.nothing_runs(), place.running()
    assert status.status(place.state) is None
