"""A repeated request gets the first one's answer.

Every AWS client asks again when it sees no answer, and marks all attempts of one call with the same
`amz-sdk-invocation-id` (AWS SDKs and Tools Reference Guide, "Retry behavior"). AWS knows such repetitions for
many calls; moto does a thing twice, or refuses the second time because it did it the first: an apply would
fail for a lost packet.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

KEPT = 512
"""Calls that are remembered: a client repeats within seconds, and asks some dozens at a time."""

KEPT_BYTES = 262_144
"""Longer answers are not remembered: only reading gives those, and reading twice does no harm."""

FIRST_ATTEMPT_SECONDS = 60.0


@dataclass(slots=True)
class _Attempt:
    done: threading.Event = field(default_factory=threading.Event)
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None


class AnswerRepetitionsAlike:
    """A WSGI application around moto's."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._attempts: OrderedDict[str, _Attempt] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Moto's answer; to a repetition of a call that succeeded, the answer there was."""
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if not call or environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            return self._application(environ, start_response)
        with self._lock:
            earlier = self._attempts.get(call)
            attempt = self._attempts[call] = _Attempt() if earlier is None else earlier
            while len(self._attempts) > KEPT:
                self._attempts.popitem(last=False)
        if earlier is not None and earlier.done.wait(FIRST_ATTEMPT_SECONDS) and earlier.body is not None:
            start_response(earlier.status, list(earlier.headers))
            return [earlier.body]
        return self._run(attempt, environ, start_response)

    def _run(
        self, attempt: _Attempt, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            attempt.status, attempt.headers = status, headers
            return start_response(status, headers, *more)

        try:
            answer = self._application(environ, start)
            body = b"".join(answer)
            close = getattr(answer, "close", None)
            if close is not None:
                close()
            if attempt.status.startswith("2") and len(body) <= KEPT_BYTES:
                attempt.body = body
            return [body]
        finally:
            attempt.done.set()
