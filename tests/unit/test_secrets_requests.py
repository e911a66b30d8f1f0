"""Requests to the secrets bucket against an S3 that misbehaves: what is tried again, what is refused, and how."""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.aws_errors import (
    AwsError,
    CredentialsError,
    ForbiddenError,
    ThrottledError,
    UnreachableError,
)
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.secrets import signed_requests
from kubeplat_tui.services.secrets.bucket import ConflictError, NotOursError, SecretsBucket
from kubeplat_tui.services.secrets.signed_requests import CutError
from tests.unit.scripted_s3 import KEY, REGION, Reply, ScriptedS3, found, refusal, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedS3, SecretsBucket]]:
    monkeypatch.setattr(signed_requests, "FIRST_WAIT", 0.0)
    with scripted() as (s3, cloud):
        bucket = SecretsBucket(cloud, "demo-secrets", KEY, ACCOUNT)
        yield s3, bucket
        bucket.close()


@pytest.fixture
def s3(both: tuple[ScriptedS3, SecretsBucket]) -> ScriptedS3:
    return both[0]


@pytest.fixture
def bucket(both: tuple[ScriptedS3, SecretsBucket]) -> SecretsBucket:
    return both[1]


# --- what is asked ------------------------------------------------------------------------------------------------


def test_a_put_asks_for_everything_that_keeps_a_secret(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.replies += [found(b"secret"), found(b"secret")]
    bucket.put("secure/a.key", b"secret", "")
    bucket.put("secure/a.key", b"secret", "e0")
    new, changed = s3.asked
    assert (new.method, new.path, new.body) == ("PUT", "/demo-secrets/secure/a.key", b"secret")
    checksum = base64.b64encode(hashlib.sha256(b"secret").digest()).decode()
    wanted = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KEY,
        "x-amz-server-side-encryption-bucket-key-enabled": "true",
        "x-amz-checksum-sha256": checksum,
        "x-amz-expected-bucket-owner": ACCOUNT,
        "if-none-match": "*",
    }
    assert wanted.items() <= new.headers.items()
    assert f"/{REGION}/s3/aws4_request" in new.headers["authorization"]
    assert "if-none-match" not in changed.headers
    assert changed.headers["if-match"] == '"e0"'


