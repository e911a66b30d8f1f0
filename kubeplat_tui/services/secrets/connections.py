"""HTTP connections to one server that stay open, serve many threads, and can be cut while they wait for an answer.

They are the standard library's: what urllib3 does around them for every request takes more processor time than
the request, and nobody can interrupt it.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
import ssl
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Look = Callable[[Mapping[str, str]], None]

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""How long the other side may say nothing."""

FRESH_SECONDS = 1.0
"""A connection that rested no longer is taken as it is; after that S3 may have closed it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class ConnectError(Exception):
    """No connection could be made; its cause says why."""


class Connections:
    """Connections to the server of `url` (its path does not matter).

    `ca_bundle` is a file or folder of trusted certificates, `proxy` an address like `http://user:word@host:port`
    ("" for none).
    """

    def __init__(self, url: str, ca_bundle: str, proxy: str = "") -> None:
        self._server = urlsplit(url)
        self._proxy = urlsplit(proxy)
        self._tls = _tls(ca_bundle) if self._server.scheme == "https" else None
        self._lock = threading.Lock()
        self._resting: list[tuple[http.client.HTTPConnection, float]] = []
        self._all: weakref.WeakSet[http.client.HTTPConnection] = weakref.WeakSet()
        self._cut = False

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, look: Look | None
    ) -> Answer:
        """The answer to one request; nothing is tried twice, no redirection is followed.

        `look` sees the headers of an answer below 300 before its body is read, and may raise. Raises
        `ConnectError`, `OSError` or `http.client.HTTPException` where there is no whole answer.
        """
        if self._proxy.netloc and self._tls is None:
            target = f"{self._server.scheme}://{self._server.netloc}{target}"
        connection = self._take()
        try:
            connection.request(method, target, body or None, dict(headers))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            if look is not None and response.status < 300:
                look(told)
            answer = Answer(response.status, told, response.read())
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # it was not asked to be closed
            with self._lock:
                self._resting.append((connection, time.monotonic()))
        return answer

    def cut(self) -> None:
        """End every connection at once; whoever waits for an answer gets an error. None can be made afterwards."""
        with self._lock:
            self._cut = True
            connections = list(self._all)
        for connection in connections:
            # The plain socket's own method: TLS would want to say goodbye first. None, where it is closed.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            resting, self._resting = self._resting, []
        for connection, _ in resting:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                if not self._resting:
                    break
                connection, since = self._resting.pop()
            if time.monotonic() - since < FRESH_SECONDS or not _readable(connection.sock):
                return connection
            connection.close()  # what comes unasked is the end of it
        connection = self._make()
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ConnectError(str(error)) from error
        connection.sock.settimeout(READ_SECONDS)
        with self._lock:
            self._all.add(connection)
            cut = self._cut
        if cut:
            connection.close()
            raise ConnectError("the connections were cut")
        return connection

    def _make(self) -> http.client.HTTPConnection:
        first = self._proxy if self._proxy.netloc else self._server
        host = first.hostname or ""
        if self._tls is None:
            return http.client.HTTPConnection(host, first.port or 80, timeout=CONNECT_SECONDS)
        port = first.port or (80 if self._proxy.netloc else 443)
        connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=self._tls)
        if self._proxy.netloc:
            connection.set_tunnel(self._server.hostname or "", self._server.port or 443, self._who())
        return connection

    def _who(self) -> dict[str, str]:
        """How the proxy knows us."""
        if not self._proxy.username:
            return {}
        said = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}"
        return {"Proxy-Authorization": f"Basic {base64.b64encode(said.encode()).decode()}"}


def _tls(ca_bundle: str) -> ssl.SSLContext:
    if Path(ca_bundle).is_dir():
        return ssl.create_default_context(capath=ca_bundle)
    return ssl.create_default_context(cafile=ca_bundle)


def _readable(connected: socket.socket | None) -> bool:
    """Whether something has come, the end included."""
    if connected is None:
        return True
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))
