"""Shells and commands: bytes in, bytes out, a size, and how they end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh import shell as shell_module
from kubeplat_tui.services.ssh.model import LinkState, Size, SshError
from kubeplat_tui.services.ssh.shell import WINDOW, ShellEnd
from tests.unit.ssh_machines import Lab, Person
from tests.unit.ssh_servers import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.ssh.connection import Connection
    from kubeplat_tui.services.ssh.shell import Shell


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connection(lab: Lab) -> Connection:
    return lab.connections.connect(lab.bastion.instance, Person())


def everything(shell: Shell) -> bytes:
    return b"".join(iter(shell.read, b""))


def test_a_command_has_output_errors_and_an_exit_code(connection: Connection) -> None:
    shell = connection.command("say hello")
    assert everything(shell) == b"hello"
    assert b"".join(iter(shell.read_error, b"")) == b"mind you"
    assert shell.wait(10) == ShellEnd(0, "", lost=False, why="")
    assert shell.read() == b""


def test_an_exit_code_arrives(connection: Connection) -> None:
    end = connection.command("exit 42").wait(10)
    assert end is not None
    assert end.exit_code == 42


def test_a_signal_arrives_with_its_name(connection: Connection) -> None:
    end = connection.command("signal KILL").wait(10)
    assert end == ShellEnd(None, "KILL", lost=False, why="Ended by SIGKILL: ended by hand.")


def test_one_that_ends_without_a_word_is_not_lost(connection: Connection) -> None:
    end = connection.command("leave").wait(10)
    assert end == ShellEnd(None, "", lost=False, why="demo-bastion (i-01) ended it without an exit code.")


def test_one_that_does_not_end_is_waited_for_no_longer_than_asked(connection: Connection) -> None:
    shell = connection.command("wait")
    assert shell.wait(0.01) is None
    shell.close()
    end = shell.wait(10)
    assert end is not None
    assert (end.lost, end.why) == (False, "The session was closed here.")


def test_a_program_that_cannot_be_started_is_said(connection: Connection) -> None:
    with pytest.raises(SshError, match="does not start a command for ec2-user"):
        connection.command("nonsense")


def test_input_arrives_in_order_and_ends(connection: Connection) -> None:
    shell = connection.command("cat")
    for number in range(500):
        shell.write(b"%d " % number)
    shell.end_input()
    shell.end_input()
    assert everything(shell) == b"".join(b"%d " % number for number in range(500))
    with pytest.raises(SshError, match="is over"):
        shell.write(b"late")


def test_a_terminal_has_a_size_that_changes(lab: Lab, connection: Connection) -> None:
    shell = connection.shell(Size(80, 24))
    shell.resize(Size(120, 40))
    assert lab.bastion.resized.wait(10)
    assert lab.bastion.sizes == [(80, 24), (120, 40)]
    shell.write(b"typed")
    assert shell.read() == b"typed"


def test_a_terminal_gets_this_computer_s_locale_and_nothing_else_of_its_environment(tmp_path: Path) -> None:
    lab = Lab(
        tmp_path, environ={"LANG": "de_DE.UTF-8", "LC_TIME": "C", "LC_ALL": "", "AWS_SECRET_ACCESS_KEY": "s"}
    )
    connection = lab.connections.connect(lab.bastion.instance, Person())
    assert everything(connection.command("say hello")) == b"hello"
    assert lab.bastion.variables == {}
    shell = connection.shell(Size(80, 24))
    shell.write(b"typed")
    assert shell.read() == b"typed"
    assert lab.bastion.variables == {"LANG": "de_DE.UTF-8", "LC_TIME": "C"}
    lab.close()


def test_writing_never_blocks_and_has_a_bound(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell_module, "MOST_WAITING", 8 << 20)
    shell = connection.command("wait")
    piece = bytes(1 << 20)

    def fill() -> None:
        for _ in range(16):  # the machine's own window takes a few
            shell.write(piece)

    with pytest.raises(SshError, match="takes no input"):
        fill()
    shell.close()


def test_a_flood_that_nobody_reads_stops_after_the_window(lab: Lab, connection: Connection) -> None:
    shell = connection.command("flood", size=Size(80, 24))
    assert shell.read(1)
    other = connection.command("say hello")
    assert everything(other) == b"hello"
    assert connection.ping(10)
    assert lab.bastion.sent <= WINDOW + len(PIECE)
    shell.close()


def test_closing_ends_whoever_reads(connection: Connection) -> None:
    shell = connection.command("wait")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(shell.read()))
    reader.start()
    shell.close()
    shell.close()
    reader.join(10)
    assert read == [b""]
    with pytest.raises(SshError, match="is over"):
        shell.write(b"more")


def test_a_lost_connection_ends_its_shells_with_the_reason(lab: Lab, connection: Connection) -> None:
    shells = [connection.command("cat"), connection.shell(Size(80, 24))]
    lab.bastion.cut()
    assert [everything(shell) for shell in shells] == [b"", b""]
    ends = [shell.wait(10) for shell in shells]
    assert connection.status.state is LinkState.LOST
    assert ends == [ShellEnd(None, "", lost=True, why="demo-bastion (i-01) closed the connection.")] * 2
    with pytest.raises(SshError) as refusal:
        connection.shell(Size(80, 24))
    assert refusal.value.why == "demo-bastion (i-01) closed the connection."
