"""Moto behind an HTTP server, with everything that makes it behave like AWS. Loaded in the child only."""

from __future__ import annotations

import contextlib
import functools
import socket
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from kubeplat_tui.sandbox import corrections
from kubeplat_tui.sandbox.retries import AnswerRepetitionsAlike
from kubeplat_tui.sandbox.unimplemented import RefuseUnimplemented

if TYPE_CHECKING:
    from flask import Flask

LINGER_SECONDS = 1.0


class Handler(MotoRequestHandler):
    """Handles one request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of requests that were answered; errors and tracebacks are logged elsewhere."""


class Server(ThreadedWSGIServer):
    """A thread for each request."""

    def shutdown_request(self, request: Any) -> None:
        """Close a connection only after the client did.

        Closed with something unread, the system sends a reset, and that may overtake the answer (RFC 9112,
        9.6).
        """
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(LINGER_SECONDS)
            while request.recv(65_536):
                pass
        self.close_request(request)


class Dispatcher(DomainDispatcherApplication):
    """Moto's choice of the service, remembered: it looks through its own folders for each request."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self._backend = functools.lru_cache(1024)(super().get_backend_for_host)

    def get_backend_for_host(self, host: str | None) -> Any:
        """The service that answers for `host`. It depends on nothing else."""
        return self._backend(host)


def server(listener: socket.socket) -> Server:
    """Moto with our corrections, ready to serve on `listener`. Raises `KubeplatError` where moto does not
    fit.
    """
    corrections.apply_all()
    moto = Dispatcher(_service)
    host, port = listener.getsockname()
    application = RefuseUnimplemented(AnswerRepetitionsAlike(moto))
    return Server(host, port, application, Handler, fd=listener.fileno())


def _service(name: Any) -> Flask:
    if name is None:  # moto knows no such service
        raise NotImplementedError("the service is not simulated")
    return create_backend_app(name)
