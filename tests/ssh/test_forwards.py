"""Forwards through a real bastion: bytes both ways, and a state that is true."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.pki import bundle, kubeconfigs
from kubeplat_tui.services.ssh import api_forward
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec, ForwardState
from kubeplat_tui.services.ssh.forwards import Forwards
from tests.pki.bundles import NAMES, write_to
from tests.ssh.driving import PATIENCE, NotSeenError
from tests.ssh.farm import ADDRESSES, API_NAME, INSTANCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.ssh.forward_model import ForwardStatus
    from tests.ssh.driving import Place
    from tests.ssh.farm import Farm
    from tests.ssh.namespaces import Machine

HOST = ADDRESSES["secure-1"][1]
PORT = 8080
DATA = bytes(range(256)) * 4096


class Watcher:
    """Waits for what a forward says of itself."""

    def __init__(self, forwards: Forwards) -> None:
        self._forwards = forwards
        self._news = threading.Condition()
        forwards.when_changed(self._changed)

    def wait(self, number: int, state: ForwardState) -> ForwardStatus:
        """Wait until forward `number` is in `state`."""
        return self.see(number, lambda status: status.state is state)

    def see(self, number: int, condition: Callable[[ForwardStatus], bool]) -> ForwardStatus:
        """Wait until what forward `number` says fulfils `condition`."""

        def found() -> ForwardStatus:
            return next(each for each in self._forwards.statuses() if each.id == number)

        with self._news:
            if not self._news.wait_for(lambda: condition(found()), PATIENCE):
                raise NotSeenError(f"not seen within {PATIENCE:.0f} s: {found()}")
        return found()

    def _changed(self, _: ForwardStatus) -> None:
        with self._news:
            self._news.notify_all()


@pytest.fixture
def forwards(place: Place) -> Iterator[Forwards]:
    """The forwards of a front end."""
    made = Forwards(place.connections)
    yield made
    made.close()


@contextmanager
def echo(machine: Machine, port: int = PORT) -> Iterator[None]:
    """A server on `machine` that answers with what it gets, while the block runs."""
    with serving(machine, Path(__file__).with_name("echoing.py"), str(port)):
        yield


@contextmanager
def serving(machine: Machine, script: Path, *arguments: str | Path) -> Iterator[None]:
    """A server of the tests' own on `machine`, while the block runs."""
    server = machine.start(sys.executable, "-I", script, *arguments)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"listening\n"
        yield
    finally:
        server.communicate()


