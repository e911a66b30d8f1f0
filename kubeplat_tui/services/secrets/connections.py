"""HTTP connections that stay open and serve many threads, and that can be cut while they wait for an answer.

They are urllib3's, with the certificates and proxies that boto3 would use; botocore's own session cannot be
interrupted, so that a stop would have to wait for a dead network.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager
    from urllib3.connection import HTTPConnection

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""How long the other side may say nothing."""


class Connections:
    """Connections for addresses of one scheme; up to `size` are kept open.

    `ca_bundle` is a file of trusted certificates, `proxy` the address of a proxy ("" for none).
    """

    def __init__(self, size: int, ca_bundle: str, proxy: str = "") -> None:
        import urllib3

        self._lock = threading.Lock()
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._cut = False
        options: dict[str, Any] = {
            "maxsize": size,
            "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            "cert_reqs": "CERT_REQUIRED",
            "ca_certs": ca_bundle,
        }
        self._manager: PoolManager = (
            urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        )
        self._manager.pool_classes_by_scheme = self._kinds()

    def send(self, request: AWSPreparedRequest) -> BaseHTTPResponse:
        """The answer to a request as soon as its headers are there; its body is still to be read.

        Raises urllib3's `HTTPError` where there is none. Nothing is tried twice, no redirection is followed.
        """
        return self._manager.urlopen(
            request.method,
            request.url,
            headers=dict(request.headers.items()),
            body=request.body or None,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )

    def cut(self) -> None:
        """End every connection at once; whoever waits for an answer gets an error."""
        self._cut = True
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            # The plain socket's own method: TLS would want to say goodbye first. None, where it is closed.
            with contextlib.suppress(OSError, TypeError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close those that nobody uses."""
        self._manager.clear()

    def _kinds(self) -> dict[str, type[HTTPConnectionPool]]:
        """urllib3's pools, whose connections are noted while they are open."""
        from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
        from urllib3.connection import HTTPConnection, HTTPSConnection

        note = self._note

        class Noted(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                note(self)

        class NotedTls(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                note(self)

        class Pool(HTTPConnectionPool):
            ConnectionCls = Noted

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = NotedTls

        return {"http": Pool, "https": TlsPool}

    def _note(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)
        if self._cut:
            connection.close()
            raise ConnectionAbortedError("the connections were cut")
