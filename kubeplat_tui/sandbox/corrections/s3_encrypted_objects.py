"""S3 objects under SSE-KMS: moto keeps them as they came and reads them whatever became of the key.

AWS encrypts the object with a data key that the KMS key wraps, so a key that is disabled, waits for its deletion or
is gone makes it unreadable, with KMS's error code behind `KMS.` (S3 API, "Error responses"; KMS developer guide, "How
Amazon S3 uses AWS KMS"). Its ETag is no MD5 of the content (S3 API, Object). A HEAD needs the key only for the
checksum (S3 API, HeadObject).

An ETag is computed at once: moto does it at the first question, and two threads that ask at the same time read
each other's half.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import attribute, mentions, method, replace
from kubeplat_tui.sandbox.corrections.kms_key_states import usable
from kubeplat_tui.sandbox.corrections.s3_encryption_choice import KMS

if TYPE_CHECKING:
    from collections.abc import Callable

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Envelope:
    """The data key of one object, wrapped by the KMS key `arn`, with the context that belongs to it."""

    account: str
    arn: str
    context: dict[str, str]
    wrapped: bytes

    @classmethod
    def seal(cls, account: str, arn: str, context: dict[str, str], content: bytes) -> tuple[Envelope, bytes]:
        """`content` encrypted, and what opens it. Raises S3's error where the key cannot be used."""
        data_key, nonce = AESGCM.generate_key(256), os.urandom(NONCE_BYTES)
        wrapped = _kms(account, arn).encrypt(arn, data_key, context)[0]
        sealed = nonce + AESGCM(data_key).encrypt(nonce, content, None)
        return cls(account, arn, context, wrapped), sealed

    def unwrap(self) -> bytes:
        """The data key. Raises S3's error where the key cannot be used."""
        return bytes(_kms(self.account, self.arn).decrypt(self.wrapped, self.context)[0])

    def open(self, sealed: bytes) -> bytes:
        """The content. Raises S3's error where the key cannot be used."""
        return AESGCM(self.unwrap()).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)


def apply() -> None:
    """Store ciphertext, and decrypt when it is read."""
    init = method(FakeKey, "__init__", "name", "value")
    mentions(FakeKey, "__init__", "encryption", "kms_key_id", "_value_buffer", "_etag")
    stored = attribute(FakeKey, "value")
    mentions(FakeKey, "value", "_value_buffer", "lock")

    def initialize(self: Any, name: Any, value: bytes, *more: Any, **named: Any) -> None:
        init(self, name, b"", *more, **named)  # it stores before it knows the encryption
        self.value = value
        if self._etag is None:
            self._etag = hashlib.md5(stored.fget(self), usedforsecurity=False).hexdigest()

    def read(self: Any) -> bytes:
        content: bytes = stored.fget(self)
        return content if self._envelope is None else self._envelope.open(content)

    def write(self: Any, value: bytes) -> None:
        content = value
        self._envelope = None
        if getattr(self, "encryption", None) == KMS:
            context = {"aws:s3:arn": f"arn:{self.partition}:s3:::{self.bucket_name}/{self.name}"}
            self._envelope, content = Envelope.seal(self.account_id, self.kms_key_id, context, value)
        stored.fset(self, content)
        self.contentsize = len(value)

    replace(FakeKey, "__init__", initialize)
    replace(FakeKey, "value", property(read, write))
    head = method(S3Response, "head_object", "bucket_name", "query", "key_name", "headers")
    mentions(S3Response, "head_object", "x-amz-checksum-mode", "checksum_algorithm")
    replace(S3Response, "head_object", _needing_the_key(head))


def _kms(account: str, arn: str) -> Any:
    """The backend of the key, which must be usable; its errors become S3's."""
    backend = kms_backends[account][arn.split(":")[3]]
    key = backend.keys.get(backend.get_key_id(arn))
    if key is None:
        raise S3ClientError("KMS.NotFoundException", f"Key '{arn}' does not exist")
    try:
        usable(key)
    except JsonRESTError as error:
        raise S3ClientError(f"KMS.{error.error_type}", error.message) from error
    return backend


def _needing_the_key(head: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(head)
    def head_object(self: Any, bucket_name: str, query: dict[str, Any], key_name: str, headers: Any) -> Any:
        answer = head(self, bucket_name, query, key_name, headers)
        if any(name.startswith("x-amz-checksum-") for name in answer[1]):
            key = self.backend.get_object(bucket_name, key_name, query.get("versionId", [None])[0])
            try:
                if key is not None and key._envelope is not None:  # noqa: SLF001 - ours, set above
                    key._envelope.unwrap()  # noqa: SLF001
            except S3ClientError:
                return 400, {}, ""  # the answer to a HEAD has no body
        return answer

    return head_object
