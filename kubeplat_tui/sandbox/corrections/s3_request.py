"""The headers of the S3 request that this thread answers: no difference from AWS, but other corrections need it.

Moto decides about encryption and policies in methods that do not see the request.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import method, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS: ContextVar[Mapping[str, str] | None] = ContextVar("s3_headers", default=None)


def apply() -> None:
    """Remember the headers while a request for an object is answered."""
    original = method(S3Response, "_key_response", "request", "full_url")

    @functools.wraps(original)
    def key_response(self: Any, request: Any, full_url: str) -> Any:
        token = _HEADERS.set(self.headers)
        try:
            return original(self, request, full_url)
        finally:
            _HEADERS.reset(token)

    replace(S3Response, "_key_response", key_response)


def header(name: str) -> str | None:
    """A header of the request, None where it has none or nothing is being answered."""
    headers = _HEADERS.get()
    return None if headers is None else headers.get(name)