def test_a_connection_serves_many_requests(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: found(b"1")
    for _ in range(10):
        bucket.get("a")
    assert s3.connections == 2  # boto3's own, which looked the bucket up, and ours


def test_the_bucket_is_looked_up_once_for_all_threads(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: found(b"1")
    with ThreadPoolExecutor(8) as pool:
        assert {content.data for content in pool.map(bucket.get, ["a"] * 40)} == {b"1"}
    assert len(s3.asked) == 40


# --- what is tried again ------------------------------------------------------------------------------------------

PASSING = {
    "500": refusal(500, "InternalError"),
    "slow down": refusal(503, "SlowDown"),
    "no words": Reply(502),
    "timeout": refusal(400, "RequestTimeout"),
    "cut": Reply(200, b"half", found(b"").headers, length=10, cut=True),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(s3: ScriptedS3, bucket: SecretsBucket, reply: Reply) -> None:
    s3.replies += [reply, reply, found(b"whole")]
    assert bucket.get("secure/a").data == b"whole"
    calls = {each.headers["amz-sdk-invocation-id"] for each in s3.asked}
    assert len(s3.asked) == 3
    assert len(calls) == 1


def test_a_network_that_stays_away_is_a_sentence(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: PASSING["cut"]
    with pytest.raises(UnreachableError, match="Reading secure/a failed: AWS could not be reached"):
        bucket.get("secure/a")
    assert len(s3.asked) == signed_requests.ATTEMPTS


def test_throttling_that_stays_is_a_sentence(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: refusal(503, "SlowDown", "Please reduce your request rate")
    with pytest.raises(ThrottledError, match="AWS limits how fast"):
        list(bucket.list())
    assert len(s3.asked) == signed_requests.ATTEMPTS


def test_a_write_whose_answer_was_lost_is_found_to_be_our_own(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.replies += [Reply(502), refusal(412, "PreconditionFailed"), found(b"mine", etag='"e9"')]
    assert bucket.put("secure/a", b"mine", "").etag == "e9"
    assert [each.method for each in s3.asked] == ["PUT", "PUT", "HEAD"]


def test_a_write_beside_another_one_is_tried_again_while_nothing_changed(
    s3: ScriptedS3, bucket: SecretsBucket
) -> None:
    busy = refusal(409, "ConditionalRequestConflict")
    s3.replies += [busy, found(b"old", etag='"e1"'), found(b"new", etag='"e2"')]
    assert bucket.put("secure/a", b"new", "e1").etag == "e2"
    s3.replies += [busy, found(b"theirs", etag='"e3"')]
    with pytest.raises(ConflictError) as told:
        bucket.put("secure/a", b"newer", "e2")
    assert told.value.theirs is not None
    assert told.value.theirs.etag == "e3"


def test_a_write_that_always_meets_another_one_is_a_conflict(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda asked: (
        refusal(409, "ConditionalRequestConflict") if asked.method == "PUT" else found(b"old")
    )
    with pytest.raises(ConflictError):
        bucket.put("secure/a", b"new", "e1")


# --- what arrives -------------------------------------------------------------------------------------------------

WRONG = {
    "sha256": found(b"data", x_amz_checksum_sha256=base64.b64encode(b"x" * 32).decode()),
    "crc32": found(
        b"data", x_amz_checksum_sha256="", x_amz_checksum_crc32=base64.b64encode(b"abcd").decode()
    ),
}


@pytest.mark.parametrize("reply", WRONG.values(), ids=WRONG)
def test_what_does_not_fit_its_checksum_is_not_given_out(
    s3: ScriptedS3, bucket: SecretsBucket, reply: Reply
) -> None:
    s3.replies.append(reply)
    with pytest.raises(KubeplatError, match="did not arrive as it is"):
        bucket.get("secure/a")


def test_other_clients_checksums_are_taken(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    crc32 = base64.b64encode(zlib.crc32(b"data").to_bytes(4, "big")).decode()
    parts = base64.b64encode(b"x" * 32).decode() + "-3"
    s3.replies += [
        found(b"data", x_amz_checksum_sha256="", x_amz_checksum_crc32=crc32),
        found(b"data", x_amz_checksum_sha256=parts),
        found(b"data", x_amz_checksum_sha256=""),
    ]
    for _ in range(3):
        content = bucket.get("secure/a")
        assert content.sha256 == hashlib.sha256(b"data").hexdigest()
    s3.replies.append(found(b"", x_amz_checksum_sha256=parts))
    assert bucket.digest("secure/a") == ""


def test_a_put_that_was_encrypted_with_another_key_is_noticed(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    other = KEY.replace("1111", "9999")
    s3.replies.append(found(b"", x_amz_server_side_encryption_aws_kms_key_id=other))
    with pytest.raises(NotOursError):
        bucket.put("secure/a", b"1", "")


def test_the_body_of_a_foreign_or_endless_object_is_not_even_read(
    s3: ScriptedS3, bucket: SecretsBucket
) -> None:
    plain = found(b"never", x_amz_server_side_encryption="AES256")
    s3.replies += [Reply(200, b"", plain.headers, length=10, cut=True)]
    with pytest.raises(NotOursError):
        bucket.get("secure/a")
    s3.replies += [Reply(200, b"", found(b"").headers, length=10**12, cut=True)]
    with pytest.raises(InputError, match="953674 MiB"):
        bucket.get("secure/a")


# --- what is refused ----------------------------------------------------------------------------------------------

REFUSALS = {
    "expired": (refusal(400, "ExpiredToken"), CredentialsError, "credentials have expired"),
    "unknown": (refusal(403, "InvalidAccessKeyId"), CredentialsError, "no AWS credentials that are accepted"),
    "clock": (refusal(403, "RequestTimeTooSkewed"), CredentialsError, "clock is wrong"),
    "forbidden": (refusal(403, "AccessDenied", "Access Denied"), ForbiddenError, "AWS refused GetObject"),
    "key not allowed": (
        refusal(403, "AccessDenied", "User: x is not authorized to perform: kms:Decrypt on resource: k"),
        ForbiddenError,
        "KMS key may not be used",
    ),
    "key of old": (
        refusal(403, "AccessDenied", "The ciphertext refers to a customer master key that does not exist"),
        ForbiddenError,
        "KMS key may not be used",
    ),
    "key disabled": (refusal(400, "KMS.DisabledException"), AwsError, "the KMS key is disabled"),
    "key absent": (refusal(400, "KMS.NotFoundException"), AwsError, "no such KMS key"),
    "key deleted": (refusal(400, "KMS.KMSInvalidStateException"), AwsError, "cannot be used in its state"),
    "moved": (refusal(301, "PermanentRedirect"), AwsError, "does not answer in eu-west-2"),
    "moved away": (
        refusal(400, "AuthorizationHeaderMalformed", "the region 'eu-west-2' is wrong"),
        AwsError,
        "does not answer in eu-west-2",
    ),
    "malformed": (
        refusal(400, "AuthorizationHeaderMalformed", "a non-empty access key must be provided"),
        AwsError,
        "non-empty access key",
    ),
    "archived": (refusal(403, "InvalidObjectState"), AwsError, "in an archive"),
    "deletion": (refusal(405, "MethodNotAllowed"), AwsError, "was deleted, and has no content"),
    "not S3": (Reply(418, b"<html>hello"), AwsError, "is there a proxy in between"),
    "no words": (Reply(418), AwsError, "418"),
}


@pytest.mark.parametrize(("reply", "kind", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_a_sentence_and_final(
    s3: ScriptedS3, bucket: SecretsBucket, reply: Reply, kind: type[KubeplatError], words: str
) -> None:
    s3.otherwise = lambda _: reply
    with pytest.raises(kind, match=words) as told:
        bucket.get("secure/a")
    assert len(s3.asked) == 1
    assert "secure/a" in str(told.value) or "bucket" in str(told.value)


def test_a_refused_look_is_explained_by_a_read(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.replies += [Reply(400), refusal(400, "KMS.DisabledException")]
    with pytest.raises(AwsError, match="the KMS key is disabled"):
        bucket.digest("secure/a")
    s3.replies += [Reply(403), found(b"readable after all")]
    with pytest.raises(ForbiddenError, match="AWS refused HeadObject"):
        bucket.head("secure/a")


def test_nobody_listens(both: tuple[ScriptedS3, SecretsBucket]) -> None:
    s3, bucket = both
    s3.replies.append(found(b"1"))
    bucket.get("a")
    s3.close()
    with pytest.raises(UnreachableError, match="could not be reached"):
        bucket.get("a")


# --- ending it ----------------------------------------------------------------------------------------------------


def test_who_waits_is_freed_when_it_is_ended_at_once(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: Reply(hang=True)
    apart = bucket.apart()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(apart.get, f"secure/{number}") for number in range(4)]
        for _ in waiting:
            s3.hanging.acquire()
        apart.end(at_once=True)
        for each in waiting:
            with pytest.raises(CutError):
                each.result()
    with pytest.raises(CutError):
        apart.get("secure/a")
    apart.close()
    s3.let_go.set()
    s3.otherwise = lambda _: found(b"1")
    assert bucket.get("secure/a").data == b"1"


def test_ending_it_gently_lets_arrive_what_is_on_its_way_and_tries_nothing_again(
    s3: ScriptedS3, bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_requests, "FIRST_WAIT", 3600.0)
    apart = bucket.apart()
    tried = threading.Event()

    def refuse(_: object) -> Reply:
        tried.set()
        return Reply(503)

    s3.otherwise = refuse
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(apart.get, "secure/a")
        tried.wait()
        apart.end(at_once=False)
        with pytest.raises(CutError):
            waiting.result()
    apart.close()
