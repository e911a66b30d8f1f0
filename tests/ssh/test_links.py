"""What happens to a session when the way to its machine does not hold."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh import routes
from kubeplat_tui.services.ssh.link import Pace
from kubeplat_tui.services.ssh.model import LinkState, Size, SshError, UnreachableError
from tests.ssh.driving import Reader, States, output
from tests.ssh.farm import ADDRESSES, BY_WIRE
from tests.terminal.driver import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.ssh.shell import Shell
    from tests.ssh.driving import Place
    from tests.ssh.farm import Farm

SIZE = Size(80, 24)
WITHIN_SECONDS = 5.0

QUICK = Pace(ping=0.5, silent=0.6, lost=2.0)
"""A tenth of the usual: what takes ten seconds there takes one here."""
PATIENT = Pace(ping=0.5, silent=0.6, lost=20.0)
"""Never lost, however late a busy computer sends a packet again."""


@pytest.fixture
def whole(farm: Farm) -> Iterator[Farm]:
    """The farm, made whole again after a test that broke it."""
    yield farm
    farm.wire.set()
    for server in farm.servers.values():
        server.restart()


def test_the_bastions_server_is_killed_and_comes_back(place: Place, whole: Farm) -> None:
    connection = place.connect()
    states = States(connection)
    shell = connection.shell(SIZE)
    reader = Reader(shell)
    reader.see("# ")
    whole.bastion.stop_serving()
    lost = states.wait(LinkState.LOST, within=WITHIN_SECONDS)
    assert "demo-bastion-1" in lost.why
    reader.rest(within=WITHIN_SECONDS)
    end = shell.wait(WITHIN_SECONDS)
    assert end is not None
    assert end.lost
    assert end.exit_code is None
    with pytest.raises(SshError):
        connection.shell(SIZE)
    with pytest.raises(UnreachableError) as refused:
        place.connect()
    assert "demo-bastion-1" in str(refused.value)
    whole.bastion.serve()
    with closing(place.connect().shell(SIZE)) as again:
        Reader(again).see("[root@secure-1 ~]# ")


def test_the_machines_server_is_killed_and_the_bastion_stays(place: Place, whole: Farm) -> None:
    connection, other = place.connect("compute-1"), place.connect("secure-1")
    states = States(connection)
    whole.servers["compute-1"].stop_serving()
    lost = states.wait(LinkState.LOST, within=WITHIN_SECONDS)
    assert "demo-compute-1" in lost.why
    assert other.status.state is LinkState.UP
    with pytest.raises(UnreachableError, match="demo-compute-1"):
        place.connect("compute-1")
    whole.servers["compute-1"].serve()
    with closing(place.connect("compute-1").command("hostname")) as command:
        assert output(command) == b"compute-1\n"
    assert until(lambda: whole.bastion.connections(22) == 1)


def test_the_second_bastion_is_used_when_the_first_is_dead(place: Place, whole: Farm) -> None:
    place.instances = whole.instances(bastions=("bastion-1", "bastion-2"))
    whole.bastion.stop_serving()
    said: list[str] = []
    connection = place.connections.connect(place.instance("secure-1"), place.person, say=said.append)
    assert "demo-bastion-2" in connection.route
    assert place.cloud.dialled == [ADDRESSES["bastion-1"][0], ADDRESSES["bastion-2"][0]]
    with closing(connection.command("echo $SSH_CONNECTION")) as command:
        assert output(command).decode().startswith(f"{ADDRESSES['bastion-2'][1]} ")
    assert any("demo-bastion-1" in each for each in said)


def test_dropped_packets_make_it_silent_and_the_session_lives_on(place: Place, whole: Farm) -> None:
    """Shortened: what stands for ten seconds here is one and a half."""
    place.by_wire(BY_WIRE)
    place.pace = PATIENT
    connection = place.connect()
    states = States(connection)
    shell = connection.shell(SIZE)
    reader = Reader(shell)
    reader.see("# ")
    shell.write(b"answer=42\n")
    reader.see("# ")
    whole.wire.set(cut=True)
    silent = states.wait(LinkState.SILENT)
    assert "not answer" in silent.why
    shell.write(b"echo it is $answer\n")
    whole.wire.set()
    states.wait(LinkState.UP)
    reader.see("it is 42\r\n")
    assert [each.state for each in states.seen] == [LinkState.SILENT, LinkState.UP]


def test_a_network_that_is_back_is_noticed_soon(place: Place) -> None:
    """Linux would wait longer and longer before it tries again (tcp(7)); since 6.15 that can be bounded."""
    route = routes.Direct(place.cloud, ADDRESSES["bastion-1"][0], lambda error: UnreachableError(f"{error}"))
    with closing(route.open(threading.Event())) as wire:
        assert isinstance(wire, socket.socket)
        try:
            longest = wire.getsockopt(socket.IPPROTO_TCP, routes.TCP_RTO_MAX_MS)
        except OSError:
            pytest.skip("this kernel cannot bound it")
    assert longest == routes.LONGEST_RETRY_MS


def test_packets_that_stay_away_end_it(place: Place, whole: Farm) -> None:
    place.by_wire(BY_WIRE)
    place.pace = QUICK
    connection = place.connect()
    states = States(connection)
    shell = connection.shell(SIZE)
    reader = Reader(shell)
    reader.see("# ")
    whole.wire.set(cut=True)
    states.wait(LinkState.SILENT)
    lost = states.wait(LinkState.LOST)
    assert "answer" in lost.why
    reader.rest(within=WITHIN_SECONDS)
    end = shell.wait(WITHIN_SECONDS)
    assert end is not None
    assert end.lost
    whole.wire.set()
    with closing(place.connect().shell(SIZE)) as again:
        Reader(again).see("[root@secure-1 ~]# ")


def test_a_bastion_that_never_answers_is_given_up(
    place: Place, whole: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.by_wire(BY_WIRE)
    monkeypatch.setattr(routes, "DIAL_SECONDS", 1.0)
    with whole.wire.being(cut=True), pytest.raises(UnreachableError) as given_up:
        place.connect()
    assert "demo-bastion-1" in str(given_up.value)
    assert "within 1 second" in str(given_up.value)


def test_a_slow_link_is_usable(place: Place, whole: Farm) -> None:
    """300 ms there and back, 1 Mbit/s: typing is echoed as quickly as the way allows, and beside a flood soon."""
    place.by_wire(BY_WIRE)
    flood = place.connect("compute-1").shell(SIZE)
    with whole.wire.being(delay=0.15, rate=125_000):
        connection = place.connect("secure-1")
        assert 0.3 <= connection.ping(5) < 1.0
        typist = connection.shell(SIZE)
        reader = Reader(typist)
        reader.see("# ")
        assert _echo(typist, reader) < 2.0
        flooded = Reader(flood)
        flood.write(b"yes flood\n")
        flooded.see("flood\r\n" * 1000)
        assert _echo(typist, reader) < 4.0
        flood.close()
        assert connection.status.state is LinkState.UP


def _echo(shell: Shell, reader: Reader) -> float:
    """Seconds from the last key of a word to its echo."""
    for letter in b"typing":
        shell.write(bytes([letter]))
    begun = time.monotonic()
    reader.see("typing")
    return time.monotonic() - begun
