"""SOCKS forwards: what clients of every version ask for, and what they are told."""

from __future__ import annotations

import contextlib
import ipaddress
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services.ssh import forward_probe, socks
from kubeplat_tui.services.ssh.forwards import ForwardKind, Forwards, ForwardSpec, ForwardState
from tests.unit.ssh_far_side import PATIENCE, FarConnections, Seen, echo, no_questions, target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.forwards import ForwardStatus

SPEC = ForwardSpec(ForwardKind.DYNAMIC)
NAMED = ("kube.demo.internal", 6443)
HELLO = b"\x05\x01\x00"


@pytest.fixture
def far() -> Iterator[FarConnections]:
    made = FarConnections()
    yield made
    made.close()


@pytest.fixture
def forwards(far: FarConnections) -> Iterator[Forwards]:
    made = Forwards(cast("Connections", far))
    yield made
    made.close()


@contextlib.contextmanager
def client_of(status: ForwardStatus) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", status.bound_port), PATIENCE) as client:
        yield client


def five(host: str, port: int) -> bytes:
    """A request of version 5."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        place = b"\x03" + bytes((len(host),)) + host.encode()
    else:
        place = (b"\x01" if address.version == 4 else b"\x04") + address.packed
    return b"\x05\x01\x00" + place + port.to_bytes(2, "big")


def four(port: int, address: bytes, rest: bytes) -> bytes:
    """A request of version 4 or 4A."""
    return b"\x04\x01" + port.to_bytes(2, "big") + address + rest


def take(client: socket.socket, count: int) -> bytes:
    """Just so many bytes; fewer where the other end is done."""
    data = b""
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return data


@pytest.mark.parametrize("host", ["10.80.10.100", "kube.demo.internal", "2001:db8::7"])
def test_version_5_to_addresses_and_names(far: FarConnections, forwards: Forwards, host: str) -> None:
    status = forwards.start(SPEC, no_questions())
    assert status.state is ForwardState.OPEN
    with target(echo) as place:
        far.far.targets[host, 6443] = place
        with client_of(status) as client:
            client.sendall(HELLO)
            assert take(client, 2) == b"\x05\x00"
            client.sendall(five(host, 6443) + b"early")
            assert take(client, 10) == b"\x05\x00\x00\x01" + bytes(6)
            assert take(client, 5) == b"early"
    assert far.far.opened == [(host, 6443)]


@pytest.mark.parametrize(
    ("request_bytes", "host"),
    [
        (four(6443, bytes((10, 80, 10, 100)), b"somebody\0"), "10.80.10.100"),
        (four(6443, bytes((0, 0, 0, 1)), b"\0kube.demo.internal\0"), "kube.demo.internal"),
    ],
)
def test_version_4_and_4a(far: FarConnections, forwards: Forwards, request_bytes: bytes, host: str) -> None:
    status = forwards.start(SPEC, no_questions())
    with target(echo) as place:
        far.far.targets[host, 6443] = place
        with client_of(status) as client:
            client.sendall(request_bytes + b"early")
            assert take(client, 8) == b"\x00\x5a" + bytes(6)
            assert take(client, 5) == b"early"


def test_a_target_that_refuses_is_told_and_does_not_count_against_the_forward(
    far: FarConnections, forwards: Forwards
) -> None:
    status = forwards.start(SPEC, no_questions())
    seen = Seen(forwards)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        far.far.targets[NAMED] = nobody.getsockname()
    with client_of(status) as client:
        client.sendall(HELLO + five(*NAMED))
        assert take(client, 100) == b"\x05\x00" + b"\x05\x05\x00\x01" + bytes(6)
    now = seen.until(lambda now: now.error != "")
    assert now.state is ForwardState.OPEN
    assert "kube.demo.internal:6443" in now.error


def test_what_the_machine_forbids_is_failing_until_it_allows_it(
    far: FarConnections, forwards: Forwards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward_probe, "EVERY_WHILE_FAILING", 0.01)
    far.far.forbidden.add(NAMED[0])
    status = forwards.start(SPEC, no_questions())
    seen = Seen(forwards)
    with target(echo) as place:
        far.far.targets[NAMED] = place
        with client_of(status) as client:
            client.sendall(HELLO + five(*NAMED))
            assert take(client, 100) == b"\x05\x00" + b"\x05\x02\x00\x01" + bytes(6)
        assert NAMED[0] in seen.until(lambda now: now.state is ForwardState.FAILING).error
        far.far.forbidden.clear()
        seen.until(lambda now: now.state is ForwardState.OPEN)


@pytest.mark.parametrize(
    ("sent", "answer", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n", b"", "did not speak SOCKS"),
        (b"\x05\x01\x02", b"\x05\xff", "a user and a password"),
        (HELLO + b"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", b"\x05\x00\x05\x07", "command 2"),
        (HELLO + b"\x05\x01\x00\x09", b"\x05\x00\x05\x08", "kind of address 9"),
        (HELLO + b"\x05\x01\x00\x03\x03a b\x00\x50", b"\x05\x00\x05\x08", "a host that cannot be one"),
        (four(80, bytes((0, 0, 0, 1)), b"\0" + bytes((65,)) * 300), b"\x00\x5b", "without an end"),
        (b"\x04\x02\x00\x50\x7f\x00\x00\x01\x00", b"\x00\x5b", "command 2"),
    ],
)
def test_what_is_not_offered_is_refused_in_their_own_language(
    forwards: Forwards, sent: bytes, answer: bytes, sentence: str
) -> None:
    status = forwards.start(SPEC, no_questions())
    seen = Seen(forwards)
    with client_of(status) as client:
        client.sendall(sent)
        with contextlib.suppress(ConnectionResetError):  # what it sent beyond was not read
            assert take(client, 100).startswith(answer)
    now = seen.until(lambda now: sentence in now.error)
    assert now.state is ForwardState.OPEN


def test_a_client_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        socks.read_request(ours, 0.01)


@given(st.binary(max_size=600))
def test_no_bytes_do_harm(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            asked = socks.read_request(ours, PATIENCE)
        except (socks.SocksError, OSError):
            return
        assert asked.host
        assert 0 <= asked.port <= 65535


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.from_regex(r"[a-z0-9][a-z0-9.-]{0,60}", fullmatch=True),
    ),
    st.integers(0, 65535),
    st.binary(max_size=20),
)
def test_nothing_beyond_the_request_is_read(host: str, port: int, after: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HELLO + five(host, port) + after)
        theirs.shutdown(socket.SHUT_WR)
        asked = socks.read_request(ours, PATIENCE)
        try:
            expected = str(ipaddress.ip_address(host))
        except ValueError:
            expected = host
        assert (asked.host, asked.port) == (expected, port)
        assert take(ours, 100) == after


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("scheme", ["socks5h", "socks5", "socks4a", "socks4"])
def test_curl_goes_through(far: FarConnections, forwards: Forwards, scheme: str) -> None:
    def page(client: socket.socket) -> None:
        while not client.recv(65536).endswith(b"\r\n\r\n"):
            pass
        client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nthere")

    host = "kube.demo.internal" if scheme in {"socks5h", "socks4a"} else "10.80.10.100"
    status = forwards.start(SPEC, no_questions())
    with target(page) as place:
        far.far.targets[host, 80] = place
        proxy = f"{scheme}://127.0.0.1:{status.bound_port}"
        done = subprocess.run(
            ["curl", "-q", "-sS", "--noproxy", "", "-x", proxy, f"http://{host}/"],
            capture_output=True,
            check=True,
        )
    assert done.stdout == b"there"
