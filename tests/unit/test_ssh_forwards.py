"""Local port forwards: bytes and ends both ways, a state that is true, and nothing left behind."""

from __future__ import annotations

import contextlib
import secrets
import select
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.errors import InputError, NotFoundError
from kubeplat_tui.services.ssh import forward_probe, listener
from kubeplat_tui.services.ssh.forwards import (
    ForwardKind,
    Forwards,
    ForwardSpec,
    ForwardState,
    ForwardStatus,
)
from kubeplat_tui.services.ssh.model import LinkState, UnreachableError
from tests.unit.sites import REGION, LosableCloud, make_site
from tests.unit.ssh_far_side import (
    PATIENCE,
    FarConnections,
    Seen,
    echo,
    no_questions,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.ssh.connections import Connections

NAMED = ("kube.demo.internal", 6443)
LOCAL = ForwardSpec(ForwardKind.LOCAL, 0, *NAMED)


@pytest.fixture
def far() -> Iterator[FarConnections]:
    """The far side, and nothing of a forward left afterwards."""
    made = FarConnections()
    yield made
    made.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("forward-")]


@pytest.fixture
def forwards(far: FarConnections) -> Iterator[Forwards]:
    made = Forwards(cast("Connections", far))
    yield made
    made.close()


def joined(status: ForwardStatus) -> socket.socket:
    """A client of the forward."""
    return socket.create_connection(("127.0.0.1", status.bound_port), PATIENCE)


def everything(client: socket.socket) -> bytes:
    """What comes until the end."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def say_all(client: socket.socket, data: bytes) -> None:
    """Send it and end."""
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)


def free_port() -> int:
    """A port that nobody is given by chance, and so nobody else gets while a test looks whether it is free."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)  # below what systems give to port 0
        with socket.socket() as looking, contextlib.suppress(OSError):
            looking.bind(("127.0.0.1", port))
            return port


def fixed() -> ForwardSpec:
    """The forward, on a port of its own."""
    return ForwardSpec(ForwardKind.LOCAL, free_port(), *NAMED)


def is_refused(port: int) -> bool:
    """Whether nobody listens there."""
    with contextlib.closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_bytes_and_ends_are_carried_both_ways_and_counted(far: FarConnections, forwards: Forwards) -> None:
    def answer_after_the_end(client: socket.socket) -> None:
        client.sendall(everything(client)[::-1])

    with target(answer_after_the_end) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
        assert status.state is ForwardState.OPEN
        assert status.probed is not None
        seen = Seen(forwards)
        question = bytes(range(256)) * 4096
        with joined(status) as client:
            asking = threading.Thread(target=say_all, args=(client, question))
            asking.start()
            assert everything(client) == question[::-1]
            asking.join()
        last = seen.until(lambda now: now.open_now == 0 and now.total == 1)
        assert (last.sent, last.received) == (len(question), len(question))
    assert far.far.opened[-1] == NAMED


def test_the_target_may_end_first_and_still_listen(far: FarConnections, forwards: Forwards) -> None:
    heard: list[bytes] = []
    done = threading.Event()

    def speak_then_listen(client: socket.socket) -> None:
        client.sendall(b"that is all")
        client.shutdown(socket.SHUT_WR)
        heard.append(everything(client))
        if heard[-1]:  # the probe says nothing
            done.set()

    with target(speak_then_listen) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
        with joined(status) as client:
            assert everything(client) == b"that is all"
            client.sendall(b"thank you")
            client.shutdown(socket.SHUT_WR)
            assert done.wait(PATIENCE)
    assert heard[-1] == b"thank you"


def test_only_this_computer_is_let_in(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
        with contextlib.closing(socket.socket()) as client:
            assert client.connect_ex(("127.0.0.2", status.bound_port)) != 0
        assert not is_refused(status.bound_port)


def test_a_taken_port_is_said_and_nothing_is_connected(far: FarConnections, forwards: Forwards) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} of this computer is taken"):
            forwards.start(ForwardSpec(ForwardKind.LOCAL, port, *NAMED), no_questions())
    assert far.made == []
    assert forwards.statuses() == ()


