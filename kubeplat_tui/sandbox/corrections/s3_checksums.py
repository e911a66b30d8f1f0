"""S3 checksums: moto stores what is sent and verifies nothing, and sees a checksum only with its algorithm's header.

AWS computes the checksum of what arrived and refuses a difference with BadDigest, and a value that cannot be one with
InvalidRequest or InvalidDigest (S3 API, "Error responses"; user guide, "Checking object integrity"). CRC64NVME and
CRC32C are stored unverified: their libraries are not installed, and nothing of ours sends them.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import re
import zlib
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = "x-amz-checksum-"
SIZES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""How many bytes each algorithm's value has."""

TRAILER = re.compile(rb"(x-amz-checksum-[a-z0-9]+):([A-Za-z0-9+/=]+)\r?\n")
TRAILER_BYTES = 1024


def apply() -> None:
    """Verify, then let moto store."""
    method(S3Response, "_get_checksum", "response_headers")
    mentions(S3Response, "put_object", "_get_checksum", "checksum_algorithm", "checksum_value")
    replace(S3Response, "_get_checksum", get_checksum)
    upload = method(S3Response, "upload_part")
    mentions(S3Response, "upload_part", "backend", "_get_checksum")

    def upload_part(self: Any) -> Any:
        self._get_checksum({})  # moto asks only after it has stored the part
        return upload(self)

    replace(S3Response, "upload_part", upload_part)
    head = method(S3Response, "head_object", "bucket_name", "query", "key_name", "headers")
    mentions(S3Response, "head_object", HEADER, "checksum_value")
    replace(S3Response, "head_object", _of_parts(head))


def get_checksum(self: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
    """The algorithm and the value that belong to the request's body, put into the answer too."""
    body = self.body or b""
    _check_md5(self.headers.get("Content-MD5"), body)
    algorithm, value = _sent(self)
    if algorithm not in SIZES:
        return "", None
    computed = _computed(algorithm, body)
    if value is None:
        value = computed
    elif not _is_digest(value, SIZES[algorithm]):
        raise S3ClientError("InvalidRequest", f"Value for {HEADER}{algorithm.lower()} header is invalid.")
    elif computed not in {None, value}:
        raise S3ClientError(
            "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
        )
    if value is None:
        return "", None
    response_headers[f"{HEADER}{algorithm.lower()}"] = value
    return algorithm, value


def _sent(response: Any) -> tuple[str, str | None]:
    """The checksum in the headers or behind the body; without one, the algorithm that was asked for."""
    for algorithm in SIZES:
        value = response.headers.get(f"{HEADER}{algorithm.lower()}")
        if value:
            return algorithm, str(value)
    if response.headers.get("x-amz-trailer"):
        found = TRAILER.findall(response.raw_body[-TRAILER_BYTES:])
        if found:
            name, value = (part.decode() for part in found[-1])
            return name.removeprefix(HEADER).upper(), value
    return str(response.headers.get("x-amz-sdk-checksum-algorithm", "")).upper(), None


def _computed(algorithm: str, body: bytes) -> str | None:
    match algorithm:
        case "SHA256":
            digest = hashlib.sha256(body).digest()
        case "SHA1":
            digest = hashlib.sha1(body, usedforsecurity=False).digest()
        case "CRC32":
            digest = zlib.crc32(body).to_bytes(4, "big")
        case _:
            return None
    return base64.b64encode(digest).decode()


def _is_digest(value: str, size: int) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == size
    except binascii.Error:
        return False


def _check_md5(value: str | None, body: bytes) -> None:
    if value is None:
        return
    if not _is_digest(value, 16):
        raise S3ClientError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    if base64.b64decode(value) != hashlib.md5(body, usedforsecurity=False).digest():
        raise S3ClientError("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _of_parts(head: Callable[..., Any]) -> Callable[..., Any]:
    """A checksum of checksums has the number of parts behind it, in HEAD as in GET."""

    @functools.wraps(head)
    def head_object(self: Any, bucket_name: str, query: dict[str, Any], key_name: str, headers: Any) -> Any:
        status, answered, body = head(self, bucket_name, query, key_name, headers)
        key = self.backend.get_object(bucket_name, key_name, query.get("versionId", [None])[0])
        name = f"{HEADER}{key.checksum_algorithm.lower()}" if key and key.checksum_algorithm else ""
        if answered.get(name):
            if key.checksum_type == "COMPOSITE":
                answered[name] = f"{key.checksum_value}-{key.checksum_parts}"
            answered[f"{HEADER}type"] = key.checksum_type or "FULL_OBJECT"
        return status, answered, body

    return head_object
