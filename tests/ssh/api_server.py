"""As much of a Kubernetes API as `kubectl get --raw` asks: `python -I api_server.py CERTIFICATE KEY AUTHORITY PORT`.

It wants a client certificate of the authority and answers with whose that is. It ends when its standard input does.
"""

from __future__ import annotations

import http.server
import json
import ssl
import sys
import threading


class Api(http.server.BaseHTTPRequestHandler):
    """Says who asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Any path."""
        certificate = self.connection.getpeercert()
        names = {key: value for part in certificate["subject"] for key, value in part}
        body = json.dumps(
            {"you": names["commonName"], "path": self.path, "host": self.headers["Host"]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's name
        """Nothing."""


class Server(http.server.ThreadingHTTPServer):
    """A probe that opens a connection and closes it is no failure."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say."""


if __name__ == "__main__":
    certificate, key, authority, port = sys.argv[1:]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    with Server(("0.0.0.0", int(port)), Api) as server:  # noqa: S104 - all of the namespace's own addresses
        # The handshake belongs to the client's own thread, or one silent client would hold up all others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("listening", flush=True)  # noqa: T201 - the caller waits for it
        sys.stdin.read()
