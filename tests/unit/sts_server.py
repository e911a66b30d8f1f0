"""An STS, an SSO portal and an instance's metadata on loopback, which check what real ones check: keys, codes, regions.

moto takes every key and every code; these do not. Answers are those of the services' API references.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
JEST = f"arn:aws:iam::{ACCOUNT}:user/jest"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/jest"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/engineer"
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/inner"
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEJr0123456789SecretSessionTokenOfTheTests0123456789=="
SESSION_SECRET = "Ses5ionSecretAccessKeyOfTheTests012345678"

_XML = (
    '<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>{1}</{0}Result></{0}Response>'
)
_ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>"
)
_SCOPE = re.compile(r"Credential=([A-Z0-9]+)/\d{8}/([a-z0-9-]+)/")


@dataclass
class Refusal:
    """An error of AWS."""

    code: str
    message: str
    status: int = 403


@dataclass
class Asked:
    """A call that came, and whose key signed it, in which region."""

    call: str
    arguments: dict[str, str]
    key_id: str
    region: str


@dataclass
class Rules:
    """What the server knows and refuses; a test changes it."""

    users: dict[str, str] = field(default_factory=lambda: {KEY_ID: JEST})
    codes: dict[str, list[str]] = field(default_factory=lambda: {DEVICE: ["123456", "654321"]})
    """Each code is good once."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    """By call, or by the ARN of a role."""
    regions_off: set[str] = field(default_factory=set)
    ahead: timedelta = timedelta()
    life: timedelta = timedelta(hours=1)
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], None] = lambda _: None

    def calls(self, name: str) -> list[Asked]:
        """The calls of that name, in order."""
        return [one for one in self.asked if one.call == name]


class StsServer:
    """Serves `rules` until it is closed."""

    def __init__(self) -> None:
        self.rules = Rules()
        self._made = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def new_keys(self, arn: str) -> tuple[str, str]:
        """The id of a new session's key, and when it expires."""
        with self._lock:
            self._made += 1
            key_id = f"ASIA{self._made:016d}"
            self.rules.users[key_id] = arn
        return key_id, (datetime.now(UTC) + self.rules.life).strftime("%Y-%m-%dT%H:%M:%SZ")

    def answer(self, asked: Asked) -> str | Refusal:
        """The answer to a call of STS."""
        rules = self.rules
        with self._lock:
            rules.asked.append(asked)
        rules.before(asked)
        refusal = rules.refused.get(asked.call) or rules.refused.get(asked.arguments.get("RoleArn", ""))
        if refusal is not None:
            return refusal
        unknown = Refusal("InvalidClientTokenId", "The security token included in the request is invalid.")
        if asked.region in rules.regions_off or (asked.key_id and asked.key_id not in rules.users):
            return unknown
        if asked.call == "GetCallerIdentity":
            return f"<Arn>{rules.users[asked.key_id]}</Arn><UserId>U</UserId><Account>{ACCOUNT}</Account>"
        serial = asked.arguments.get("SerialNumber")
        if serial is not None:
            wrong = self._wrong_code(serial, asked.arguments.get("TokenCode", ""))
            if wrong is not None:
                return wrong
        role = asked.arguments.get("RoleArn")
        arn = f"{role}/session" if role else rules.users[asked.key_id]
        key_id, until = self.new_keys(arn)
        user = (
            f"<AssumedRoleUser><Arn>{arn}</Arn><AssumedRoleId>A</AssumedRoleId></AssumedRoleUser>"
            if role
            else ""
        )
        return (
            f"<Credentials><AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{SESSION_SECRET}</SecretAccessKey>"
            f"<SessionToken>{TOKEN}</SessionToken><Expiration>{until}</Expiration></Credentials>{user}"
        )

    def machine_keys(self) -> dict[str, Any]:
        """What a container's or an instance's metadata answers."""
        key_id, until = self.new_keys(f"arn:aws:sts::{ACCOUNT}:assumed-role/machine/i-1")
        return {
            "Code": "Success",
            "AccessKeyId": key_id,
            "SecretAccessKey": SESSION_SECRET,
            "Token": TOKEN,
            "Expiration": until,
        }

    def sso_keys(self) -> dict[str, Any]:
        """What the SSO portal answers."""
        key_id, until = self.new_keys(f"arn:aws:sts::{ACCOUNT}:assumed-role/sso/jest")
        expires = datetime.fromisoformat(until).timestamp() * 1000
        return {
            "roleCredentials": {
                "accessKeyId": key_id,
                "secretAccessKey": SESSION_SECRET,
                "sessionToken": TOKEN,
                "expiration": int(expires),
            }
        }

    def _wrong_code(self, serial: str, code: str) -> Refusal | None:
        with self._lock:
            good = self.rules.codes.get(serial)
            if good is None:
                return Refusal(
                    "AccessDenied",
                    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial "
                    "number is valid and associated with this user.",
                )
            if code not in good:
                return Refusal(
                    "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
                )
            good.remove(code)
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - the methods of one class
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                arguments = {name: values[0] for name, values in parse_qs(body).items()}
                scope = _SCOPE.search(self.headers.get("authorization", ""))
                key_id, region = (scope[1], scope[2]) if scope else ("", "")
                call = arguments.pop("Action", self.path)
                answer = server.answer(Asked(call, arguments, key_id, region))
                if isinstance(answer, Refusal):
                    return self._send(answer.status, _ERROR.format(answer.code, answer.message), "text/xml")
                return self._send(200, _XML.format(call, answer), "text/xml")

            def do_PUT(self) -> None:
                self._send(200, "metadata-token", "text/plain")

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/federation/credentials":
                    return self._sso()
                if path.endswith("/security-credentials/"):
                    return self._send(200, "machine", "text/plain")
                return self._send(200, json.dumps(server.machine_keys()), "application/json")

            def _sso(self) -> None:
                refusal = server.rules.refused.get("GetRoleCredentials")
                if refusal is None:
                    return self._send(200, json.dumps(server.sso_keys()), "application/json")
                body = json.dumps({"message": refusal.message})
                return self._send(refusal.status, body, "application/json", refusal.code)

            def _send(self, status: int, body: str, kind: str, error: str = "") -> None:
                self.send_response_only(status)
                self.send_header("Date", format_datetime(datetime.now(UTC) + server.rules.ahead, usegmt=True))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler
