"""However kubeplat ends while sessions and forwards are open: the terminal is as before, and nothing listens."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from tests.terminal.driver import Terminal, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.terminal.conftest import Place


@pytest.fixture
def port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def terminal(place: Place, port: int) -> Terminal:
    """The application with a session that is typed into, and a forward that listens."""
    made = Terminal(
        place.folder,
        [sys.executable, "-m", "tests.terminal.ssh_program", str(place.folder), str(port)],
        environ=place.environ(),
    )
    place.terminals.append(made)
    made.see("play-jest", "Overview")
    made.press("7")
    made.see("Machines (7)")
    made.press("Enter")
    made.see("[ec2-user@secure ~]$", "kubeplat's keys")
    assert listens(port)
    return made


def told(number: signal.Signals) -> Callable[[Terminal, Path], None]:
    """End it by a signal."""

    def end(_: Terminal, folder: Path) -> None:
        os.kill(int((folder / "pid").read_text()), number)

    return end


def quit_by_hand(terminal: Terminal, _: Path) -> None:
    """Ask to quit, and mean it."""
    terminal.press("C-]", "C-q")
    terminal.see("1 SSH session and 1 port forward (play-jest)")
    terminal.press("Down", "Enter")


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (quit_by_hand, 0),
        (told(signal.SIGUSR1), 1),  # a fault of kubeplat's own
        (told(signal.SIGTERM), 128 + signal.SIGTERM),
        (told(signal.SIGHUP), 128 + signal.SIGHUP),
    ],
    ids=["quit", "crash", "terminated", "hung up"],
)
def test_nothing_is_left(
    terminal: Terminal, place: Place, port: int, end: Callable[[Terminal, Path], None], code: int
) -> None:
    end(terminal, place.folder)
    terminal.see(f"exit code {code}")
    facts = {name: terminal.fact(name) for name in ("alternate_on", "mouse_any_flag", "cursor_flag")}
    assert facts == {"alternate_on": "0", "mouse_any_flag": "0", "cursor_flag": "1"}
    assert until(lambda: not listens(port), within=5)
