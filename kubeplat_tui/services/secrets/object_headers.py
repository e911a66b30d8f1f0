"""What the headers of S3's answers say of an object. Their names are in lower case here.

Sources: S3 API reference, GetObject and PutObject; S3 user guide, "Checking object integrity".
"""

from __future__ import annotations

import base64
import zlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import now
from kubeplat_tui.services.secrets.model import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubeplat_tui.services.secrets.connections import Answer


def condition(etag: str) -> dict[str, str]:
    """The header that makes a request hold for this ETag only; nothing for ""."""
    return {"if-match": f'"{etag}"'} if etag else {}


def etag_of(headers: Mapping[str, str]) -> str:
    """The ETag without quotes."""
    return headers["etag"].strip('"')


def key_of(headers: Mapping[str, str]) -> str:
    """The ARN of the KMS key that the object is encrypted with, "" without one."""
    kms = headers.get("x-amz-server-side-encryption") == "aws:kms"
    return headers.get("x-amz-server-side-encryption-aws-kms-key-id", "") if kms else ""


def _whole(headers: Mapping[str, str], name: str) -> str:
    """S3's checksum of the whole object in hex, "" where it has none (that of several parts is `…-N`)."""
    told = headers.get(f"x-amz-checksum-{name}", "")
    return "" if not told or "-" in told else base64.b64decode(told).hex()


def sha256_of(headers: Mapping[str, str]) -> str:
    """S3's SHA-256 of the object in hex, "" where it keeps none."""
    return _whole(headers, "sha256")


def arrived(answer: Answer, sha256: str) -> bool:
    """Whether everything came as it is there. Other clients leave other checksums than ours."""
    data, told = answer.data, answer.headers
    return (
        len(data) == int(told.get("content-length", len(data)))
        and sha256_of(told) in {"", sha256}
        and _whole(told, "crc32") in {"", f"{zlib.crc32(data):08x}"}
    )


def stored(key: str, headers: Mapping[str, str]) -> Stored:
    """What an answer says of the object. That to a put has no time of its own: its date is that, to the second."""
    time = headers.get("last-modified") or headers.get("date")
    return Stored(
        key,
        int(headers["content-length"]),
        etag_of(headers),
        parsedate_to_datetime(time) if time else now(),
        headers.get("x-amz-version-id", ""),
    )
