"""A server on a machine of the farm: `python -I echoing.py PORT` answers with whatever it gets.

It ends when its standard input does.
"""

from __future__ import annotations

import socketserver
import sys
import threading

PIECE = 1 << 16


class Echo(socketserver.BaseRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Until the client has said all."""
        while data := self.request.recv(PIECE):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    """One thread a client."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    with Server(("0.0.0.0", int(sys.argv[1])), Echo) as server:  # noqa: S104 - all of the namespace's own addresses
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("listening", flush=True)  # noqa: T201 - the caller waits for it
        sys.stdin.read()
