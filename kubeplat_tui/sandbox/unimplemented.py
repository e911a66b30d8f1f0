"""What moto cannot do is refused at once, with a reason.

Left alone, moto answers such a call with error 500, which every AWS client takes for a passing trouble:
Terraform's provider asks again for ten minutes. HTTP 501 is not asked again.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CODE = "NotImplemented"

logger = logging.getLogger("kubeplat.sandbox")


class RefuseUnimplemented:
    """A WSGI application around moto's."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Moto's answer, or HTTP 501 with an error document in the service's own form."""
        try:
            return self._application(environ, start_response)
        except NotImplementedError as error:
            message = f"The sandbox cannot do this: {error}"
            logger.warning(message)
            kind, body = _document(environ, message)
            start_response(
                "501 Not Implemented", [("Content-Type", kind), ("Content-Length", str(len(body)))]
            )
            return [body]


def _document(environ: WSGIEnvironment, message: str) -> tuple[str, bytes]:
    if "json" in environ.get("CONTENT_TYPE", ""):
        return "application/x-amz-json-1.1", json.dumps({"__type": CODE, "message": message}).encode()
    error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
    # The service is in the signature: Credential=KEY/DATE/REGION/SERVICE/aws4_request.
    signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    if signed and signed[1] == "ec2":
        return "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
    return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
