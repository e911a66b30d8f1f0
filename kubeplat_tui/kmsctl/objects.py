"""The objects of any bucket: listed, streamed down and up, deleted. Every write is encrypted with a KMS key.

Sources: S3 API reference (ListObjectsV2, GetObject, PutObject, GetBucketEncryption).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import FORBIDDEN, code_of
from kubeplat_tui.services.errors import KubeplatError, NotFoundError
from kubeplat_tui.services.secrets.refusals import (
    CHANGED,
    NO_OBJECT,
    BucketAbsentError,
    ObjectAbsentError,
    bucket_call,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from kubeplat_tui.services.cloud import Cloud

CHUNK = 1 << 20
KMS = "aws:kms"


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing has it. `size` in bytes, `etag` bare, `modified` UTC, `owner` "" unless asked for."""

    key: str
    size: int
    etag: str
    modified: datetime
    storage: str = "STANDARD"
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An object with its content. `key_arn` is "" where it is not encrypted with a KMS key."""

    data: bytes
    etag: str
    key_arn: str
    content_type: str


class ChangedError(KubeplatError):
    """The object is another one than the one that was read."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed in the bucket meanwhile.")


class Objects:
    """The objects of the bucket `name`. Every method raises `KubeplatError` where AWS does not do it."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.cloud = cloud
        self.name = name

    @property
    def _s3(self) -> Any:
        return self.cloud.client("s3")

    def list(self, prefix: str = "", *, deep: bool = True, owner: bool = False) -> Iterator[Listed | str]:
        """All objects below `prefix`, by key; not `deep`: only those without a / behind it, and the folders."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, FetchOwner=owner, **({} if deep else {"Delimiter": "/"})
        )
        with self._call(f"Listing the bucket {self.name}"):
            for page in pages:
                yield from (_listed(each) for each in page.get("Contents", ()))
                yield from (each["Prefix"] for each in page.get("CommonPrefixes", ()))

    def below(self, path: str, *, deep: bool, owner: bool = False) -> Iterator[Listed | str]:
        """The object named `path`, and what lies in the folder of that name; "" is the whole bucket."""
        path = path.lstrip("/")
        folder = path if not path or path.endswith("/") else f"{path}/"
        if folder != path:
            found = next(self.list(path, owner=owner), None)
            if isinstance(found, Listed) and found.key == path:
                yield found
        yield from self.list(folder, deep=deep, owner=owner)

    def stream(self, key: str) -> Iterator[bytes]:
        """The object's content in pieces; what arrives is checked by its length and its checksum."""
        with self._call(f"Reading {key}", key):
            answer = self._s3.get_object(Bucket=self.name, Key=key)
            with contextlib.closing(answer["Body"]) as body:
                yield from body.iter_chunks(CHUNK)

    def read(self, key: str) -> Document | None:
        """The object in one piece; None where it is certainly absent."""
        from botocore.exceptions import ClientError

        with self._call(f"Reading {key}", key):
            try:
                answer = self._s3.get_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error) in NO_OBJECT:
                    return None
                raise
            data = answer["Body"].read()
        used = answer.get("SSEKMSKeyId", "") if answer.get("ServerSideEncryption") == KMS else ""
        return Document(data, answer["ETag"], used, answer.get("ContentType", ""))

    def exists(self, key: str) -> bool:
        """Whether there is such an object now."""
        from botocore.exceptions import ClientError

        with self._call(f"Looking up {key}", key):
            try:
                self._s3.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error) in NO_OBJECT:
                    return False
                raise
        return True

    def named(self, key: str) -> str:
        """The key that is meant: habit puts a / in front, and few keys really begin with one."""
        return key.lstrip("/") if key.startswith("/") and not self.exists(key) else key

    def replace(self, key: str, data: bytes, key_arn: str, before: Document | None) -> None:
        """Write `data` in the place of what was read. Raises `ChangedError` where that is no longer there."""
        from botocore.exceptions import ClientError

        condition = {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}
        kind = {"ContentType": before.content_type} if before and before.content_type else {}
        with self._call(f"Writing {key}", key):
            try:
                self._s3.put_object(
                    Bucket=self.name, Key=key, Body=data, **_encrypted(key_arn), **condition, **kind
                )
            except ClientError as error:
                if code_of(error) in CHANGED | NO_OBJECT | {"409", "ConditionalRequestConflict"}:
                    raise ChangedError(key) from error
                raise

    def upload(self, path: Path, key: str, key_arn: str) -> None:
        """Stream a file into the bucket. Raises `KubeplatError` where it cannot be read."""
        from boto3.exceptions import S3UploadFailedError

        with self._call(f"Writing {key}", key):
            try:
                self._s3.upload_file(str(path), self.name, key, ExtraArgs=_encrypted(key_arn))
            except S3UploadFailedError as error:
                raise (error.__cause__ or error.__context__ or error) from error
            except OSError as error:
                raise KubeplatError(
                    f"{path} could not be read.", why=f"{error.strerror or error}."
                ) from error

    def default_key(self) -> str:
        """The KMS key that the bucket encrypts with by itself, as it is named there; "" where it has none."""
        from botocore.exceptions import ClientError

        with self._call(f"Reading how the bucket {self.name} encrypts"):
            try:
                answer = self._s3.get_bucket_encryption(Bucket=self.name)
            except ClientError as error:
                if code_of(error) in FORBIDDEN | {"ServerSideEncryptionConfigurationNotFoundError"}:
                    return ""
                raise
        for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if default.get("SSEAlgorithm") == KMS:
                return str(default.get("KMSMasterKeyID") or "alias/aws/s3")
        return ""

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects: where the bucket keeps versions, the newest becomes a delete marker."""
        for key in keys:
            with self._call(f"Deleting {key}", key):
                self._s3.delete_object(Bucket=self.name, Key=key)

    def versioned(self) -> bool:
        """Whether a deleted object can come back."""
        with self._call(f"Reading the versioning of the bucket {self.name}"):
            return bool(self._s3.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled")

    @contextlib.contextmanager
    def _call(self, doing: str, key: str = "") -> Iterator[None]:
        try:
            with bucket_call(doing, self.name, region=self.cloud.region, key=key):
                yield
        except BucketAbsentError as error:
            raise absent_bucket(self.name) from error
        except ObjectAbsentError as error:
            raise NotFoundError(
                f"{key} is not in the bucket {self.name}.", todo="kmsctl ls lists what there is."
            ) from error


def absent_bucket(name: str) -> NotFoundError:
    """The sentence for a bucket that is not there."""
    return NotFoundError(f"There is no bucket {name}.", todo="kmsctl bucket ls lists yours.")


def _encrypted(key_arn: str) -> dict[str, Any]:
    """What is said with every write. Whether a bucket key is used is the bucket's own setting."""
    return {"ServerSideEncryption": KMS, "SSEKMSKeyId": key_arn, "ChecksumAlgorithm": "SHA256"}


def _listed(each: dict[str, Any]) -> Listed:
    owner = each.get("Owner", {})
    return Listed(
        each["Key"],
        each["Size"],
        each["ETag"].strip('"'),
        each["LastModified"],
        each.get("StorageClass", "STANDARD"),
        # S3 no longer tells names (2025): the canonical id is what there is.
        str(owner.get("DisplayName") or owner.get("ID", "")[:12]),
    )