@pytest.mark.parametrize(
    "spec",
    [
        ForwardSpec(ForwardKind.LOCAL, 70_000, *NAMED),
        ForwardSpec(ForwardKind.LOCAL, 0, "kube", 0),
        ForwardSpec(ForwardKind.LOCAL, 0, "two words", 1),
        ForwardSpec(ForwardKind.LOCAL, 0, "", 1),
        ForwardSpec(ForwardKind.DYNAMIC, -1),
    ],
)
def test_what_can_be_no_forward_is_refused(forwards: Forwards, spec: ForwardSpec) -> None:
    with pytest.raises(InputError):
        forwards.start(spec, no_questions())
    assert forwards.statuses() == ()


def test_without_a_connection_there_is_no_forward(far: FarConnections, forwards: Forwards) -> None:
    far.refuse = UnreachableError("No bastion is running.")
    port = free_port()
    with pytest.raises(UnreachableError):
        forwards.start(ForwardSpec(ForwardKind.LOCAL, port, *NAMED), no_questions())
    assert forwards.statuses() == ()
    assert is_refused(port)


def test_a_target_that_refuses_is_failing_with_the_reason_and_recovers_by_itself(
    far: FarConnections, forwards: Forwards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward_probe, "EVERY_WHILE_FAILING", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        far.far.targets[NAMED] = nobody.getsockname()
    status = forwards.start(LOCAL, no_questions())
    assert status.state is ForwardState.FAILING
    assert "kube.demo.internal:6443 refused" in status.error
    with joined(status) as client, pytest.raises(ConnectionResetError):
        client.recv(1)  # not an end: an answer that is empty would be a lie
    seen = Seen(forwards)
    with target(echo) as place:
        far.far.targets[NAMED] = place
        assert seen.until(lambda now: now.state is ForwardState.OPEN).since > status.since
        with joined(status) as client:
            client.sendall(b"there")
            assert client.recv(5) == b"there"


def test_a_target_that_goes_is_noticed_by_its_next_client(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
    seen = Seen(forwards)
    with joined(status) as client, pytest.raises(ConnectionResetError):
        client.recv(1)
    assert seen.until(lambda now: now.state is ForwardState.FAILING).error


def test_a_silent_machine_is_failing_until_it_answers(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        forwards.start(LOCAL, no_questions())
        seen = Seen(forwards)
        before = len(far.far.opened)
        far.made[0].news(LinkState.SILENT, "play-bastion has not answered for 6 seconds.")
        failing = seen.until(lambda now: now.state is ForwardState.FAILING)
        assert failing.error == "play-bastion has not answered for 6 seconds."
        assert len(far.far.opened) == before == 1
        far.made[0].news(LinkState.UP)
        seen.until(lambda now: now.state is ForwardState.OPEN)


def test_a_lost_connection_closes_the_port_and_a_restart_brings_it_back(
    far: FarConnections, forwards: Forwards
) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(fixed(), no_questions())
        seen = Seen(forwards)
        with joined(status) as client:
            client.sendall(b"half of")
            assert client.recv(7) == b"half of"
            far.made[0].cut()
            lost = seen.until(lambda now: now.state is ForwardState.LOST)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert "play-bastion" in lost.error
        assert is_refused(status.bound_port)
        assert far.made[0].closed == 1
        back = forwards.restart(status.id, no_questions())
        assert (back.id, back.bound_port, back.state) == (status.id, status.bound_port, ForwardState.OPEN)
        with joined(back) as client:
            client.sendall(b"all")
            assert client.recv(3) == b"all"


def test_a_restart_that_fails_says_why_and_can_be_tried_again(
    far: FarConnections, forwards: Forwards
) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(fixed(), no_questions())
        seen = Seen(forwards)
        far.made[0].cut()
        seen.until(lambda now: now.state is ForwardState.LOST)
        far.refuse = UnreachableError("No bastion is running.")
        with pytest.raises(UnreachableError):
            forwards.restart(status.id, no_questions())
        (now,) = forwards.statuses()
        assert (now.state, now.error) == (ForwardState.LOST, "No bastion is running.")
        with socket.create_server(("127.0.0.1", status.bound_port)):
            with pytest.raises(InputError):
                forwards.restart(status.id, no_questions())
            assert "is taken" in forwards.statuses()[0].error
        far.refuse = None
        assert forwards.restart(status.id, no_questions()).bound_port == status.bound_port


def test_fifty_connections_at_once(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
        clients = [joined(status) for _ in range(50)]
        try:
            for number, client in enumerate(clients):
                say_all(client, b"%d " % number * 1000)
            for number, client in enumerate(clients):
                assert everything(client) == b"%d " % number * 1000
        finally:
            for client in clients:
                client.close()
    assert forwards.statuses()[0].total == 50


def test_more_clients_than_allowed_wait_for_one_to_end(
    far: FarConnections, forwards: Forwards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_CLIENTS", 1)
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(LOCAL, no_questions())
        with joined(status) as first, joined(status) as second:
            first.sendall(b"1")
            assert first.recv(1) == b"1"
            second.sendall(b"2")
            assert forwards.statuses()[0].open_now == 1
            first.close()
            assert second.recv(1) == b"2"


def test_who_does_not_read_holds_up_who_sends(far: FarConnections, forwards: Forwards) -> None:
    size, stalled, sent = 64 << 20, threading.Event(), [0]

    def pour(client: socket.socket) -> None:
        piece = memoryview(bytes(1 << 16))
        while sent[0] < size:
            if not select.select([], [client], [], 0.3)[1]:
                stalled.set()
            sent[0] += client.send(piece[: size - sent[0]])

    with target(pour) as place:
        far.far.targets[NAMED] = ("127.0.0.1", 1)
        status = forwards.start(LOCAL, no_questions())
        far.far.targets[NAMED] = place
        with joined(status) as client:
            assert stalled.wait(PATIENCE)
            assert sent[0] < 24 << 20
            received = 0
            while piece := client.recv(1 << 20):
                received += len(piece)
        assert received == size


def test_closing_leaves_no_port_and_no_thread_whatever_the_clients_do(
    far: FarConnections, forwards: Forwards
) -> None:
    def pour(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client.sendall(bytes(65536))

    with target(pour) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(fixed(), no_questions())
        seen = Seen(forwards)
        with joined(status) as idle, joined(status) as reading:
            assert reading.recv(1)
            seen.until(lambda now: now.open_now == 2)
            forwards.stop(status.id)
            assert is_refused(status.bound_port)
            assert not [each for each in threading.enumerate() if each.name.startswith("forward-")]
            with pytest.raises(ConnectionResetError):
                everything(idle)
        assert seen.states[-1] is ForwardState.CLOSED
        assert forwards.statuses() == ()
        with pytest.raises(NotFoundError):
            forwards.stop(status.id)


def test_a_child_process_does_not_keep_the_port(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets[NAMED] = place
        status = forwards.start(fixed(), no_questions())
        waiting = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
        with subprocess.Popen(
            waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
            forwards.stop(status.id)
            assert is_refused(status.bound_port)
            assert child.poll() is None


def test_an_error_while_serving_leaves_no_port(
    far: FarConnections, forwards: Forwards, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with target(echo) as place:
        far.far.targets[NAMED] = place
        port = free_port()
        monkeypatch.setattr(forward_probe, "probe", broken)
        with pytest.raises(ZeroDivisionError):
            forwards.start(ForwardSpec(ForwardKind.LOCAL, port, *NAMED), no_questions())
    assert forwards.statuses() == ()
    assert is_refused(port)
    assert not [each for each in threading.enumerate() if each.name.startswith("forward-")]


def test_a_machine_to_start_from_can_be_named(far: FarConnections, forwards: Forwards) -> None:
    with target(echo) as place:
        far.far.targets["localhost", 80] = place
        spec = ForwardSpec(ForwardKind.LOCAL, 0, "localhost", 80, via="i-0abc")
        assert forwards.start(spec, no_questions()).state is ForwardState.OPEN
    assert far.asked == ["i-0abc"]


def test_they_are_kept_while_the_connections_are(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    intents = Intents(site.workplace, environ={})
    kept = intents.forwards(site)
    assert intents.forwards(site) is kept
    other = intents.forwards(replace(site, cloud=LosableCloud(REGION)))
    assert other is not kept
    intents.close()
