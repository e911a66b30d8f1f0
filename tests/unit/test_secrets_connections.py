"""Connections: TLS is checked, proxies are used, what a server closed meanwhile is made anew."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubeplat_tui.services.secrets.connections import ConnectError, Connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Thing: One\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"


class Server:
    """Plays `talk` to each connection, one after the other; `heads` are the requests' first lines."""

    def __init__(self, talk: Callable[[Server, socket.socket], None]) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._talk = talk
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def read(self, connection: socket.socket) -> str:
        """A request's head; "" where the client is gone."""
        come = b""
        while b"\r\n\r\n" not in come:
            more = connection.recv(65_536)
            if not more:
                return ""
            come += more
        head = come.decode()
        self.heads.append(head)
        return head

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._talk(self, connection)
                except OSError:
                    continue


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Server, socket.socket], None]], Server]]:
    made: list[Server] = []

    def start(talk: Callable[[Server, socket.socket], None]) -> Server:
        made.append(Server(talk))
        return made[-1]

    yield start
    for each in made:
        each.close()


def answering(*answers: bytes) -> Callable[[Server, socket.socket], None]:
    def talk(server: Server, connection: socket.socket) -> None:
        for answer in answers:
            if not server.read(connection):
                return
            connection.sendall(answer)

    return talk


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    began = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began - dt.timedelta(days=1))
        .not_valid_after(began + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "a.crt", folder / "a.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def tls(paths: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return context


def encrypted(
    paths: tuple[Path, Path], talk: Callable[[Server, socket.socket], None]
) -> Callable[[Server, socket.socket], None]:
    def wrapped(server: Server, connection: socket.socket) -> None:
        with tls(paths).wrap_socket(connection, server_side=True) as secret:
            talk(server, secret)

    return wrapped


def test_answers_come_over_one_connection(serve: Callable[..., Server]) -> None:
    server = serve(answering(OK, CHUNKED, OK))
    connections = Connections(f"http://127.0.0.1:{server.port}", "")
    first = connections.exchange("GET", "/a?b=c", {"x-thing": "1"}, b"", None)
    assert (first.status, first.data, first.headers["x-amz-thing"]) == (200, b"ok", "One")
    assert connections.exchange("GET", "/", {}, b"", None).data == b"hello world"
    assert connections.exchange("GET", "/", {}, b"", None).data == b"ok"
    connections.close()
    assert server.connections == 1
    assert server.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")
    assert "x-thing: 1\r\n" in server.heads[0]
    assert f"Host: 127.0.0.1:{server.port}\r\n" in server.heads[0]


def test_one_that_the_server_closed_meanwhile_is_made_anew(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubeplat_tui.services.secrets.connections.FRESH_SECONDS", -1.0)
    server = serve(answering(OK))  # one answer, then the end
    connections = Connections(f"http://127.0.0.1:{server.port}", "")
    for _ in range(3):
        assert connections.exchange("GET", "/", {}, b"", None).data == b"ok"
        resting, _ = connections._resting[0]
        assert resting.sock is not None
        resting.sock.settimeout(10)
        assert resting.sock.recv(1, socket.MSG_PEEK) == b""  # the end has come
    connections.close()
    assert server.connections == 3


def test_one_that_is_asked_to_be_closed_is_not_kept(serve: Callable[..., Server]) -> None:
    server = serve(answering(OK.replace(b"X-Amz-Thing: One", b"Connection: close")))
    connections = Connections(f"http://127.0.0.1:{server.port}", "")
    for _ in range(2):
        assert connections.exchange("GET", "/", {}, b"", None).data == b"ok"
    assert connections._resting == []
    assert server.connections == 2


def test_tls_is_checked_against_the_bundle(serve: Callable[..., Server], tmp_path: Path) -> None:
    paths = certificate(tmp_path)
    server = serve(encrypted(paths, answering(OK)))
    trusting = Connections(f"https://127.0.0.1:{server.port}", str(paths[0]))
    assert trusting.exchange("GET", "/", {}, b"", None).data == b"ok"
    trusting.close()
    other = tmp_path / "other"
    other.mkdir()
    distrusting = Connections(f"https://127.0.0.1:{server.port}", str(certificate(other)[0]))
    with pytest.raises(ConnectError) as told:
        distrusting.exchange("GET", "/", {}, b"", None)
    assert isinstance(told.value.__cause__, ssl.SSLCertVerificationError)


def test_a_proxy_is_asked_for_a_tunnel_and_sees_nothing_else(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    paths = certificate(tmp_path)

    def proxy(server: Server, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        encrypted(paths, answering(OK))(server, connection)

    server = serve(proxy)
    through = Connections("https://127.0.0.1:1", str(paths[0]), f"http://user:w%40rd@127.0.0.1:{server.port}")
    assert through.exchange("GET", "/secret", {}, b"", None).data == b"ok"
    through.close()
    tunnel, inside = server.heads
    assert tunnel.startswith("CONNECT 127.0.0.1:1 HTTP/1.")
    assert "Proxy-Authorization: Basic dXNlcjp3QHJk\r\n" in tunnel
    assert inside.startswith("GET /secret ")
    assert "Proxy-Authorization" not in inside


def test_without_tls_the_proxy_is_given_the_whole_address(serve: Callable[..., Server]) -> None:
    server = serve(answering(OK))
    through = Connections("http://s3.example:9000", "", f"http://127.0.0.1:{server.port}")
    assert through.exchange("GET", "/a", {}, b"", None).data == b"ok"
    through.close()
    assert server.heads[0].startswith("GET http://s3.example:9000/a HTTP/1.1\r\n")
    assert "Host: s3.example:9000\r\n" in server.heads[0]


def test_a_proxy_that_refuses_is_no_connection(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(answering(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"))
    bundle = str(certificate(tmp_path)[0])
    through = Connections("https://127.0.0.1:1", bundle, f"http://127.0.0.1:{server.port}")
    with pytest.raises(ConnectError, match="407"):
        through.exchange("GET", "/", {}, b"", None)


def test_none_can_be_made_after_the_cut(serve: Callable[..., Server]) -> None:
    server = serve(answering(OK))
    connections = Connections(f"http://127.0.0.1:{server.port}", "")
    connections.cut()
    with pytest.raises(ConnectError):
        connections.exchange("GET", "/", {}, b"", None)
