"""Requests for the objects of one bucket, signed and sent here, for a fraction of the processor time of boto3.

A transfer of a thousand objects is bound by that time. What boto3 knows stays in force: which host serves the
bucket (asked of a real HeadBucket), the credentials and their renewal, certificates and proxies, handlers of
`before-send`, and what is worth trying again ("Retry behavior" of the AWS SDKs, standard mode). Errors are
botocore's.
"""

from __future__ import annotations

import http.client
import random
import re
import ssl
import threading
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from kubeplat_tui.services.aws_errors import THROTTLED
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.secrets import signature
from kubeplat_tui.services.secrets.connections import Answer, ConnectError, Connections
from kubeplat_tui.services.secrets.refusals import bucket_call, other_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.exceptions import BotoCoreError, ClientError

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.secrets.connections import Look

ATTEMPTS = 5
FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0
"""Seconds: a random part of the first before the second attempt, of twice as much each time after."""

DEFAULT_PORTS = {"http": 80, "https": 443}
PASSING_STATUS = frozenset({429, 500, 502, 503, 504})
PASSING = THROTTLED | {"InternalError", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable"}

HTTP_WORDS = {int(status): f"The answer was {status.value} {status.phrase}" for status in HTTPStatus}

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")


class CutError(KubeplatError):
    """It was stopped on purpose: nobody waits for this answer any more."""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where the bucket answers, and who we say we are. `path` is everything before the key in an object's path."""

    origin: str
    host: str
    path: str
    agent: str


@dataclass(frozen=True, slots=True)
class _Request:
    """A signed request."""

    method: str
    origin: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return self.origin + self.target


class _PassingError(Exception):
    """A failure that may be none at the next attempt."""

    def __init__(self, failure: BotoCoreError | ClientError) -> None:
        super().__init__(str(failure))
        self.failure = failure


class SignedRequests:
    """Requests to the bucket `name`, which the account `owner` has to own ("" where that is not asked).

    May be used by several threads at once.
    """

    def __init__(self, cloud: Cloud, name: str, owner: str) -> None:
        self._cloud = cloud
        self._name = name
        self._owner = owner
        self._door: _Door | None = None
        self._lock = threading.Lock()
        self._connections: Connections | None = None
        self._stopped = threading.Event()

    def apart(self) -> SignedRequests:
        """The same, on connections of its own. Raises as `send` does: the bucket is looked up, once."""
        door, _ = self._ready()
        another = SignedRequests(self._cloud, self._name, self._owner)
        another._door = door
        return another

    def find(self) -> None:
        """Ask now whether the bucket is there, and where. Raises as `send` does."""
        door = self._find_door()
        with self._lock:
            self._door = door

    def stop(self) -> None:
        """Begin nothing more, and try nothing again: `CutError`. What is on its way may still arrive."""
        self._stopped.set()

    def cut(self) -> None:
        """Stop, and end what is on its way."""
        self.stop()
        if self._connections is not None:
            self._connections.cut()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        if self._connections is not None:
            self._connections.close()

    def send(
        self,
        call: str,
        method: str,
        key: str = "",
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        look: Look | None = None,
    ) -> Answer:
        """The answer to the API operation `call`, tried again where that helps.

        `query` is encoded and in the order of its names; `headers` have theirs in lower case; `look` sees those of
        a good answer before its body is read and may raise. Raises botocore's `ClientError` where S3 refuses, its
        `BotoCoreError` where it cannot be asked, `CutError` after `stop`, and `KubeplatError` where the bucket is
        absent or in another region.
        """
        door, connections = self._ready()
        path = door.path + quote(key, safe="/~")
        # The same for every attempt: a server may know by it that it did this already.
        more = {"amz-sdk-invocation-id": str(uuid.uuid4()), **(headers or {})}
        if self._owner:
            more["x-amz-expected-bucket-owner"] = self._owner
        attempt = 0
        while True:
            attempt += 1
            more["amz-sdk-request"] = f"attempt={attempt}; max={ATTEMPTS}"
            request = self._signed(door, method, path, query, headers=more, body=body)
            try:
                return self._attempt(connections, call, request, look)
            except _PassingError as passing:
                if attempt == ATTEMPTS:
                    raise passing.failure from passing
            self._stopped.wait(random.random() * min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)))  # noqa: S311 - a delay
            self._raise_if_stopped()

    def _attempt(self, connections: Connections, call: str, request: _Request, look: Look | None) -> Answer:
        try:
            answer = self._instead(call, request, look) or connections.exchange(
                request.method, request.target, request.headers, request.body, look
            )
        except (ConnectError, OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # A connection that is cut while it is used ends in any of these.
            self._raise_if_stopped(error)
            if isinstance(error, (ValueError, AttributeError)):
                raise
            raise _PassingError(_unreachable(error, request.url)) from error
        if answer.status < 300:
            return answer
        failure = _refusal(answer, call)
        if answer.status in PASSING_STATUS or failure.response["Error"]["Code"] in PASSING:
            raise _PassingError(failure)
        raise failure

    def _instead(self, call: str, request: _Request, look: Look | None) -> Answer | None:
        """What stands in for AWS, as it may in tests, is asked as botocore asks it."""
        from botocore.awsrequest import AWSPreparedRequest
        from botocore.compat import HTTPHeaders

        prepared = AWSPreparedRequest(
            request.method, request.url, HTTPHeaders.from_dict(request.headers), request.body, False
        )
        said = self._client.meta.events.emit(f"before-send.s3.{call}", request=prepared)
        for _, answer in said:
            if answer is not None:
                headers = {name.lower(): str(value) for name, value in answer.headers.items()}
                if look is not None and answer.status_code < 300:
                    look(headers)
                return Answer(answer.status_code, headers, answer.content)
        return None

    def _signed(
        self, door: _Door, method: str, path: str, query: str, *, headers: Mapping[str, str], body: bytes
    ) -> _Request:
        from botocore.exceptions import NoCredentialsError

        credentials = self._cloud.credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        named = signature.signed(
            method,
            path,
            query,
            headers,
            body,
            host=door.host,
            access_key=frozen.access_key,
            secret_key=frozen.secret_key,
            token=frozen.token,
            region=self._cloud.region,
            at=now(),
        )
        named |= {"user-agent": door.agent, "content-length": str(len(body))}
        return _Request(method, door.origin, f"{path}{'?' if query else ''}{query}", named, body)

    @property
    def _client(self) -> Any:
        return self._cloud.client("s3")

    def _ready(self) -> tuple[_Door, Connections]:
        self._raise_if_stopped()
        with self._lock:
            if self._door is None:
                self._door = self._find_door()
            if self._connections is None:
                proxy = self._cloud.proxy(self._door.origin)
                self._connections = Connections(self._door.origin, self._cloud.ca_bundle(), proxy)
            return self._door, self._connections

    def _find_door(self) -> _Door:
        """Ask boto3 for the bucket, and see where it asks: it knows the rules of the endpoints, and follows a
        bucket into another region.
        """
        seen: list[AWSPreparedRequest] = []
        me = threading.get_ident()

        def note(request: AWSPreparedRequest, **_: Any) -> None:
            if threading.get_ident() == me:  # the client is shared by all threads
                seen.append(request)

        events, name = self._client.meta.events, f"kubeplat-{me}-{id(seen)}"
        events.register_first("before-send.s3.HeadBucket", note, unique_id=name)
        asked = {"Bucket": self._name} | ({"ExpectedBucketOwner": self._owner} if self._owner else {})
        try:
            with bucket_call(f"Looking up the bucket {self._name}", self._name, region=self._cloud.region):
                self._client.head_bucket(**asked)
        finally:
            events.unregister("before-send.s3.HeadBucket", note, unique_id=name)
        headers = {key: _text(value) for key, value in seen[-1].headers.items()}
        scope = _SCOPE.search(headers.get("Authorization", ""))
        if scope is None or scope[1] != self._cloud.region:
            raise other_region(self._name, self._cloud.region)
        address = urlsplit(seen[-1].url)
        port = f":{address.port}" if address.port not in {None, DEFAULT_PORTS.get(address.scheme)} else ""
        return _Door(
            f"{address.scheme}://{address.netloc}",
            f"{address.hostname}{port}",
            address.path.rstrip("/") + "/",
            headers.get("User-Agent", "kubeplat"),
        )

    def _raise_if_stopped(self, error: Exception | None = None) -> None:
        if self._stopped.is_set():
            raise CutError("The transfer was stopped.") from error


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _refusal(answer: Answer, call: str) -> ClientError:
    """S3's error document as botocore's error; without one, the status is the code, as botocore has it."""
    from botocore.exceptions import ClientError

    code, message = str(answer.status), HTTP_WORDS.get(answer.status, "")
    if answer.data.strip():
        try:
            told = ET.fromstring(answer.data)  # noqa: S314 - S3's own answer
        except ET.ParseError:
            message = "The answer is no error of S3: is there a proxy in between?"
        else:
            plain = {each.tag.rpartition("}")[2]: each.text or "" for each in told.iter()}
            code, message = plain.get("Code", code), plain.get("Message", message)
    return ClientError({"Error": {"Code": code, "Message": message}}, call)


def _unreachable(error: Exception, url: str) -> BotoCoreError:
    """botocore's error for one of the standard library."""
    from botocore import exceptions as boto

    address = url.partition("?")[0]
    cause = error.__cause__ if isinstance(error, ConnectError) else error
    if isinstance(cause, ssl.SSLError):
        return boto.SSLError(endpoint_url=address, error=cause)
    if isinstance(error, ConnectError):
        if isinstance(cause, TimeoutError):
            return boto.ConnectTimeoutError(endpoint_url=address, error=cause)
        return boto.EndpointConnectionError(endpoint_url=address, error=cause)
    if isinstance(cause, TimeoutError):
        return boto.ReadTimeoutError(endpoint_url=address, error=cause)
    return boto.ConnectionClosedError(endpoint_url=address)
