"""S3: a bucket answers in every region, so a wrong region goes unnoticed.

AWS answers 301 PermanentRedirect with the bucket's own region in a header to a request that was signed for another one,
except to the question where the bucket is; SDKs follow it (S3 user guide, "Request redirection and the REST API"; S3
API, HeadBucket, GetBucketLocation).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "PermanentRedirect"
MESSAGE = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)


def apply() -> None:
    """Send away who signed for another region."""
    mentions(S3Response, "setup_class", "region", "Authorization")
    for name in ("_bucket_response", "_key_response"):
        respond = method(S3Response, name, "request", "full_url")
        mentions(S3Response, name, "parse_bucket_name_from_url")
        replace(S3Response, name, _redirecting(respond))


def _redirecting(respond: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(respond)
    def redirecting(self: Any, request: Any, full_url: str) -> Any:
        bucket = self.backend.buckets.get(self.bucket_name)
        elsewhere = bucket is not None and bucket.region_name != self.region
        # Who made the bucket already is told that by CreateBucket; an unsigned request names no region.
        asked = "location" in self.querystring or "CreateBucketConfiguration" in str(self.body)
        if not elsewhere or asked or "Authorization" not in request.headers:
            return respond(self, request, full_url)
        headers = {"x-amz-bucket-region": bucket.region_name, "content-type": "application/xml"}
        error = (
            f"<Error><Code>{CODE}</Code><Message>{MESSAGE}</Message>"
            f"<Endpoint>{self.bucket_name}.s3.{bucket.region_name}.amazonaws.com</Endpoint>"
            f"<Bucket>{self.bucket_name}</Bucket></Error>"
        )
        return 301, headers, "" if request.method == "HEAD" else error

    return redirecting
