"""What S3 and KMS answer when they do not do a thing with a secret, as sentences.

Source of the codes: "Error responses" and "Conditional writes" of the S3 API, "Troubleshooting SSE-KMS". S3
passes KMS's errors on as `KMS.<exception>`; an answer to HEAD has no body, so that only its status says
something.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubeplat_tui.services.aws_errors import (
    FORBIDDEN,
    AwsError,
    CredentialsError,
    ForbiddenError,
    code_of,
    translated,
)
from kubeplat_tui.services.errors import KubeplatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.secrets.model import Stored

CHANGED = frozenset({"412", "PreconditionFailed"})
"""The condition does not hold: the object is another one than was expected."""

BUSY = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})
"""Somebody writes the same key at this moment; S3 asks to look again."""

NO_OBJECT = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
ELSEWHERE = frozenset(
    {"301", "307", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
)
ARCHIVED = frozenset({"InvalidObjectState"})
NO_CONTENT = frozenset({"405", "MethodNotAllowed"})
"""The version is a delete marker."""

CLOCK = frozenset({"RequestTimeTooSkewed"})
KEY_ABSENT = frozenset({"KMS.NotFoundException"})
KEY_DISABLED = frozenset({"KMS.DisabledException"})
KEY_STATE = frozenset(
    {"KMS.InvalidStateException", "KMS.KMSInvalidStateException", "KMSInvalidStateException"}
)


class ConflictError(KubeplatError):
    """The object is not the one that was seen: somebody else wrote or deleted it. Nothing was changed.

    `theirs` is what is there now, None where it was deleted.
    """

    def __init__(self, key: str, theirs: Stored | None) -> None:
        now = (
            f"In the bucket is a version of {theirs.modified:%Y-%m-%d %H:%M} UTC ({theirs.size} bytes)."
            if theirs
            else "It is no longer in the bucket."
        )
        super().__init__(
            f"{key} was changed in the bucket meanwhile.",
            why=now,
            todo="Fetch the secrets and look at both before one replaces the other; nothing was changed.",
        )
        self.key = key
        self.theirs = theirs


class NotOursError(KubeplatError):
    """An object that is not encrypted with the environment's key. `used` is the key's ARN, "" where there is
    none.
    """

    def __init__(self, key: str, used: str, wanted: str) -> None:
        super().__init__(
            f"{key} is not encrypted with the environment's KMS key.",
            why=f"It is encrypted with {used}, the environment's key is {wanted}."
            if used
            else f"It is encrypted without a KMS key, the environment's key is {wanted}.",
            todo=f"See who wrote it: kubeplat secrets history {key}. Restoring a version that you trust encrypts "
            "it with the environment's key.",
        )
        self.key = key
        self.used = used


class BucketAbsentError(NotFoundError):
    """The bucket is certainly not there."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no bucket {name}.",
            todo="kubeplat run makes the environment's secrets bucket.",
        )


class ObjectAbsentError(NotFoundError):
    """The object, or the version asked for, is certainly not there."""

    def __init__(self, key: str, bucket: str, version: str = "") -> None:
        named = f"{key} has no version {version}" if version else f"{key} is not"
        super().__init__(
            f"{named} in the bucket {bucket}.",
            todo=f"kubeplat secrets history {key} lists the versions that there are.",
        )
        self.key = key


@contextlib.contextmanager
def bucket_call(
    doing: str, bucket: str, *, region: str = "", key: str = "", version: str = ""
) -> Iterator[None]:
    """Turn botocore's errors in this block into sentences. `doing` completes "… failed"."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise sentence(error, doing, bucket, region=region, key=key, version=version) from error


def sentence(
    error: Exception, doing: str, bucket: str, *, region: str = "", key: str = "", version: str = ""
) -> KubeplatError:
    """The sentence for botocore's `error`, met while `doing` something with `key` of `bucket`."""
    code = code_of(error)
    if code == "NoSuchBucket" or (code == "404" and not key):
        return BucketAbsentError(bucket)
    if code in NO_OBJECT:
        return ObjectAbsentError(key, bucket, version)
    plain = translated(error, doing=doing)
    if not isinstance(plain, AwsError):
        return plain
    # A malformed header has other causes too: a region is named where that is it.
    if code in ELSEWHERE and (code != "AuthorizationHeaderMalformed" or "region" in plain.why):
        return other_region(bucket, region)
    return _of_the_key(plain, doing, key or bucket) or _of_the_object(plain, doing, bucket, key)


def _of_the_object(plain: AwsError, doing: str, bucket: str, key: str) -> AwsError:
    """The sentence where it is the object or the bucket that is the trouble; else `plain`."""
    code = plain.code
    if code in ARCHIVED:
        return AwsError(
            f"{doing} failed: {key} is in an archive.",
            why="Its storage class keeps it offline.",
            todo="Restore it from the archive (aws s3api restore-object), and remove the rule that moved it there.",
            call=plain.call,
            code=code,
        )
    if code in CLOCK:
        return CredentialsError(
            f"{doing} failed: this computer's clock is wrong, so AWS does not accept its signature.",
            why=plain.why,
            todo="Set the clock, then try again.",
            call=plain.call,
            code=code,
        )
    if code in NO_CONTENT and plain.call == "GetObject":
        return AwsError(
            f"{doing} failed: that version says that {key} was deleted, and has no content.",
            todo=f"Choose another one: kubeplat secrets history {key}",
            call=plain.call,
            code=code,
        )
    if code in FORBIDDEN and plain.call in {"PutObject", "DeleteObject"}:
        return ForbiddenError(
            f"{doing} is not allowed: the bucket {bucket} may only be read with these credentials.",
            why=plain.why,
            todo=plain.todo,
            call=plain.call,
            code=code,
        )
    return plain


def other_region(bucket: str, region: str) -> KubeplatError:
    """The sentence for a bucket that answers from another region."""
    return AwsError(
        f"The bucket {bucket} does not answer in {region or 'this region'}.",
        why="A bucket lies in one region, and the environment's key only encrypts there.",
        todo="Set secrets_bucket_name to a bucket of aws_region, or to a new name: kubeplat run makes it.",
        code="PermanentRedirect",
    )


def _of_the_key(plain: AwsError, doing: str, thing: str) -> AwsError | None:
    """The sentence where it is the KMS key that is the trouble."""
    reason = plain.why.lower()
    if plain.code in KEY_ABSENT:
        what, todo = "there is no such KMS key", "Check kms_master_id: what a deleted key encrypted is lost."
    elif plain.code in KEY_DISABLED:
        what, todo = "the KMS key is disabled", "Enable it (aws kms enable-key), then try again."
    elif plain.code in KEY_STATE:
        what = "the KMS key cannot be used in its state"
        todo = "If it waits for its deletion, cancel that (aws kms cancel-key-deletion, then enable-key)."
    elif plain.code in FORBIDDEN and ("kms:" in reason or "ciphertext" in reason or "kms key" in reason):
        what = "the KMS key may not be used with these credentials"
        todo = "Ask the owner of the key for kms:Decrypt and kms:GenerateDataKey, or use other credentials."
        return ForbiddenError(
            f"{doing} failed: {what}.", why=plain.why, todo=todo, call=plain.call, code=plain.code
        )
    else:
        return None
    return AwsError(
        f"{doing} failed: {what}.", why=f"{thing}: {plain.why}", todo=todo, call=plain.call, code=plain.code
    )
