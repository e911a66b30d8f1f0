"""S3: which encryption an object gets, and what the answers say of it.

AWS (S3 API, PutObject, CopyObject, CreateMultipartUpload; user guide, "Setting default server-side encryption
behavior"): a put that asks for none takes the bucket's default, which is SSE-S3 where none was set; one that asks
for `aws:kms` without a key gets the key of AWS (`aws/s3`), not the default's; the key may be named by id, alias or
ARN, must be one of the bucket's region, and every answer has its ARN. Moto mixes the request with the default, keeps
the name as given and knows no default of its own; it forgets all of it for an upload in parts.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.kms.models import kms_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace
from kubeplat_tui.sandbox.corrections.s3_request import header

if TYPE_CHECKING:
    from collections.abc import Callable

KMS = "aws:kms"
SSE_S3 = "AES256"
PREFIX = "x-amz-server-side-encryption"
BEGIN = (
    "bucket_name", "key_name", "metadata", "storage_type", "tags", "acl", "sse_encryption", "kms_key_id"
)  # fmt: skip
NO_CHOICE: dict[str, Any] = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": SSE_S3}, "BucketKeyEnabled": "false"}
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What an object is encrypted with. `key`: an ARN with KMS; `bucket_key`: "true" or None, as moto wants it."""

    algorithm: str
    key: str | None
    bucket_key: str | None


def apply() -> None:
    """Choose before moto does, and complete its answers."""
    put = method(S3Backend, "put_object", "bucket_name", "key_name", "value")
    mentions(S3Backend, "put_object", "encryption", "kms_key_id", "bucket_key_enabled", "FakeKey")
    replace(S3Backend, "put_object", _choosing(put))
    begin = method(S3Backend, "create_multipart_upload", *BEGIN)
    mentions(S3Backend, "create_multipart_upload", "sse_encryption", "kms_key_id")
    replace(S3Backend, "create_multipart_upload", _beginning(begin))
    complete = method(S3Backend, "complete_multipart_upload", "bucket_name", "multipart_id", "body")
    mentions(S3Backend, "complete_multipart_upload", "sse_encryption", "put_object")
    replace(S3Backend, "complete_multipart_upload", _completing(complete))
    default = method(S3Backend, "get_bucket_encryption", "bucket_name")

    def get_bucket_encryption(self: Any, bucket_name: str) -> Any:
        return default(self, bucket_name) or NO_CHOICE

    replace(S3Backend, "get_bucket_encryption", get_bucket_encryption)
    post = method(S3Response, "_key_response_post", "request", "body", "bucket_name", "query", "key_name")
    mentions(S3Response, "_key_response_post", "CreateMultipartUpload", "CompleteMultipartUpload")
    replace(S3Response, "_key_response_post", _answering(post))


def chosen(bucket: Any, algorithm: str | None, key: str | None, bucket_key: str | None) -> Choice:
    """What an object gets for which this was asked. Raises S3's error for a key that is not there."""
    rule = (bucket.encryption or NO_CHOICE)["Rule"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    if not algorithm:
        algorithm, key = default["SSEAlgorithm"], default.get("KMSMasterKeyID")
    if algorithm != KMS:
        return Choice(algorithm, None, None)
    wanted = str(bucket_key or rule.get("BucketKeyEnabled") or "false").lower()
    return Choice(KMS, _arn(bucket, key or "alias/aws/s3"), "true" if wanted == "true" else None)


def _arn(bucket: Any, named: str) -> str:
    if named.startswith("arn:") and named.split(":")[3] != bucket.region_name:
        raise S3ClientError("KMS.NotFoundException", f"Invalid arn {named.split(':')[3]}")
    kms = kms_backends[bucket.account_id][bucket.region_name]
    alias = kms.get_alias_name(named)
    key_id = kms.get_key_id_from_alias(alias) if alias.startswith("alias/") else kms.get_key_id(named)
    if key_id not in kms.keys:
        raise S3ClientError("KMS.NotFoundException", f"Invalid keyId {named}")
    return str(kms.keys[key_id].arn)


def _choosing(put: Callable[..., Any]) -> Callable[..., Any]:
    def put_object(self: Any, bucket_name: str, key_name: str, value: bytes, *more: Any, **named: Any) -> Any:
        choice = chosen(
            self.get_bucket(bucket_name),
            named.get("encryption"),
            named.get("kms_key_id"),
            named.get("bucket_key_enabled"),
        )
        named |= {
            "encryption": choice.algorithm,
            "kms_key_id": choice.key,
            "bucket_key_enabled": choice.bucket_key,
        }
        key = put(self, bucket_name, key_name, value, *more, **named)
        # Moto filled in what it found in the default.
        key.kms_key_id, key.bucket_key_enabled = choice.key, choice.bucket_key
        return key

    return put_object


def _beginning(begin: Callable[..., Any]) -> Callable[..., Any]:
    def create_multipart_upload(self: Any, bucket_name: str, *more: Any) -> Any:
        *rest, algorithm, key = more
        bucket_key = header(f"{PREFIX}-bucket-key-enabled")
        choice = chosen(self.get_bucket(bucket_name), algorithm, key, bucket_key)
        upload = begin(self, bucket_name, *rest, choice.algorithm, choice.key)
        upload.bucket_key_enabled = choice.bucket_key
        return upload

    return create_multipart_upload


def _completing(complete: Callable[..., Any]) -> Callable[..., Any]:
    def complete_multipart_upload(self: Any, bucket_name: str, multipart_id: str, body: Any) -> Any:
        upload = self.get_bucket(bucket_name).multiparts.get(multipart_id)
        key = complete(self, bucket_name, multipart_id, body)
        if key is not None and upload is not None:
            key.bucket_key_enabled = upload.bucket_key_enabled
        return key

    return complete_multipart_upload


def _answering(post: Callable[..., Any]) -> Callable[..., Any]:
    """Say of an upload in parts what is said of a plain put."""

    @functools.wraps(post)
    def key_response_post(self: Any, *arguments: Any) -> Any:
        _, _, bucket_name, query, key_name = arguments
        status, headers, answer = post(self, *arguments)
        upload = re.search(r"<UploadId>([^<]+)</UploadId>", answer if isinstance(answer, str) else "")
        if "uploads" in query and upload:
            made = self.backend.get_bucket(bucket_name).multiparts[upload[1]]
            headers[PREFIX] = made.sse_encryption
            if made.kms_key_id:
                headers[f"{PREFIX}-aws-kms-key-id"] = made.kms_key_id
            if made.bucket_key_enabled:
                headers[f"{PREFIX}-bucket-key-enabled"] = made.bucket_key_enabled
        elif "uploadId" in query:
            key = self.backend.get_object(bucket_name, key_name)
            if key is not None and key.bucket_key_enabled:
                headers[f"{PREFIX}-bucket-key-enabled"] = key.bucket_key_enabled
        return status, headers, answer

    return key_response_post
