"""The environment's secrets bucket: every write is conditional, every object is encrypted with the environment's key.

Sources: S3 API reference (GetObject, PutObject, DeleteObject, ListObjectVersions), S3 user guide "Conditional
requests", "Checking object integrity", "Using server-side encryption with AWS KMS keys".
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import FORBIDDEN, code_of
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.secrets.model import Stored, Version
from kubeplat_tui.services.secrets.refusals import (
    BUSY,
    CHANGED,
    NO_OBJECT,
    BucketAbsentError,
    ConflictError,
    NotOursError,
    ObjectAbsentError,
    bucket_call,
    other_region,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

Page = list[Stored]
VersionPage = list[Version]

PAGE = 1000
"""What one listing and one DeleteObjects take."""

ATTEMPTS = 3
"""How often a write is tried that meets another one at the same moment (409)."""


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
    threads at once. Every one raises `KubeplatError` with a sentence where AWS does not do it.
    """

    def __init__(self, cloud: Cloud, name: str, key_arn: str, owner: str = "") -> None:
        self.cloud = cloud
        self.name = name
        self.key_arn = key_arn
        self._owner = owner

    @classmethod
    def for_site(cls, site: Site) -> SecretsBucket:
        """The bucket that the environment's file names.

        Raises `InputError` where the file names no bucket or no key, `KubeplatError` where the key is absent,
        disabled or waits for its deletion.
        """
        from kubeplat_tui.services.master_key import find_key

        values = site.environment.values
        named = str(values.get("kms_master_id") or "")
        name = str(values.get("secrets_bucket_name") or "")
        if not name or not named:
            raise InputError(
                f"{site.environment.name} has no {'KMS key' if name else 'secrets bucket'} yet.",
                todo="kubeplat run makes it and writes it into the environment's file.",
            )
        key = find_key(site.cloud, named, site.environment.name)
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
        from botocore.exceptions import ClientError

        with self._call(f"Looking up the bucket {self.name}"):
            try:
                answer = self._s3.head_bucket(**self._common)
            except ClientError as error:
                if code_of(error) in {"404", "NoSuchBucket"}:
                    return False
                raise
        if answer.get("BucketRegion", self.cloud.region) != self.cloud.region:
            raise other_region(self.name, self.cloud.region)
        return True

    def list(self, prefix: str = "") -> Iterator[Page]:
        """The current versions of all objects below `prefix`, sorted by key, in pages of up to 1,000."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            **self._common, Prefix=prefix, PaginationConfig={"PageSize": PAGE}
        )
        with self._call(f"Listing the bucket {self.name}"):
            for page in pages:
                yield [
                    Stored(each["Key"], each["Size"], _bare(each["ETag"]), each["LastModified"])
                    for each in page.get("Contents", ())
                ]

    def versions(self, prefix: str = "") -> Iterator[VersionPage]:
        """All versions and delete markers below `prefix`, by key and the newest first, in pages of up to 1,000."""
        pages = self._s3.get_paginator("list_object_versions").paginate(
            **self._common, Prefix=prefix, PaginationConfig={"PageSize": PAGE}
        )
        with self._call(f"Listing the versions in the bucket {self.name}"):
            for page in pages:
                found = [_version(each, deleted=False) for each in page.get("Versions", ())]
                found += [_version(each, deleted=True) for each in page.get("DeleteMarkers", ())]
                found.sort(key=lambda each: (each.latest, each.modified), reverse=True)
                yield sorted(found, key=lambda each: each.key.encode())

    def head(self, key: str) -> Stored | None:
        """The object's current version without its content; None where it is certainly absent."""
        answer = self._head(key)
        return None if answer is None else _stored(key, answer)

    def digest(self, key: str) -> str:
        """The SHA-256 of the object's content in hex, as S3 keeps it; "" where S3 keeps none.

        Raises `ObjectAbsentError` where there is no such object.
        """
        answer = self._head(key)
        if answer is None:
            raise ObjectAbsentError(key, self.name)
        return _sha256(answer)

    def get(self, key: str, version: str = "", *, expected: str = "", foreign: bool = False) -> Content:
        """The object with its content; `version` "" is the current one.

        What comes must be complete, fit the checksum that S3 keeps, and be encrypted with the environment's key:
        `NotOursError` otherwise, unless `foreign` says that it may be another's. `expected` is an ETag: where the
        object has another one by now, `ConflictError`.
        """
        from botocore.exceptions import ClientError

        asked: dict[str, str] = {"VersionId": version} if version else {}
        if expected:
            asked["IfMatch"] = f'"{expected}"'
        with self._call(f"Reading {key}", key, version):
            try:
                answer = self._s3.get_object(**self._common, Key=key, ChecksumMode="ENABLED", **asked)
            except ClientError as error:
                if code_of(error) in CHANGED:
                    raise ConflictError(key, self.head(key)) from error
                raise
            used = _key_of(answer)
            if used != self.key_arn and not foreign:
                raise NotOursError(key, used, self.key_arn)
            size = int(answer["ContentLength"])
            if size > LIMIT:
                raise too_large(key, size)
            data = answer["Body"].read()
        sha256 = hashlib.sha256(data).hexdigest()
        if len(data) != size or sha256 != (_sha256(answer) or sha256):
            raise KubeplatError(
                f"{key} did not arrive as it is in the bucket.",
                why="Its length or its SHA-256 is not what S3 says.",
                todo="Try again; if it stays so, restore an earlier version: kubeplat secrets history " + key,
            )
        return Content(_stored(key, answer), data, sha256, used == self.key_arn)

    # --- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, data: bytes, expected: str) -> Stored:
        """Write `data`. `expected` is the ETag that must be the current one, "" where there must be none.

        Raises `ConflictError` where something else is there; where it is just the same content, encrypted with our
        key, that is what was wanted (it may be our own write, whose answer was lost).
        """
        from botocore.exceptions import ClientError

        if len(data) > LIMIT:
            raise too_large(key, len(data))
        digest = hashlib.sha256(data).digest()
        condition = {"IfMatch": f'"{expected}"'} if expected else {"IfNoneMatch": "*"}
        for attempt in range(ATTEMPTS):
            with self._call(f"Writing {key}", key):
                try:
                    answer = self._s3.put_object(
                        **self._common,
                        Key=key,
                        Body=data,
                        ChecksumSHA256=base64.b64encode(digest).decode(),
                        ServerSideEncryption="aws:kms",
                        SSEKMSKeyId=self.key_arn,
                        BucketKeyEnabled=True,
                        **condition,
                    )
                except ClientError as error:
                    if code_of(error) not in CHANGED | BUSY | NO_OBJECT:
                        raise
                    there = self._head(key)
                    if there and self._holds(key, there, digest.hex()):
                        return _stored(key, there)
                    current = _bare(there["ETag"]) if there else ""
                    if code_of(error) in BUSY and current == expected and attempt + 1 < ATTEMPTS:
                        continue
                    raise ConflictError(key, _stored(key, there) if there else None) from error
            break
        used = _key_of(answer)
        if used != self.key_arn:
            raise NotOursError(key, used, self.key_arn)
        # The answer to a put has no LastModified: its own date is that, to the second.
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        modified = parsedate_to_datetime(date) if date else now()
        return Stored(key, len(data), _bare(answer["ETag"]), modified, str(answer.get("VersionId") or ""))

    def delete(self, key: str, expected: str) -> None:
        """Delete the object whose ETag is `expected`: a delete marker becomes its newest version.

        Raises `ConflictError` where it is another one by now. One that is gone already is what was wanted.
        """
        from botocore.exceptions import ClientError

        with self._call(f"Deleting {key}", key):
            try:
                self._s3.delete_object(**self._common, Key=key, IfMatch=f'"{expected}"')
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
        for page in self.versions(key):
            mine = [{"Key": key, "VersionId": each.version} for each in page if each.key == key]
            if mine:
                with self._call(f"Deleting every version of {key}", key):
                    answer = self._s3.delete_objects(**self._common, Delete={"Objects": mine, "Quiet": True})
                for problem in answer.get("Errors", ()):
                    raise KubeplatError(
                        f"Not every version of {key} could be deleted.",
                        why=f"AWS says: {problem.get('Message') or problem.get('Code')}.",
                        todo="Look for an object lock, or a bucket policy that denies it.",
                    )
                count += len(mine)
        return count

    # --- how ----------------------------------------------------------------------------------------------------

    @property
    def _s3(self) -> Any:
        return self.cloud.client("s3")

    @property
    def _common(self) -> dict[str, str]:
        return {"Bucket": self.name} | ({"ExpectedBucketOwner": self._owner} if self._owner else {})

    def _call(self, doing: str, key: str = "", version: str = "") -> Any:
        return bucket_call(doing, self.name, region=self.cloud.region, key=key, version=version)

    def _head(self, key: str) -> Mapping[str, Any] | None:
        """The answer to HEAD; None where the object is certainly absent."""
        from botocore.exceptions import ClientError

        with self._call(f"Looking up {key}", key):
            try:
                found: Mapping[str, Any] = self._s3.head_object(
                    **self._common, Key=key, ChecksumMode="ENABLED"
                )
            except ClientError as error:
                if code_of(error) in NO_OBJECT:
                    return None
                if code_of(error) in FORBIDDEN | {"400"}:
                    raise self._reason(key, error) from error
                raise
        return found

    def _holds(self, key: str, there: Mapping[str, Any], sha256: str) -> bool:
        """Whether the object that HEAD answered for has this content, encrypted with our key."""
        if _key_of(there) != self.key_arn:
            return False
        return (_sha256(there) or self.get(key, expected=_bare(there["ETag"])).sha256) == sha256

    def _reason(self, key: str, error: Exception) -> KubeplatError:
        """Why HEAD was refused: an answer to it has no body, so GET is asked for its reason."""
        from botocore.exceptions import ClientError

        doing = f"Looking up {key}"
        try:
            self._s3.get_object(**self._common, Key=key, ChecksumMode="ENABLED")["Body"].close()
        except ClientError as told:
            return sentence(told, doing, self.name, region=self.cloud.region, key=key)
        return sentence(error, doing, self.name, region=self.cloud.region, key=key)


