"""An S3 on loopback that answers as a test says: refusals, broken answers, silence."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "eu-west-2"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"


@dataclass
class Reply:
    """One answer. `length` is said in place of the body's; `cut` ends the connection after the body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: bool = False
    hang: bool = False
    """Never answer; the test ends the connection."""


def refusal(status: int, code: str, message: str = "Because.") -> Reply:
    """S3's error document."""
    return Reply(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())


def found(data: bytes, **more: str) -> Reply:
    """An object under our key. `more` replaces headers (with _ for -); "" leaves one out."""
    headers = {
        "etag": '"e1"',
        "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT",
        "x-amz-version-id": "v1",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KEY,
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
    }
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return Reply(200, data, {name: value for name, value in headers.items() if value})


@dataclass
class Asked:
    """A request that came. The names of its headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedS3:
    """Answers with `replies` in order, then with `otherwise`. HEAD of the bucket always finds it, uncounted."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.otherwise: Callable[[Asked], Reply] = lambda _: Reply(500)
        self.asked: list[Asked] = []
        self.connections = 0
        self.hanging = threading.Semaphore(0)
        """Released for each request that waits for ever."""
        self.let_go = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self._server.server_close()  # joins the threads
        self._thread.join()

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            if self.replies:
                return self.replies.popleft()
        return self.otherwise(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                with script._lock:
                    script.connections += 1
                    script._open.add(self.connection)

            def finish(self) -> None:
                with script._lock:
                    script._open.discard(self.connection)
                with contextlib.suppress(ConnectionError):
                    super().finish()

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if self.command == "HEAD" and self.path.strip("/").count("/") == 0:
                    reply = Reply(200)
                else:
                    reply = script._reply(Asked(self.command, self.path, headers, body))
                if reply.hang:
                    script.hanging.release()
                    script.let_go.wait()
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header(
                    "content-length", str(len(reply.body) if reply.length is None else reply.length)
                )
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)
                self.close_connection = self.close_connection or reply.cut

            do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = answer  # noqa: N815 - the library's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


class ScriptedLease:
    """A lease on it, as a sandbox gives one."""

    lost = False

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def when_lost(self, callback: Callable[[], None]) -> None: ...

    def address(self, host: str, port: int) -> tuple[str, int]:
        raise ConnectionRefusedError(f"no machine is scripted: {host}:{port}")

    def close(self) -> None: ...


@contextlib.contextmanager
def scripted() -> Iterator[tuple[ScriptedS3, Cloud]]:
    """A scripted S3, and a cloud that is there."""
    server = ScriptedS3()
    cloud = Cloud(REGION, None, ScriptedLease(server.endpoint))
    try:
        yield server, cloud
    finally:
        cloud.close()
        server.close()
