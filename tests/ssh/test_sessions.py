"""Shells and commands on machines behind a real bastion."""

from __future__ import annotations

import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh.model import LinkState, Size, SshError
from tests.ssh.agents import Agent
from tests.ssh.debian import program
from tests.ssh.driving import Place, Reader, output
from tests.ssh.farm import ADDRESSES, is_server
from tests.terminal.driver import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ssh.farm import Farm

WHOLE_SCREEN = Path(__file__).with_name("whole_screen.py")
NARROW, WIDE = Size(80, 24), Size(132, 43)


@pytest.fixture
def agent(farm: Farm, tmp_path: Path) -> Iterator[Agent]:
    """A running agent with a key of its own in it."""
    made = Agent(farm.client, tmp_path / "agent")
    made.add_new_key("somebody@somewhere")
    yield made
    made.close()


def test_a_shell_has_a_prompt_and_says_where_it_is(place: Place) -> None:
    with closing(place.connect("secure-1").shell(NARROW)) as shell:
        reader = Reader(shell)
        reader.see("[root@secure-1 ~]# ")
        shell.write(b"echo $TERM $SSH_CONNECTION\n")
        said = reader.see("[root@secure-1 ~]# ")
        assert "xterm-256color" in said
        assert f"{ADDRESSES['bastion-1'][1]} " in said, "it did not come through the bastion"
        shell.write(b"exit 3\n")
        assert "logout" in reader.rest()
        end = shell.wait(10)
    assert end is not None
    assert (end.exit_code, end.signal, end.lost) == (3, "", False)


def test_a_resize_is_seen_by_what_runs_there(place: Place) -> None:
    with closing(place.connect().shell(NARROW)) as shell:
        reader = Reader(shell)
        shell.write(b"trap 'echo now $(stty size)' WINCH; echo first $(stty size)\n")
        reader.see("first 24 80\r\n")
        shell.resize(WIDE)
        reader.see("now 43 132\r\n")


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_a_command_ends_with_its_exit_code(place: Place, code: int) -> None:
    with closing(place.connect().command(f"echo out; echo err >&2; exit {code}")) as command:
        assert output(command) == b"out\n"
        assert command.read_error() == b"err\n"
        end = command.wait(10)
    assert end is not None
    assert (end.exit_code, end.signal, end.lost) == (code, "", False)


def test_a_command_that_a_signal_ends_says_which(place: Place) -> None:
    with closing(place.connect().command("kill -TERM $$")) as command:
        assert output(command) == b""
        end = command.wait(10)
    assert end is not None
    assert (end.exit_code, end.signal, end.lost) == (None, "TERM", False)


def test_a_command_reads_what_is_given_to_it_to_the_end(place: Place) -> None:
    data = bytes(range(256)) * 8192
    with closing(place.connect().command("sha256sum; echo read to the end")) as command:
        command.write(data)
        command.end_input()
        said = output(command)

    assert said.decode().split() == [hashlib.sha256(data).hexdigest(), "-", "read", "to", "the", "end"]


def test_ctrl_c_in_a_flood_acts_at_once(place: Place) -> None:
    """Whoever reads slowly, as a screen does, sees the prompt after at most what was on the way."""
    with closing(place.connect().shell(NARROW)) as shell:
        said = b""
        while not said.endswith(b"# "):
            said += shell.read()
        shell.write(b"yes flood\n")
        for _ in range(20):
            shell.read()
        shell.write(b"\x03")
        late, tail = 0, b""
        while not tail.endswith(b"]# "):
            data = shell.read()
            late += len(data)
            tail = (tail + data)[-64:]
    assert late < 1 << 19, f"{late} bytes came after ctrl+c"


def test_agent_forwarding_only_when_asked(farm: Farm, tmp_path: Path, agent: Agent) -> None:
    place = Place.on(farm, tmp_path, SSH_AUTH_SOCK=str(agent.socket))
    try:
        connection = place.connect("compute-1")
        with closing(
            connection.command(f"echo ${{SSH_AUTH_SOCK:-none}}; {program('ssh-add')} -l")
        ) as not_asked:
            assert output(not_asked) == b"none\n"
            assert b"Could not open a connection" in not_asked.read_error()
        with closing(connection.command(f"{program('ssh-add')} -l", agent=True)) as asked:
            assert "somebody@somewhere (ED25519)" in output(asked).decode()
        with closing(connection.shell(NARROW, agent=True)) as shell:
            reader = Reader(shell)
            shell.write(f"{program('ssh-add')} -l; echo $((40 + 2))\n".encode())
            assert "somebody@somewhere (ED25519)" in reader.see("42\r\n")
    finally:
        place.close()


