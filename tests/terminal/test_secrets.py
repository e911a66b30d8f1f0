"""Secrets in a real terminal: what was revealed or edited is nowhere once the screen was left."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.secrets.edit_file import SHARED_MEMORY
from tests.terminal.driver import Terminal
from tests.terminal.secrets_program import KEY, TOKEN

if TYPE_CHECKING:
    from tests.terminal.conftest import Place

NAME = KEY.rpartition("/")[2]

pytestmark = pytest.mark.xdist_group("shared-memory")  # all of it is searched: one at a time may edit there


def start(place: Place, **environ: str) -> Terminal:
    """The application, in its secrets, the cursor on the kubeconfig and its preview beside."""
    terminal = Terminal(
        place.folder,
        [sys.executable, "-m", "tests.terminal.secrets_program", str(place.folder / "kubeplat")],
        environ=place.environ() | environ,
        columns=150,
        rows=40,
    )
    place.terminals.append(terminal)
    terminal.see("Overview", "play-jest")
    terminal.press("6")
    terminal.see("Secrets (", "kubernetes-ca.crt")
    terminal.press("/")
    terminal.see("esc Take away")  # the filter has the keys
    terminal.type("locked/admin")
    terminal.see("(1/55)", NAME)
    terminal.press("Enter")
    terminal.see("enter Open/close")
    terminal.press("G")
    terminal.see_if(lambda screen: "kubeconfig · " in screen and "masked" in screen, "the preview")
    return terminal


def reveal(terminal: Terminal) -> None:
    terminal.press("Enter")
    terminal.see_if(lambda screen: "enter Preview" not in screen, "the keys in the preview")
    terminal.press("r")
    terminal.see("SECRETS ARE SHOWN", "hidden again in")
    terminal.press("G")
    terminal.see(TOKEN)


def flat(screen: str) -> str:
    """The words at the right, where notifications stand, on one line."""
    return " ".join(row[90:].strip(" │") for row in screen.splitlines())


def everything(terminal: Terminal) -> str:
    """The screen and all that can be scrolled back to, of the usual and of the alternate screen."""
    return terminal._tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "test") + terminal._tmux(
        "capture-pane", "-p", "-J", "-q", "-a", "-S", "-", "-t", "test"
    )


def in_files(place: Place, text: str) -> list[Path]:
    """The files of this place and of the shared memory that hold `text`."""
    paths = [*place.folder.rglob("*"), *SHARED_MEMORY.rglob("*")]
    return [path for path in paths if path.is_file() and text.encode() in path.read_bytes()]


def test_nothing_revealed_stays_in_the_terminal(place: Place) -> None:
    terminal = start(place)
    reveal(terminal)
    assert TOKEN in everything(terminal)
    terminal.press("C-q")
    terminal.see("exit code 0")
    assert terminal.fact("alternate_on") == "0"
    assert TOKEN not in everything(terminal)
    assert in_files(place, TOKEN) == []
    assert place.nothing_runs(), place.running()


def test_what_is_revealed_is_hidden_when_the_terminal_loses_the_focus(place: Place) -> None:
    terminal = start(place)
    terminal._tmux("set-option", "-g", "focus-events", "on")
    reveal(terminal)
    terminal._tmux("send-keys", "-t", "test", "Escape", "[", "O")  # what a terminal sends (xterm: FocusOut)
    terminal.see_if(lambda screen: TOKEN not in screen and "SECRETS" not in screen, "the masks")


@pytest.mark.parametrize("code", [0, 1])
def test_a_secret_is_edited_in_the_persons_own_editor(place: Place, code: int) -> None:
    script = place.folder / "editor"
    seen = place.folder / "seen"
    script.write_text(
        f'#!/bin/sh\necho "editing now"\nstat -c "%a %n" "$1" > "{seen}"\nread answer\n'
        f'echo "# $answer" >> "$1"\nexit {code}\n'
    )
    script.chmod(0o700)
    terminal = start(place, EDITOR=str(script))
    terminal.press("E")
    terminal.see("editing now")
    assert terminal.fact("alternate_on") == "0"
    assert TOKEN not in everything(terminal)
    terminal.type("a-note-of-mine")
    terminal.press("Enter")
    if code:
        terminal.see_if(
            lambda screen: "ended with an error (1): nothing was saved." in flat(screen), "the sentence"
        )
    else:
        terminal.see("is saved here", "changed here")
        terminal.see("# a-note-of-mine")
    assert terminal.fact("alternate_on") == "1"
    mode, path = seen.read_text().split()
    assert mode == "600"
    assert not Path(path).parent.exists()
    terminal.press("C-q")
    terminal.see("exit code 0")
    assert TOKEN not in everything(terminal)
    assert in_files(place, TOKEN) == []
    assert place.nothing_runs(), place.running()


def test_a_secret_is_edited_on_the_screen_and_stays_there(place: Place) -> None:
    terminal = start(place)
    terminal.press("e")
    terminal.see("^s saves", "apiVersion: v1")
    terminal.type("# mine")
    terminal.press("Enter")
    terminal.press("C-s")
    terminal.see(f"Save this to {KEY}?", "+ # mine")
    terminal.press("Enter")
    terminal.see("is saved here", "changed here")
    terminal.press("C-q")
    terminal.see("exit code 0")
    assert not re.search(TOKEN, everything(terminal))
