"""The environment's secrets bucket: every write is conditional, every object is encrypted with the environment's key.

Sources: S3 API reference (GetObject, PutObject, DeleteObject, HeadObject), S3 user guide "Conditional requests",
"Checking object integrity", "Using server-side encryption with AWS KMS keys".
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from kubeplat_tui.services.aws_errors import FORBIDDEN, code_of
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.secrets import listing
from kubeplat_tui.services.secrets.layout import checked_key
from kubeplat_tui.services.secrets.model import Stored, Version
from kubeplat_tui.services.secrets.object_headers import (
    arrived,
    condition,
    etag_of,
    key_of,
    sha256_of,
    stored,
)
from kubeplat_tui.services.secrets.refusals import (
    BUSY,
    CHANGED,
    NO_OBJECT,
    BucketAbsentError,
    ConflictError,
    NotOursError,
    ObjectAbsentError,
    bucket_call,
    sentence,
)
from kubeplat_tui.services.secrets.signed_requests import SignedRequests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.site import Site

__all__ = [
    "LIMIT",
    "BucketAbsentError",
    "ConflictError",
    "Content",
    "NotOursError",
    "ObjectAbsentError",
    "SecretsBucket",
]

LIMIT = 64 * 1024 * 1024
"""The largest object that is read or written here, in bytes: it is held in memory. A secret has a few kB."""

ATTEMPTS = 3
"""How often a write is tried that meets another one at the same moment (409)."""

Page = list[Stored]
VersionPage = list[Version]
Identifiers = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Content:
    """An object with what is in it. `sha256` in hex, computed here and compared with S3's where S3 has one.

    `ours`: encrypted with the environment's key; False only where that was asked for.
    """

    stored: Stored
    data: bytes
    sha256: str
    ours: bool = True


class SecretsBucket:
    """The bucket `name`, whose objects are encrypted with the KMS key `key_arn`.

    `owner` is the account that has to own it, "" where that is not asked. Its methods may be called from several
    threads at once. Each raises `KubeplatError` with a sentence where AWS does not do it, and those that take a key
    `InputError` where that cannot be one (`layout.checked_key`).
    """

    def __init__(self, cloud: Cloud, name: str, key_arn: str, owner: str = "") -> None:
        self.cloud = cloud
        self.name = name
        self.key_arn = key_arn
        self._owner = owner
        self._requests = SignedRequests(cloud, name, owner)

    @classmethod
    def for_site(cls, site: Site) -> SecretsBucket:
        """The bucket that the environment's file names.

        Raises `InputError` where the file names no bucket or no key, `KubeplatError` where the key is absent,
        disabled or waits for its deletion.
        """
        from kubeplat_tui.services.master_key import usable_key

        values = site.environment.values
        named = str(values.get("kms_master_id") or "")
        name = str(values.get("secrets_bucket_name") or "")
        if not name or not named:
            raise InputError(
                f"{site.environment.name} has no {'KMS key' if name else 'secrets bucket'} yet.",
                todo="kubeplat run makes it and writes it into the environment's file.",
            )
        key = usable_key(site.cloud, named)
        if key is None:
            raise KubeplatError(
                f"There is no KMS key {named}.",
                why="What it encrypted cannot be read without it.",
                todo="Check kms_master_id and aws_region in the environment's file.",
            )
        return cls(site.cloud, name, key.arn, str(values.get("aws_account") or ""))

    # --- looking ------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the bucket is there. Raises `KubeplatError` where that cannot be known, or in another region."""
        try:
            self._requests.find()
        except BucketAbsentError:
            return False
        return True

    def list(self, prefix: str = "") -> Iterator[Page]:
        """The current versions of all objects below `prefix`, sorted by key, in pages of up to 1,000."""
        query = listing.objects_query(prefix)
        while query:
            with self._call(f"Listing the bucket {self.name}"):
                answer = self._requests.send("ListObjectsV2", "GET", query=query)
            page = listing.objects_page(answer.data, prefix)
            yield page.found
            query = page.following

    def versions(self, prefix: str = "") -> Iterator[VersionPage]:
        """All versions and delete markers below `prefix`, by key and the newest first, in pages of up to 1,000."""
        query = listing.versions_query(prefix)
        while query:
            with self._call(f"Listing the versions in the bucket {self.name}"):
                answer = self._requests.send("ListObjectVersions", "GET", query=query)
            page = listing.versions_page(answer.data, prefix)
            yield page.found
            query = page.following

    def head(self, key: str) -> Stored | None:
        """The object's current version without its content; None where it is certainly absent."""
        answer = self._head(checked_key(key))
        return None if answer is None else stored(key, answer)

    def digest(self, key: str) -> str:
        """The SHA-256 of the object's content in hex, as S3 keeps it; "" where S3 keeps none.

        Raises `ObjectAbsentError` where there is no such object.
        """
        answer = self._head(checked_key(key))
        if answer is None:
            raise ObjectAbsentError(key, self.name)
        return sha256_of(answer)

    def get(self, key: str, version: str = "", *, expected: str = "", foreign: bool = False) -> Content:
        """The object with its content; `version` "" is the current one.

        What comes must be complete, fit the checksum that S3 keeps, and be encrypted with the environment's key:
        `NotOursError` otherwise, unless `foreign` says that it may be another's. `expected` is an ETag: where the
        object has another one by now, `ConflictError`.
        """
        from botocore.exceptions import ClientError

        def look(headers: Mapping[str, str]) -> None:
            used = key_of(headers)
            if used != self.key_arn and not foreign:
                raise NotOursError(key, used, self.key_arn)
            if int(headers.get("content-length", 0)) > LIMIT:
                raise too_large(key, int(headers["content-length"]))

        headers = {"x-amz-checksum-mode": "ENABLED"} | condition(expected)
        query = urlencode({"versionId": version}, quote_via=quote, safe="~") if version else ""
        with self._call(f"Reading {key}", key, version):
            try:
                answer = self._requests.send(
                    "GetObject", "GET", checked_key(key), query=query, headers=headers, look=look
                )
            except ClientError as error:
                if code_of(error) in CHANGED or (expected and code_of(error) in NO_OBJECT):
                    raise ConflictError(key, self.head(key)) from error
                raise
        sha256 = hashlib.sha256(answer.data).hexdigest()
        if not arrived(answer, sha256):
            raise KubeplatError(
                f"{key} did not arrive as it is in the bucket.",
                why="Its length or its checksum is not what S3 says.",
                todo="Try again; if it stays so, restore an earlier version: kubeplat secrets history " + key,
            )
        return Content(
            stored(key, answer.headers), answer.data, sha256, key_of(answer.headers) == self.key_arn
        )

    # --- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, data: bytes, expected: str) -> Stored:
        """Write `data`. `expected` is the ETag that must be the current one, "" where there must be none.

        Raises `ConflictError` where something else is there; where it is just the same content, encrypted with our
        key, that is what was wanted (it may be our own write, whose answer was lost).
        """
        if len(data) > LIMIT:
            raise too_large(key, len(data))
        checked_key(key)
        for _ in range(ATTEMPTS):
            done = self._put(key, data, expected)
            if done is not None:
                return done
        raise ConflictError(key, self.head(key))

    def delete(self, key: str, expected: str) -> None:
        """Delete the object whose ETag is `expected`: a delete marker becomes its newest version.

        Raises `ConflictError` where it is another one by now. One that is gone already is what was wanted.
        """
        from botocore.exceptions import ClientError

        with self._call(f"Deleting {key}", checked_key(key)):
            try:
                self._requests.send("DeleteObject", "DELETE", key, headers=condition(expected))
            except ClientError as error:
                if code_of(error) not in CHANGED | BUSY | NO_OBJECT:
                    raise
                there = self.head(key)
                if there is not None:
                    raise ConflictError(key, there) from error

    def restore(self, key: str, version: str, expected: str) -> Stored:
        """Write the content of an older version as the newest one, encrypted with the environment's key.

        `expected` as in `put`. The old version may be encrypted otherwise: so an object is repaired.
        """
        return self.put(key, self.get(key, version, foreign=True).data, expected)

    def purge(self, key: str) -> int:
        """Delete every version of the object for good, delete markers too; how many there were."""
        count = 0
        for page in self.versions(checked_key(key)):
            mine = [{"Key": key, "VersionId": each.version} for each in page if each.key == key]
            if mine:
                self._delete_versions(key, mine)
                count += len(mine)
            if page and page[-1].key != key:  # keys that only begin like it come after it
                break
        return count

    # --- a transfer's own connections ---------------------------------------------------------------------------

    def apart(self) -> SecretsBucket:
        """The same bucket on connections of its own, for a transfer that can be ended by itself."""
        with self._call(f"Looking up the bucket {self.name}"):
            requests = self._requests.apart()
        another = SecretsBucket(self.cloud, self.name, self.key_arn, self._owner)
        another._requests = requests
        return another

    def end(self, *, at_once: bool) -> None:
        """Begin nothing more, for good. `at_once`: who waits for an answer gets an error."""
        if at_once:
            self._requests.cut()
        else:
            self._requests.stop()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._requests.close()

    # --- how ----------------------------------------------------------------------------------------------------

    def _call(self, doing: str, key: str = "", version: str = "") -> AbstractContextManager[None]:
        return bucket_call(doing, self.name, region=self.cloud.region, key=key, version=version)

    def _put(self, key: str, data: bytes, expected: str) -> Stored | None:
        """Try to write once; None where another write came in between and it may be tried again."""
        from botocore.exceptions import ClientError

        digest = hashlib.sha256(data).digest()
        headers = {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": self.key_arn,
            "x-amz-server-side-encryption-bucket-key-enabled": "true",
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": base64.b64encode(digest).decode(),
            "content-type": "binary/octet-stream",
            **(condition(expected) or {"if-none-match": "*"}),
        }
        with self._call(f"Writing {key}", key):
            try:
                answer = self._requests.send("PutObject", "PUT", key, headers=headers, body=data)
            except ClientError as error:
                if code_of(error) not in CHANGED | BUSY | NO_OBJECT:
                    raise
                there = self._head(key)
                if there and self._holds(key, there, digest.hex()):
                    return stored(key, there)
                current = etag_of(there) if there else ""
                if code_of(error) in BUSY and current == expected:
                    return None
                raise ConflictError(key, stored(key, there) if there else None) from error
        used = key_of(answer.headers)
        if used != self.key_arn:
            raise NotOursError(key, used, self.key_arn)
        return stored(key, dict(answer.headers) | {"content-length": str(len(data))})

    def _head(self, key: str) -> Mapping[str, str] | None:
        """The headers of the answer to HEAD; None where the object is certainly absent."""
        from botocore.exceptions import ClientError

        with self._call(f"Looking up {key}", key):
            try:
                headers = {"x-amz-checksum-mode": "ENABLED"}
                return self._requests.send("HeadObject", "HEAD", key, headers=headers).headers
            except ClientError as error:
                if code_of(error) == "404":
                    return None
                if code_of(error) in FORBIDDEN | {"400"}:
                    raise self._reason(key, error) from error
                raise

    def _reason(self, key: str, error: Exception) -> KubeplatError:
        """Why HEAD was refused: an answer to it has no body, so GET is asked for its reason."""
        try:
            self.get(key, foreign=True)
        except KubeplatError as told:
            return told
        return sentence(error, f"Looking up {key}", self.name, region=self.cloud.region, key=key)

    def _holds(self, key: str, there: Mapping[str, str], sha256: str) -> bool:
        """Whether the object that HEAD answered for has this content, encrypted with our key."""
        if key_of(there) != self.key_arn:
            return False
        return (sha256_of(there) or self.get(key, expected=etag_of(there)).sha256) == sha256

    def _delete_versions(self, key: str, versions: Identifiers) -> None:
        owner = {"ExpectedBucketOwner": self._owner} if self._owner else {}
        with self._call(f"Deleting every version of {key}", key):
            answer = self.cloud.client("s3").delete_objects(
                Bucket=self.name, Delete={"Objects": versions, "Quiet": True}, **owner
            )
        for problem in answer.get("Errors", ()):
            raise KubeplatError(
                f"Not every version of {key} could be deleted.",
                why=f"AWS says: {problem.get('Message') or problem.get('Code')}.",
                todo="Look for an object lock, or a bucket policy that denies it.",
            )


def too_large(key: str, size: int) -> InputError:
    """The sentence for an object above `LIMIT`."""
    return InputError(
        f"{key} has {size / 2**20:.0f} MiB, and kubeplat moves secrets of up to {LIMIT // 2**20} MiB.",
        why="It holds them in memory, never in a temporary file.",
        todo=f"Move it with kmsctl, which streams: kmsctl get {key}",
    )