def test_the_agent_is_lent_no_longer_than_the_session_lives(farm: Farm, tmp_path: Path, agent: Agent) -> None:
    """OpenSSH's server keeps the socket there until the connection ends: on our side nobody answers any more."""
    place = Place.on(farm, tmp_path, SSH_AUTH_SOCK=str(agent.socket))
    try:
        connection = place.connect("compute-1")
        with closing(connection.command(f"{program('ssh-add')} -l", agent=True)) as asked:
            assert "somebody@somewhere (ED25519)" in output(asked).decode()
        with closing(connection.command(f"{program('ssh-add')} -l")) as later:
            assert b"somebody" not in output(later)
    finally:
        place.close()


def test_the_bastion_sees_no_agent_and_no_session(farm: Farm, tmp_path: Path, agent: Agent) -> None:
    """It only carries: nothing is started on it."""
    place = Place.on(farm, tmp_path, SSH_AUTH_SOCK=str(agent.socket))
    try:
        with closing(place.connect("compute-1").command(f"{program('ssh-add')} -l", agent=True)) as command:
            output(command)
            started = farm.bastion.processes(lambda command: not is_server(command))
            assert started == [1], "only the namespace's own first process"
    finally:
        place.close()


def test_the_agent_alone_logs_in(farm: Farm, tmp_path: Path, agent: Agent) -> None:
    """Without the environment's key on this computer, as for who has it in an agent only."""
    agent.add(farm.key)
    place = Place.on(farm, tmp_path, SSH_AUTH_SOCK=str(agent.socket))
    place.forget_key()
    try:
        with closing(place.connect().command("hostname")) as command:
            assert output(command) == b"secure-1\n"
    finally:
        place.close()


def test_eight_sessions_at_once_share_one_connection_to_the_bastion(place: Place, farm: Farm) -> None:
    names = ["secure-1", "compute-1"] * 4
    with ThreadPoolExecutor(len(names)) as pool:
        connections = list(pool.map(place.connect, names))
    assert until(lambda: farm.bastion.connections(22) == 1)
    assert until(lambda: farm.servers["secure-1"].connections(22) == 4)
    shells = [connection.shell(NARROW) for connection in connections]
    readers = [Reader(shell) for shell in shells]
    for shell in shells:
        shell.write(b"echo $HOSTNAME says $((6 * 7))\n")
    for name, reader in zip(names, readers, strict=True):
        reader.see(f"{name} says 42\r\n")
    for connection in connections[1:]:
        connection.close()
    assert connections[0].status.state is LinkState.UP
    shells[0].write(b"echo still $((6 * 8))\n")
    readers[0].see("still 48")
    place.close()
    assert until(lambda: farm.bastion.connections(22) == 0)


def test_a_closed_connection_leaves_no_thread_and_no_process(place: Place, farm: Farm) -> None:
    before = set(threading.enumerate())
    connection = place.connect()
    shell = connection.shell(NARROW)
    reader = Reader(shell)
    shell.write(b"sleep 1000\n")
    reader.see("sleep 1000")
    shell.close()
    connection.close()
    place.close()
    reader.rest()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread
    with pytest.raises(SshError):
        shell.write(b"x")


def test_a_program_of_the_whole_screen_draws_and_follows_the_size(place: Place) -> None:
    with closing(place.connect().shell(NARROW)) as shell:
        reader = Reader(shell)
        reader.see("# ")
        shell.write(f"{sys.executable} {WHOLE_SCREEN}\n".encode())
        assert "\x1b[?1049h" in reader.see("whole screen of 80 by 24")
        shell.resize(WIDE)
        reader.see("132 by 43")
        shell.write(b"q")
        reader.see("\x1b[?1049l")
        reader.see("# ")


def test_everybody_who_pings_is_answered(place: Place) -> None:
    """Several forwards of one bastion look at it at once, beside the connection's own watching."""
    connection = place.connect()
    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda _: connection.ping(5), range(200)))
    assert max(took) < 5
