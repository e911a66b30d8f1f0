"""S3: conditions on writing are looked at some time before the write, so two writers can both be right.

AWS decides and writes in one step (S3 user guide, "How to prevent object overwrites with conditional writes", "How to
perform conditional deletes"; S3 API, PutObject, CopyObject, CompleteMultipartUpload, DeleteObject): `If-None-Match: *`
is 412 PreconditionFailed where the key has an object, `If-Match` is 412 where it has another one and 404 NoSuchKey
where it has none; a delete marker is none. Moto knows no such conditions for copies and some of them for the rest, and
breaks on `If-Match` for an absent object. Another value of `If-None-Match` on a write is not implemented there either.

For reading, an ETag without its quotes is taken too (S3 API, HeadObject).
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import MissingKey, PreconditionFailed
from moto.s3.responses import S3Response
from requests.structures import CaseInsensitiveDict

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"
STRIPES = 64

_locks = tuple(threading.RLock() for _ in range(STRIPES))
"""A key always has the same one; that another key may share it costs a moment."""


def apply() -> None:
    """Hold the key's lock over the question and the write."""
    for name in ("put_object", "copy_object", "delete_object"):
        write = method(S3Response, name)
        mentions(S3Response, name, "backend", "parse_key_name")
        replace(S3Response, name, _locking(write))
    post = method(S3Response, "_key_response_post", "request", "body", "bucket_name", "query", "key_name")
    mentions(S3Response, "_key_response_post", "uploadId", "multipart", "complete_multipart_upload")
    replace(S3Response, "_key_response_post", _completing(post))
    head = method(S3Response, "head_object", "bucket_name", "query", "key_name", "headers")
    mentions(S3Response, "head_object", IF_MATCH, IF_NONE_MATCH)

    @functools.wraps(head)
    def head_object(self: Any, bucket_name: str, query: dict[str, Any], key_name: str, headers: Any) -> Any:
        quoted: CaseInsensitiveDict[str] = CaseInsensitiveDict(headers.items())
        for name in (IF_MATCH, IF_NONE_MATCH):
            if name in quoted:
                quoted[name] = f'"{_bare(quoted[name])}"'
        return head(self, bucket_name, query, key_name, quoted)

    replace(S3Response, "head_object", head_object)


def _locking(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def conditional(self: Any) -> Any:
        key_name = self.parse_key_name()
        with _lock(self.bucket_name, key_name):
            current = self.backend.get_object(self.bucket_name, key_name)
            _check(self, key_name, current)
            return write(self)

    return conditional


def _completing(post: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(post)
    def conditional(self: Any, *arguments: Any) -> Any:
        _, _, bucket_name, query, key_name = arguments
        if "uploadId" not in query:
            return post(self, *arguments)
        with _lock(bucket_name, key_name):
            current = self.backend.get_object(bucket_name, key_name)
            upload = getattr(current, "multipart", None)
            if upload is None or upload.id != query["uploadId"][0]:  # else it is a repetition
                _check(self, key_name, current)
            return post(self, *arguments)

    return conditional


def _lock(bucket: str, key: str) -> threading.RLock:
    return _locks[hash((bucket, key)) % STRIPES]


def _check(response: Any, key_name: str, current: Any) -> None:
    """Raise what AWS answers where a condition does not hold; take the conditions away where they do."""
    wanted, unwanted = response.headers.get(IF_MATCH), response.headers.get(IF_NONE_MATCH)
    if unwanted is not None and unwanted != "*":
        raise NotImplementedError("If-None-Match on a write can only be *")
    if unwanted is not None and current is not None:
        raise PreconditionFailed(IF_NONE_MATCH)
    if wanted is not None:
        if current is None:
            raise MissingKey(key_name)
        if wanted != "*" and _bare(wanted) != _bare(current.etag):
            raise PreconditionFailed(IF_MATCH)
    if wanted is not None or unwanted is not None:
        # Moto would decide once more, in its own way.
        left = {k: v for k, v in response.headers.items() if k.lower() not in {"if-match", "if-none-match"}}
        response.headers = CaseInsensitiveDict(left)


def _bare(etag: str) -> str:
    return etag.strip().strip('"')