def too_large(key: str, size: int) -> InputError:
    """The sentence for an object above `LIMIT`."""
    return InputError(
        f"{key} has {size / 2**20:.0f} MiB, and kubeplat moves secrets of up to {LIMIT // 2**20} MiB.",
        why="It holds them in memory, never in a temporary file.",
        todo=f"Move it with kmsctl, which streams: kmsctl get {key}",
    )


def _bare(etag: str) -> str:
    return etag.strip('"')


def _key_of(answer: Mapping[str, Any]) -> str:
    """The ARN of the KMS key that the object is encrypted with, "" without one."""
    kms = answer.get("ServerSideEncryption") == "aws:kms"
    return str(answer.get("SSEKMSKeyId") or "") if kms else ""


def _sha256(answer: Mapping[str, Any]) -> str:
    """The SHA-256 of the whole object in hex, "" where S3 has none (of several parts it is `…-N`)."""
    told = str(answer.get("ChecksumSHA256") or "")
    return "" if not told or "-" in told else base64.b64decode(told).hex()


def _stored(key: str, answer: Mapping[str, Any]) -> Stored:
    return Stored(
        key,
        int(answer["ContentLength"]),
        _bare(answer["ETag"]),
        answer["LastModified"],
        str(answer.get("VersionId") or ""),
    )


def _version(each: Mapping[str, Any], *, deleted: bool) -> Version:
    return Version(
        key=each["Key"],
        version=str(each.get("VersionId") or ""),
        etag=_bare(each.get("ETag", "")),
        size=int(each.get("Size", 0)),
        modified=each["LastModified"],
        latest=bool(each.get("IsLatest")),
        deleted=deleted,
    )
