"""As much of EC2 as the real program asks for machines: `python -I ec2_server.py FILE PORT`, on loopback.

FILE is JSON: a list of machines with `id`, `name`, `layer`, `private`, `public` and `console`. The forms are those of
the EC2 API of 2016-11-15 (DescribeInstances, DescribeVolumes, GetConsoleOutput). It ends when its standard input does.
"""

from __future__ import annotations

import base64
import http.server
import json
import sys
import threading
import urllib.parse
from pathlib import Path
from xml.sax.saxutils import escape

INSTANCE = """\
<item><instanceId>{id}</instanceId><imageId>ami-0000000000000001</imageId>
<instanceState><code>16</code><name>running</name></instanceState>
<privateIpAddress>{private}</privateIpAddress><ipAddress>{public}</ipAddress>
<instanceType>m5.large</instanceType><launchTime>2026-03-01T09:30:00.000Z</launchTime>
<placement><availabilityZone>eu-west-2a</availabilityZone></placement>
<tagSet><item><key>Env</key><value>{environment}</value></item><item><key>Name</key><value>{name}</value></item>
<item><key>Role</key><value>{layer}</value></item></tagSet></item>"""

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
ANSWER = '<{action}Response xmlns="{namespace}"><requestId>1</requestId>{body}</{action}Response>'
REFUSAL = (
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>Not here.</Message></Error></Errors>"
    "</Response>"
)


class Ec2(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """An action of the query API."""
        size = int(self.headers.get("Content-Length") or 0)
        asked = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode()))
        machines = json.loads(Path(sys.argv[1]).read_text())
        action = asked.get("Action", "")
        if action == "DescribeInstances":
            items = "".join(INSTANCE.format(**machine) for machine in machines)
            self._say(
                action, f"<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"
            )
        elif action == "GetConsoleOutput":
            machine = next(each for each in machines if each["id"] == asked["InstanceId"])
            output = base64.b64encode(machine["console"].encode()).decode()
            self._say(action, f"<instanceId>{escape(machine['id'])}</instanceId><output>{output}</output>")
        elif action == "DescribeVolumes":
            self._say(action, "<volumeSet/>")
        else:
            self._send(403, REFUSAL)

    def do_GET(self) -> None:
        """Other services are refused."""
        self._send(403, REFUSAL)

    def do_PUT(self) -> None:
        """As GET."""
        self._send(403, REFUSAL)

    def do_HEAD(self) -> None:
        """As GET."""
        self._send(403, REFUSAL)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the parent's name
        """Nothing."""

    def _say(self, action: str, body: str) -> None:
        self._send(200, ANSWER.format(action=action, namespace=NAMESPACE, body=body))

    def _send(self, code: int, text: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    with http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Ec2) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("listening", flush=True)  # noqa: T201 - the caller waits for it
        sys.stdin.read()
