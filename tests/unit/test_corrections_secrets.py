"""What the simulated S3 and KMS must do as AWS does, because secrets depend on it: seen as a client sees it."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from kubeplat_tui.sandbox import corrections
from kubeplat_tui.sandbox.corrections.s3_policy_conditions import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "eu-west-1"
BUCKET = "secrets"
PART = 5 * 1024 * 1024


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty corrected AWS in this process."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    corrections.apply_all()
    with mock_aws():
        yield


@functools.cache
def client(service: str, region: str = REGION) -> Any:
    session: Any = boto3.Session(region_name=region)
    # No checksums but those a test sends.
    plain = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    return session.client(service, aws_access_key_id="test", aws_secret_access_key="test", config=plain)


@pytest.fixture
def key() -> str:
    """The ARN of a key."""
    return str(client("kms").create_key(Description="secrets")["KeyMetadata"]["Arn"])


@pytest.fixture
def bucket(key: str) -> str:
    """Versioned, encrypted by the key unless asked otherwise."""
    make_bucket()
    encrypt_by(key)
    return BUCKET


def make_bucket(name: str = BUCKET) -> None:
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def encrypt_by(key: str) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    client("s3").put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})


def put(name: str = "a", data: bytes = b"one", **more: Any) -> Any:
    return client("s3").put_object(Bucket=BUCKET, Key=name, Body=data, **more)


def get(name: str = "a", **more: Any) -> Any:
    return client("s3").get_object(Bucket=BUCKET, Key=name, **more)


def head(name: str = "a", **more: Any) -> Any:
    return client("s3").head_object(Bucket=BUCKET, Key=name, **more)


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as raised:
        call(*arguments, **named)
    response: Any = raised.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def encryption(answer: Any) -> tuple[Any, ...]:
    return tuple(answer.get(name) for name in ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled"))


def stored(name: str = "a") -> bytes:
    """What the simulated S3 keeps on its disk."""
    from moto.s3.models import s3_backends

    buffer = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys[name]._value_buffer
    buffer.seek(0)
    return bytes(buffer.read())


def test_an_object_is_encrypted_at_rest_and_read_as_it_was(bucket: str, key: str) -> None:
    secret = b"a secret of some length"
    made = put(data=secret)
    assert encryption(made) == encryption(head()) == encryption(get()) == ("aws:kms", key, True)
    assert secret not in stored()
    found = get()
    assert (found["Body"].read(), found["ContentLength"]) == (secret, len(secret))
    assert head()["ContentLength"] == len(secret)
    assert get(Range="bytes=2-7")["Body"].read() == secret[2:8]
    assert made["ETag"].strip('"') != hashlib.md5(secret, usedforsecurity=False).hexdigest()
    assert made["ETag"] == head()["ETag"] != put("b", secret)["ETag"]
    client("s3").copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a"})
    assert get("copy")["Body"].read() == secret
    assert secret not in stored("copy")


@pytest.mark.parametrize(
    ("lose", "code"),
    [
        (lambda arn: client("kms").disable_key(KeyId=arn), "KMS.DisabledException"),
        (
            lambda arn: client("kms").schedule_key_deletion(KeyId=arn, PendingWindowInDays=7),
            "KMS.KMSInvalidStateException",
        ),
    ],
    ids=["disabled", "pending deletion"],
)
def test_without_its_key_an_object_is_unreadable(
    bucket: str, key: str, lose: Callable[[str], Any], code: str
) -> None:
    sha = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    put(ChecksumSHA256=sha)
    lose(key)
    assert refused(get) == (code, 400)
    assert refused(put, "b") == (code, 400)
    copy = {"Bucket": bucket, "Key": "a"}
    assert refused(client("s3").copy_object, Bucket=bucket, Key="c", CopySource=copy) == (code, 400)
    assert head()["ContentLength"] == 3
    assert refused(head, ChecksumMode="ENABLED") == ("400", 400)
    listed = client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [(each["Key"], each["Size"]) for each in listed] == [("a", 3)]
    versions = client("s3").list_object_versions(Bucket=bucket)["Versions"]
    assert [each["Key"] for each in versions] == ["a"]
    if code.endswith("InvalidStateException"):
        client("kms").cancel_key_deletion(KeyId=key)
    client("kms").enable_key(KeyId=key)
    assert get()["Body"].read() == b"one"


def test_a_key_that_is_not_there_is_said(bucket: str) -> None:
    for named in ("11111111-2222-3333-4444-555555555555", "alias/none", "arn:aws:kms:eu-west-2:1:key/1"):
        absent = refused(put, ServerSideEncryption="aws:kms", SSEKMSKeyId=named)
        assert absent == ("KMS.NotFoundException", 400)
    elsewhere = client("kms", "eu-west-2").create_key()["KeyMetadata"]["Arn"]
    assert refused(put, ServerSideEncryption="aws:kms", SSEKMSKeyId=elsewhere)[0] == "KMS.NotFoundException"


def test_a_key_may_be_named_in_every_way(bucket: str, key: str) -> None:
    other = client("kms").create_key()["KeyMetadata"]
    client("kms").create_alias(AliasName="alias/other", TargetKeyId=other["KeyId"])
    for named in (
        other["KeyId"],
        other["Arn"],
        "alias/other",
        other["Arn"].rpartition(":")[0] + ":alias/other",
    ):
        made = put(ServerSideEncryption="aws:kms", SSEKMSKeyId=named)
        assert made["SSEKMSKeyId"] == head()["SSEKMSKeyId"] == other["Arn"]
    assert put(ServerSideEncryption="aws:kms")["SSEKMSKeyId"] != key  # the key of AWS, not the default's
    managed = client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (managed["Arn"], managed["KeyManager"]) == (head()["SSEKMSKeyId"], "AWS")
    assert encryption(put(ServerSideEncryption="AES256"))[:2] == ("AES256", None)


def test_a_bucket_encrypts_without_being_told() -> None:
    make_bucket()
    rules = client("s3").get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert encryption(put()) == encryption(head()) == ("AES256", None, None)
    assert put(data=b"one")["ETag"].strip('"') == hashlib.md5(b"one", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("asked", [True, False])
def test_an_upload_in_parts_is_encrypted_too(bucket: str, key: str, asked: bool) -> None:
    s3 = client("s3")
    wanted: dict[str, Any] = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True} if asked else {}
    )
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", **wanted)
    assert encryption(begun) == ("aws:kms", key, True)
    parts, content = [], [b"x" * PART, b"the secret end"]
    for number, data in enumerate(content, 1):
        upload = {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}
        part = s3.upload_part(**upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    ended = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert encryption(ended) == encryption(head("big")) == ("aws:kms", key, True)
    assert ended["ETag"].endswith('-2"')
    assert b"the secret end" not in stored("big")
    assert get("big")["Body"].read() == b"".join(content)
    assert get("big", Range=f"bytes={PART}-")["Body"].read() == content[1]


def test_only_the_first_of_two_writers_makes_an_object(bucket: str) -> None:
    made = put(IfNoneMatch="*")
    assert refused(put, IfNoneMatch="*") == ("PreconditionFailed", 412)
    changed = put(data=b"two", IfMatch=made["ETag"])
    assert refused(put, data=b"three", IfMatch=made["ETag"]) == ("PreconditionFailed", 412)
    assert put(data=b"three", IfMatch=changed["ETag"].strip('"'))["ETag"] == head()["ETag"]
    assert refused(put, "absent", IfMatch=made["ETag"]) == ("NoSuchKey", 404)
    client("s3").delete_object(Bucket=bucket, Key="a")
    assert refused(put, IfMatch=changed["ETag"]) == ("NoSuchKey", 404)
    put(data=b"four", IfNoneMatch="*")
    assert get()["Body"].read() == b"four"


def test_writers_at_the_same_moment_are_told_apart(bucket: str) -> None:
    together = threading.Barrier(8)

    def race(number: int) -> bool:
        together.wait()
        try:
            put("raced", str(number).encode(), IfNoneMatch="*")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert get("raced")["Body"].read() == str(won.index(True)).encode()


def test_copies_and_uploads_in_parts_have_conditions(bucket: str) -> None:
    s3 = client("s3")
    made = put()
    source = {"Bucket": bucket, "Key": "a"}
    assert refused(s3.copy_object, Bucket=bucket, Key="a", CopySource=source, IfNoneMatch="*")[1] == 412
    assert refused(s3.copy_object, Bucket=bucket, Key="b", CopySource=source, IfMatch=made["ETag"])[1] == 404
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, IfNoneMatch="*")

    def complete(**condition: str) -> Any:
        begun = {"Bucket": bucket, "Key": "b"}
        begun["UploadId"] = s3.create_multipart_upload(**begun)["UploadId"]
        part = {"PartNumber": 1, "ETag": s3.upload_part(**begun, PartNumber=1, Body=b"x")["ETag"]}
        return s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": [part]}, **condition)

    assert refused(complete, IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(complete, IfMatch=made["ETag"]) == ("PreconditionFailed", 412)
    assert complete(IfMatch=head("b")["ETag"])["ETag"] == head("b")["ETag"]


def test_deleting_has_a_condition(bucket: str) -> None:
    made = put()
    put(data=b"two")
    delete = functools.partial(client("s3").delete_object, Bucket=bucket, Key="a")
    assert refused(delete, IfMatch=made["ETag"]) == ("PreconditionFailed", 412)
    assert delete(IfMatch=head()["ETag"])["DeleteMarker"] is True
    assert refused(delete, IfMatch="*") == ("NoSuchKey", 404)


def test_reading_has_conditions(bucket: str) -> None:
    etag = put()["ETag"]
    for read, missing in ((get, "PreconditionFailed"), (head, "412")):
        assert refused(read, IfNoneMatch=etag)[1] == 304
        assert refused(read, IfNoneMatch=etag.strip('"'))[1] == 304
        assert refused(read, IfMatch='"0"') == (missing, 412)
        assert read(IfMatch=etag.strip('"'), IfNoneMatch='"0"')["ETag"] == etag


def test_a_checksum_is_verified_and_kept(bucket: str) -> None:
    right = base64.b64encode(hashlib.sha256(b"one").digest()).decode()
    assert put(ChecksumSHA256=right)["ChecksumSHA256"] == right
    assert head(ChecksumMode="ENABLED")["ChecksumSHA256"] == right
    assert get(ChecksumMode="ENABLED")["ChecksumSHA256"] == right
    assert "ChecksumSHA256" not in head()
    attributes = client("s3").get_object_attributes(
        Bucket=bucket, Key="a", ObjectAttributes=["Checksum", "ObjectSize"]
    )
    assert (attributes["Checksum"]["ChecksumSHA256"], attributes["ObjectSize"]) == (right, 3)
    before = head()["VersionId"]
    assert refused(put, data=b"two", ChecksumSHA256=right) == ("BadDigest", 400)
    assert refused(put, ChecksumSHA256="nonsense") == ("InvalidRequest", 400)
    assert (
        refused(put, ContentMD5=base64.b64encode(hashlib.md5(b"x", usedforsecurity=False).digest()).decode())[
            0
        ]
        == "BadDigest"
    )
    assert refused(put, ContentMD5="nonsense") == ("InvalidDigest", 400)
    assert head()["VersionId"] == before
    crc = put(ChecksumAlgorithm="CRC32")["ChecksumCRC32"]
    assert (
        head(ChecksumMode="ENABLED")["ChecksumCRC32"]
        == crc
        == base64.b64encode((0x7A6C86F1).to_bytes(4, "big")).decode()
    )


def test_parts_have_checksums(bucket: str) -> None:
    s3 = client("s3")
    begun = {"Bucket": bucket, "Key": "big"}
    begun["UploadId"] = s3.create_multipart_upload(**begun, ChecksumAlgorithm="SHA256")["UploadId"]
    right = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    wrong = base64.b64encode(hashlib.sha256(b"y").digest()).decode()
    upload = functools.partial(s3.upload_part, **begun, PartNumber=1, Body=b"x")
    assert refused(upload, ChecksumSHA256=wrong) == ("BadDigest", 400)
    made = upload(ChecksumSHA256=right)
    part = {"PartNumber": 1, "ETag": made["ETag"], "ChecksumSHA256": right}
    s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": [part]})
    whole = base64.b64encode(hashlib.sha256(hashlib.sha256(b"x").digest()).digest()).decode()
    assert head("big", ChecksumMode="ENABLED")["ChecksumSHA256"] == f"{whole}-1"
    assert get("big", ChecksumMode="ENABLED")["ChecksumSHA256"] == f"{whole}-1"


def secrets_policy(key: str) -> str:
    """As terraform/foundation/secrets.tf has it."""

    def deny(action: str, **conditions: Any) -> dict[str, Any]:
        resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
        return {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": action,
            "Resource": resources,
            "Condition": conditions,
        }

    sse = "s3:x-amz-server-side-encryption"
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                deny("s3:*", Bool={"aws:SecureTransport": "false"}),
                deny("s3:PutObject", Null={sse: "false"}, StringNotEquals={sse: "aws:kms"}),
                deny(
                    "s3:PutObject",
                    Null={f"{sse}-aws-kms-key-id": "false"},
                    StringNotEquals={f"{sse}-aws-kms-key-id": [key, key.rpartition("/")[2]]},
                ),
                deny("s3:PutObject", Null={f"{sse}-customer-algorithm": "false"}),
                deny("s3:*", NumericLessThan={"s3:TlsVersion": "1.2"}),
            ],
        }
    )


def test_a_policy_refuses_other_encryption(bucket: str, key: str) -> None:
    s3 = client("s3")
    other = client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_bucket_policy(Bucket=bucket, Policy=secrets_policy(key))
    put()
    put(ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    put(ServerSideEncryption="aws:kms", SSEKMSKeyId=key.rpartition("/")[2])
    denied = ("AccessDenied", 403)
    assert refused(put, ServerSideEncryption="AES256") == denied
    assert refused(put, ServerSideEncryption="aws:kms", SSEKMSKeyId=other) == denied
    assert refused(put, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32) == denied
    parts = s3.create_multipart_upload
    assert refused(parts, Bucket=bucket, Key="b", ServerSideEncryption="AES256") == denied
    parts(Bucket=bucket, Key="b", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert get()["Body"].read() == b"one"
    with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject on resource"):
        put(ServerSideEncryption="AES256")


def test_a_bucket_that_is_read_only_says_so(bucket: str) -> None:
    put()
    deny = {"Effect": "Deny", "Principal": "*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statement = deny | {"Action": ["s3:PutObject", "s3:DeleteObject"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    assert refused(put) == ("AccessDenied", 403)
    assert refused(client("s3").delete_object, Bucket=bucket, Key="a") == ("AccessDenied", 403)
    assert get()["Body"].read() == b"one"
    assert head()["ContentLength"] == 3
    reading = json.dumps({"Version": "2012-10-17", "Statement": deny | {"Action": "s3:GetObject"}})
    client("s3").put_bucket_policy(Bucket=bucket, Policy=reading)
    assert refused(get) == ("AccessDenied", 403)
    assert refused(head) == ("403", 403)


SSE = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("conditions", "value", "result"),
    [
        ({"StringEquals": {SSE: "aws:kms"}}, "aws:kms", True),
        ({"StringEquals": {SSE: "aws:kms"}}, None, False),
        ({"StringEqualsIfExists": {SSE: "aws:kms"}}, None, True),
        ({"StringNotEquals": {SSE: ["aws:kms", "AES256"]}}, "AES256", False),
        ({"StringNotEquals": {SSE: "aws:kms"}}, None, True),
        ({"StringLike": {SSE: "aws:*"}}, "aws:kms", True),
        ({"StringNotLike": {SSE: "aws:?"}}, "aws:kms", True),
        ({"Null": {SSE: "true"}}, None, True),
        ({"Null": {SSE: "false"}}, None, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, "true", False),
        ({"Bool": {"AWS:securetransport": ["False"]}}, "false", True),
        ({"Null": {SSE: "false"}, "StringNotEquals": {SSE: "aws:kms"}}, "AES256", True),
        ({"NumericLessThan": {SSE: "1"}}, "0", None),
        ({"StringEquals": {"aws:SourceIp": "1"}}, "1", None),
    ],
)
def test_conditions_are_evaluated_as_iam_does(
    conditions: dict[str, Any], value: str | None, result: bool | None
) -> None:
    assert holds(conditions, lambda _: value) is result


@pytest.mark.usefixtures("bucket")
def test_versions_are_listed_from_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = client("s3")
    made = [put("a", str(number).encode())["VersionId"] for number in range(5)]
    marker = s3.delete_object(Bucket=BUCKET, Key="a")["VersionId"]
    put("b/1")
    put("b/2")
    put("c")
    listed = s3.list_object_versions(Bucket=BUCKET)
    assert [each["VersionId"] for each in listed["Versions"]][:5] == made[::-1]
    assert [each["VersionId"] for each in listed["DeleteMarkers"] if each["IsLatest"]] == [marker]
    assert [each["Key"] for each in listed["Versions"] if each["IsLatest"]] == ["b/1", "b/2", "c"]
    folders = s3.list_object_versions(Bucket=BUCKET, Delimiter="/")
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == ["b/"]
    assert {each["Key"] for each in folders["Versions"]} == {"a", "c"}
    below = s3.list_object_versions(Bucket=BUCKET, Prefix="b/")
    assert [each["Key"] for each in below["Versions"]] == ["b/1", "b/2"]


@given(st.lists(st.sampled_from(["a", "a/b", "a/c", "b", "c/d/e", "c/d/f"]), max_size=12), st.integers(1, 5))
def test_pages_of_versions_lose_nothing(names: list[str], size: int) -> None:
    bucket = f"bucket-{uuid4()}"
    make_bucket(bucket)
    s3 = client("s3")
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    for options in ({}, {"Delimiter": "/"}, {"Prefix": "a/"}):
        whole = s3.list_object_versions(Bucket=bucket, **options)
        pages = list(
            s3.get_paginator("list_object_versions").paginate(
                Bucket=bucket, PaginationConfig={"PageSize": size}, **options
            )
        )
        for part, field in (("Versions", "VersionId"), ("CommonPrefixes", "Prefix")):
            found = [each[field] for page in pages for each in page.get(part, [])]
            assert found == [each[field] for each in whole.get(part, [])]


@pytest.mark.usefixtures("bucket")
def test_a_bucket_is_emptied_while_it_is_listed() -> None:
    s3 = client("s3")
    for number in range(12):
        put(f"{number % 4}", str(number).encode())
    left = 12
    for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=BUCKET, PaginationConfig={"PageSize": 5}
    ):
        gone = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in page["Versions"]]
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": gone})
        left -= len(gone)
    assert left == 0
    assert "Versions" not in s3.list_object_versions(Bucket=BUCKET)


def test_a_key_changes_its_state_as_on_aws(key: str) -> None:
    kms = client("kms")
    context = {"EncryptionContext": {"for": "test"}}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x", **context)["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[0] == "DisabledException"
    assert refused(kms.decrypt, CiphertextBlob=sealed, **context)[0] == "DisabledException"
    assert refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256")[0] == "DisabledException"
    assert refused(kms.enable_key_rotation, KeyId=key)[0] == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=sealed, **context)["Plaintext"] == b"x"
    assert refused(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=3)[0] == "ValidationException"
    assert refused(kms.cancel_key_deletion, KeyId=key)[0] == "KMSInvalidStateException"
    pending = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=9)
    assert (pending["KeyId"], pending["KeyState"], pending["PendingWindowInDays"]) == (
        key,
        "PendingDeletion",
        9,
    )
    for call in (kms.enable_key, kms.disable_key, kms.enable_key_rotation, kms.schedule_key_deletion):
        assert refused(call, KeyId=key)[0] == "KMSInvalidStateException"
    assert refused(kms.decrypt, CiphertextBlob=sealed, **context)[0] == "KMSInvalidStateException"
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == key
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_rotation_is_told(key: str) -> None:
    kms = client("kms")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyId"], status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (key, True, 365)
    assert "NextRotationDate" in status


def test_keys_and_aliases_come_in_pages() -> None:
    kms = client("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(103)]
    first = kms.list_keys()
    assert (len(first["Keys"]), first["Truncated"]) == (100, True)
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 40})
    assert [each["KeyId"] for page in pages for each in page["Keys"]] == keys
    for number in range(60):
        kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=keys[number])
    assert len(kms.list_aliases()["Aliases"]) == 50
    aliases = [
        each["AliasName"] for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]
    ]
    assert {f"alias/{number}" for number in range(60)} <= set(aliases)
    assert refused(kms.list_keys, Marker="nonsense")[0] == "InvalidMarkerException"


@pytest.mark.parametrize("call", ["get_object", "head_object", "list_objects_v2", "head_bucket"])
def test_a_bucket_of_another_region_is_somewhere_else(bucket: str, call: str) -> None:
    put()
    client.cache_clear()  # a client remembers where a bucket is
    wrong = client("s3", "eu-west-2")
    answers: list[tuple[int, str | None]] = []

    def note(response: Any, **_: Any) -> None:
        headers = response[0].headers
        answers.append((response[0].status_code, headers.get("x-amz-bucket-region")))

    wrong.meta.events.register_first("needs-retry.s3", note)
    assert wrong.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert [status for status, _ in answers] == [200]
    # The SDK follows, as it does on AWS.
    getattr(wrong, call)(Bucket=bucket, **({"Key": "a"} if call.endswith("object") else {}))
    assert answers[1] == (301, REGION)
    assert answers[-1][0] == 200
    client.cache_clear()
