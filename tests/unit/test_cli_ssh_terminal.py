"""A shell on a machine at a real terminal: sizes, escapes, and the terminal given back whatever happened."""

from __future__ import annotations

import os
import pty
import signal
import termios
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.commands.raw_terminal import RawTerminal
from kubeplat_tui.services.ssh.model import Size
from tests.unit.ssh_terminal import Typist
from tests.unit.ssh_verbs import CUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROMPT = "]$ "
SPOILS = r"printf '\033[?1049h\033[?1002h\033[?2004h\033[?25l\033='; echo spoi''led"
"""Leaves the terminal as a full-screen program has it."""
UNDONE = b"\x1b>\x1b[?1002l\x1b[?2004l\x1b[?25h\x1b[?1049l\x1b[m\x1b(B"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Typist]:
    with Typist(tmp_path, "ssh", "master") as typist:
        typist.see(PROMPT)
        yield typist


def test_a_shell_has_the_terminals_size_and_follows_it(shell: Typist) -> None:
    raw = shell.modes()
    assert raw != shell.before
    shell.type("stty size; echo $TERM\r")
    shell.see("30 90\r\nxterm-256color")
    shell.resize(101, 31)
    # The size arrives when it arrives: the shell itself is asked to wait for it.
    shell.type("until [ \"$(stty size)\" = '31 101' ]; do :; done; echo fol''lowed\r")
    shell.see("followed")
    shell.type("exit 9\r")
    assert shell.end() == 9
    assert b"The connection to demo-secure is closed." in shell.seen
    assert shell.modes() == shell.before


def test_every_key_goes_to_the_machine_but_the_escapes(shell: Typist) -> None:
    shell.type("sh -c 'echo u''p; exec cat'\r")
    shell.see("up\r\n")
    shell.type("\x1a")  # ctrl+z stops the machine's program, not ours
    shell.see("Stopped")
    shell.see(PROMPT)
    shell.type("fg\r")
    shell.see("exec cat'\r\n")
    shell.type("\x03")  # and ctrl+c interrupts it
    shell.see("^C")
    shell.see(PROMPT)
    shell.type("echo a~.b\r")
    shell.see("a~.b\r\n")
    shell.see("a~.b\r\n")
    shell.type("~?")
    shell.see("close the connection")
    shell.type("\r~~\r")
    shell.see("$ ~\r\n")
    shell.type("\r~.")
    assert shell.end() == 255
    assert b"closed by ~." in shell.seen
    assert shell.modes() == shell.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_gives_the_terminal_back(shell: Typist, number: signal.Signals) -> None:
    shell.type(f"{SPOILS}; sleep 1000\r")
    shell.see("spoiled")
    os.kill(shell.program.pid, number)
    assert shell.end() == 128 + number
    assert UNDONE in shell.seen
    assert shell.modes() == shell.before


def test_a_lost_connection_gives_the_terminal_back(shell: Typist) -> None:
    shell.type(f"{SPOILS}; read x; echo > ../{CUT}\r")
    shell.see("spoiled")
    shell.type("now\r")
    assert shell.end() == 255
    assert UNDONE in shell.seen
    assert b"The connection to demo-secure (i-0100) was lost." in shell.seen
    assert shell.modes() == shell.before


def test_a_command_gets_a_terminal_with_t(tmp_path: Path) -> None:
    with Typist(tmp_path, "ssh", "-t", "master", "--", "stty size; read x; echo got $x; exit 4") as typist:
        typist.see("30 90")
        typist.type("this\r")
        typist.see("got this")
        assert typist.end() == 4
        assert typist.modes() == typist.before


def test_a_command_without_one_leaves_the_terminal_alone(tmp_path: Path) -> None:
    with Typist(tmp_path, "ssh", "master", "--", "echo up; cat") as typist:
        typist.see("up\r\n")
        assert typist.modes() == typist.before
        typist.type("line\n")
        typist.see("line\r\nline\r\n")
        typist.type("\x03")
        assert typist.end() == 130


def test_a_machine_is_chosen_by_its_number(tmp_path: Path) -> None:
    with Typist(tmp_path, "ssh") as typist:
        assert b"secure-a" in typist.see("Which machine? (1-4")
        typist.type("4\n")
        typist.see("ec2-user@demo-bastion")
        typist.type("exit\r")
        assert typist.end() == 0


# --- the terminal itself --------------------------------------------------------------------------------------------


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    screen, keys = pty.openpty()
    yield screen, keys
    os.close(screen)
    os.close(keys)


def test_a_terminal_is_given_back_when_something_breaks(terminal: tuple[int, int]) -> None:
    screen, keys = terminal
    before = termios.tcgetattr(keys)

    def break_it() -> None:
        with RawTerminal(keys, keys) as raw:
            assert not termios.tcgetattr(keys)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
            raw.left_on.watch(b"\x1b[?1049h")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_it()
    assert termios.tcgetattr(keys) == before
    assert os.read(screen, 100) == b"\x1b[?1049l\x1b[m\x1b(B"


def test_a_terminal_that_knows_no_size_is_taken_for_a_usual_one(terminal: tuple[int, int]) -> None:
    _, keys = terminal
    assert RawTerminal(keys, keys).size() == Size(80, 24)