def dial(port: int) -> socket.socket:
    """A client of a forward."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def exchange(client: socket.socket, data: bytes = DATA) -> bytes:
    """What comes back of `data`; the digest of it."""

    def say() -> None:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=say)
    sender.start()
    back = hashlib.sha256()
    while piece := client.recv(1 << 16):
        back.update(piece)
    sender.join()
    return back.digest()


def test_a_local_forward_carries_bytes_and_counts_them(place: Place, farm: Farm, forwards: Forwards) -> None:
    watcher = Watcher(forwards)
    with echo(farm.servers["secure-1"]):
        started = forwards.start(ForwardSpec(ForwardKind.LOCAL, host=HOST, port=PORT), place.person)
        assert started.state is ForwardState.OPEN
        clients = [dial(started.bound_port) for _ in range(4)]
        for client in clients:
            with client:
                assert exchange(client) == hashlib.sha256(DATA).digest()
        (after,) = forwards.statuses()
        assert (after.received, after.sent) == (4 * len(DATA), 4 * len(DATA))
        assert after.total == 4
    failing = forwards.probe(started.id)
    assert failing.state is ForwardState.FAILING
    assert "refused" in failing.error.lower()
    # The reset may come while the client still connects.
    with contextlib.suppress(ConnectionResetError), dial(started.bound_port) as client:
        assert not exchange_refused(client)
    with echo(farm.servers["secure-1"]):
        forwards.probe(started.id)
        assert watcher.wait(started.id, ForwardState.OPEN).bound_port == started.bound_port
        with dial(started.bound_port) as client:
            assert exchange(client) == hashlib.sha256(DATA).digest()
    forwards.stop(started.id)
    with pytest.raises(ConnectionRefusedError):
        dial(started.bound_port)


def exchange_refused(client: socket.socket) -> bytes:
    """What a client gets of a forward that cannot reach its target: nothing, or a reset."""
    try:
        return client.recv(100)
    except ConnectionResetError:
        return b""


def test_a_forward_to_a_machines_own_loopback(place: Place, farm: Farm, forwards: Forwards) -> None:
    """`via`: the target's name is the machine's own, behind the bastion."""
    with echo(farm.servers["compute-1"]):
        spec = ForwardSpec(ForwardKind.LOCAL, host="localhost", port=PORT, via=INSTANCES["compute-1"])
        started = forwards.start(spec, place.person)
        with dial(started.bound_port) as client:
            assert exchange(client) == hashlib.sha256(DATA).digest()


def test_a_socks_forward_resolves_names_at_the_bastion(place: Place, farm: Farm, forwards: Forwards) -> None:
    watcher = Watcher(forwards)
    with echo(farm.servers["secure-1"]):
        started = forwards.start(ForwardSpec(ForwardKind.DYNAMIC), place.person)
        assert started.state is ForwardState.OPEN
        for asked in (_name(API_NAME), b"\x01" + socket.inet_aton(HOST)):
            with dial(started.bound_port) as client:
                assert _socks(client, asked, PORT) == 0
                assert exchange(client) == hashlib.sha256(DATA).digest()
        with dial(started.bound_port) as client:
            assert _socks(client, b"\x01" + socket.inet_aton(HOST), PORT + 1) == 5  # refused (RFC 1928, 6)
        after = watcher.see(started.id, lambda status: "refused" in status.error.lower())
        assert after.state is ForwardState.OPEN, (
            "one target that refuses says nothing of the way to the others"
        )


def test_a_forward_is_lost_with_its_bastion_and_comes_back_on_its_port(
    place: Place, farm: Farm, forwards: Forwards
) -> None:
    watcher = Watcher(forwards)
    with echo(farm.servers["secure-1"]):
        started = forwards.start(ForwardSpec(ForwardKind.LOCAL, host=HOST, port=PORT), place.person)
        with dial(started.bound_port) as client:
            client.sendall(b"before")
            assert client.recv(100) == b"before"
            farm.bastion.stop_serving()
            lost = watcher.wait(started.id, ForwardState.LOST)
            assert not exchange_refused(client)
        assert lost.error
        with pytest.raises(ConnectionRefusedError):
            dial(started.bound_port)
        farm.bastion.serve()
        again = forwards.restart(started.id, place.person)
        assert (again.state, again.bound_port) == (ForwardState.OPEN, started.bound_port)
        with dial(started.bound_port) as client:
            assert exchange(client) == hashlib.sha256(DATA).digest()


KUBECTL = shutil.which("kubectl")


def test_the_kubernetes_api_answers_through_the_bastion(
    place: Place, farm: Farm, forwards: Forwards, tmp_path: Path
) -> None:
    """With the admin's certificate, checked by the API's own name; kubectl is asked where it is installed."""
    files = bundle.make_missing(NAMES, {}, datetime.now(UTC)).writes
    place.commit({api_forward.ADMIN: files[api_forward.ADMIN]})
    folder = write_to(tmp_path / "pki", files)
    tls = [folder / name for name in ("secure/apiserver.crt", "secure/apiserver.key", "common/client-ca.crt")]
    script = Path(__file__).with_name("api_server.py")
    with serving(farm.servers["secure-1"], script, *tls, str(api_forward.PORT)):
        status, kubeconfig = api_forward.kubernetes_api(place.site, forwards, place.person)
        assert status.state is ForwardState.OPEN
        assert kubeconfig.stat().st_mode & 0o777 == 0o600
        said = _api_says(kubeconfig, status.bound_port, "/version")
        assert said == {
            "you": "kubernetes-admin",
            "path": "/version",
            "host": f"127.0.0.1:{status.bound_port}",
        }
        again, same = api_forward.kubernetes_api(place.site, forwards, place.person)
        assert (again.id, same) == (status.id, kubeconfig)
    forwards.stop(status.id)
    assert not kubeconfig.exists()


def _api_says(kubeconfig: Path, port: int, path: str) -> object:
    """What the API answers to who has the kubeconfig."""
    if KUBECTL is not None:
        command = [KUBECTL, "--kubeconfig", str(kubeconfig), "get", "--raw", path]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout)
    read = kubeconfigs.parse(kubeconfig.name, kubeconfig.read_bytes())
    context = ssl.create_default_context(cadata=read.authority.decode())
    pair = kubeconfig.with_name("pair")
    pair.write_bytes(read.certificate + read.private)
    context.load_cert_chain(pair)
    pair.unlink()
    with dial(port) as plain, context.wrap_socket(plain, server_hostname=API_NAME) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answer = client.makefile("rb").read()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def _name(name: str) -> bytes:
    return b"\x03" + bytes([len(name)]) + name.encode()


def _socks(client: socket.socket, address: bytes, port: int) -> int:
    """Ask a SOCKS5 server for a connection; its answer (RFC 1928, 3 to 6)."""
    client.sendall(b"\x05\x01\x00")
    assert client.recv(2) == b"\x05\x00"
    client.sendall(b"\x05\x01\x00" + address + struct.pack(">H", port))
    answer = client.recv(256)
    return answer[1]
