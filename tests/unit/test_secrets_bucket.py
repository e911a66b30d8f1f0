"""The secrets bucket against AWS simulated in this process: what is written, read, refused and brought back."""

from __future__ import annotations

import hashlib
import json
import string
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services import state_bucket
from kubeplat_tui.services.aws_errors import AwsError, ForbiddenError
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.secrets import bucket as module
from kubeplat_tui.services.secrets import listing
from kubeplat_tui.services.secrets.bucket import (
    BucketAbsentError,
    ConflictError,
    NotOursError,
    ObjectAbsentError,
    SecretsBucket,
)
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from pathlib import Path

REGION = "eu-west-2"
ACCOUNT = "123456789012"
NAME = "demo-secrets-1a2b"


def new_key(cloud: Cloud) -> str:
    return str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def cloud(in_process_aws: None) -> Cloud:
    return Cloud(REGION, None)


@pytest.fixture
def bucket(cloud: Cloud) -> SecretsBucket:
    key = new_key(cloud)
    state_bucket.make_bucket(cloud, NAME, "demo", key)
    return SecretsBucket(cloud, NAME, key, ACCOUNT)


def put_as(bucket: SecretsBucket, key: str, data: bytes, **options: Any) -> dict[str, Any]:
    """As another client would, without our care."""
    answer: dict[str, Any] = bucket.cloud.client("s3").put_object(
        Bucket=bucket.name, Key=key, Body=data, **options
    )
    return answer


def listed(bucket: SecretsBucket, prefix: str = "") -> list[str]:
    return [stored.key for page in bucket.list(prefix) for stored in page]


# --- writing and reading ------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back_with_its_checksum_and_under_our_key(bucket: SecretsBucket) -> None:
    stored = bucket.put("secure/apiserver.key", b"secret", "")
    content = bucket.get("secure/apiserver.key")
    assert content.data == b"secret"
    assert content.sha256 == hashlib.sha256(b"secret").hexdigest() == bucket.digest("secure/apiserver.key")
    assert content.ours
    assert content.stored.etag == stored.etag == content.stored.etag.strip('"')
    assert content.stored.version == stored.version
    assert stored.size == 6
    assert content.stored.modified.tzinfo is UTC
    answer = bucket.cloud.client("s3").head_object(
        Bucket=NAME, Key="secure/apiserver.key", ChecksumMode="ENABLED"
    )
    assert answer["ServerSideEncryption"] == "aws:kms"
    assert answer["SSEKMSKeyId"] == bucket.key_arn
    assert answer["BucketKeyEnabled"]
    assert answer["ChecksumSHA256"]


def test_an_empty_file_is_a_file(bucket: SecretsBucket) -> None:
    bucket.put("secure/empty", b"", "")
    assert bucket.get("secure/empty").data == b""
    assert bucket.digest("secure/empty") == hashlib.sha256(b"").hexdigest()


def test_a_new_object_never_replaces_one_that_is_there(bucket: SecretsBucket) -> None:
    first = bucket.put("locked/etcd-ca.key", b"first", "")
    with pytest.raises(ConflictError) as told:
        bucket.put("locked/etcd-ca.key", b"second", "")
    assert told.value.key == "locked/etcd-ca.key"
    assert told.value.theirs is not None
    assert told.value.theirs.etag == first.etag
    assert bucket.get("locked/etcd-ca.key").data == b"first"


def test_a_change_replaces_only_what_was_seen(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    second = bucket.put("secure/tokens.csv", b"2", first.etag)
    with pytest.raises(ConflictError) as told:
        bucket.put("secure/tokens.csv", b"3", first.etag)
    assert told.value.theirs is not None
    assert told.value.theirs.etag == second.etag
    assert "nothing was changed" in str(told.value)


def test_a_change_of_what_was_deleted_is_a_conflict_too(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    bucket.delete("secure/tokens.csv", first.etag)
    with pytest.raises(ConflictError) as told:
        bucket.put("secure/tokens.csv", b"2", first.etag)
    assert told.value.theirs is None
    assert "no longer" in str(told.value)
    assert bucket.head("secure/tokens.csv") is None


@pytest.mark.parametrize("expected", ["", "an etag of long ago"])
def test_the_same_content_is_what_was_wanted(bucket: SecretsBucket, expected: str) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    again = bucket.put("secure/tokens.csv", b"1", expected)
    assert (again.etag, again.version) == (first.etag, first.version)
    assert len(next(bucket.versions("secure/tokens.csv"))) == 1


def test_the_same_content_under_another_key_is_not(bucket: SecretsBucket) -> None:
    put_as(bucket, "secure/tokens.csv", b"1", ServerSideEncryption="AES256")
    with pytest.raises(ConflictError):
        bucket.put("secure/tokens.csv", b"1", "")


def test_reading_what_was_listed_notices_that_it_changed(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    second = bucket.put("secure/tokens.csv", b"2", first.etag)
    with pytest.raises(ConflictError) as told:
        bucket.get("secure/tokens.csv", expected=first.etag)
    assert told.value.theirs is not None
    assert told.value.theirs.etag == second.etag
    bucket.delete("secure/tokens.csv", second.etag)
    with pytest.raises(ConflictError) as told:
        bucket.get("secure/tokens.csv", expected=second.etag)
    assert told.value.theirs is None


def test_what_is_absent_is_certainly_absent(bucket: SecretsBucket) -> None:
    assert bucket.head("secure/nothing") is None
    with pytest.raises(ObjectAbsentError, match="not in the bucket"):
        bucket.get("secure/nothing")
    with pytest.raises(ObjectAbsentError):
        bucket.digest("secure/nothing")


@pytest.mark.parametrize("key", ["../etc/passwd", "/root", "secure/../../x", "secure//x", "", "secure/a\nb"])
def test_a_key_that_cannot_be_a_file_is_never_asked_for(bucket: SecretsBucket, key: str) -> None:
    for call in (
        lambda: bucket.get(key),
        lambda: bucket.put(key, b"", ""),
        lambda: bucket.head(key),
        lambda: bucket.delete(key, "x"),
        lambda: bucket.purge(key),
    ):
        with pytest.raises(InputError):
            call()


@pytest.mark.parametrize("key", ["common/a b+c.crt", "common/ä%2F~'(1).crt", "common/=?&#;.crt"])
def test_every_letter_of_a_key_arrives(bucket: SecretsBucket, key: str) -> None:
    stored = bucket.put(key, b"x", "")
    assert listed(bucket) == [key]
    assert listed(bucket, key) == [key]
    assert bucket.get(key).data == b"x"
    assert [each.key for each in next(bucket.versions(key))] == [key]
    bucket.delete(key, stored.etag)
    assert bucket.purge(key) == 2


def test_what_is_too_large_for_memory_is_neither_read_nor_written(
    bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("addons/large", b"x" * 101, "")
    monkeypatch.setattr(module, "LIMIT", 100)
    with pytest.raises(InputError, match="kmsctl"):
        bucket.get("addons/large")
    with pytest.raises(InputError, match="kmsctl"):
        bucket.put("addons/larger", b"x" * 101, "")
    assert listed(bucket) == ["addons/large"]


# --- whose key ----------------------------------------------------------------------------------------------------


def test_an_object_that_is_not_under_our_key_is_not_given_out(bucket: SecretsBucket) -> None:
    other = new_key(bucket.cloud)
    put_as(bucket, "secure/plain", b"1", ServerSideEncryption="AES256")
    put_as(bucket, "secure/other", b"2", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)
    with pytest.raises(NotOursError, match="without a KMS key") as plain:
        bucket.get("secure/plain")
    assert plain.value.used == ""
    with pytest.raises(NotOursError) as told:
        bucket.get("secure/other")
    assert told.value.used == other
    assert other in str(told.value)
    assert bucket.key_arn in str(told.value)
    content = bucket.get("secure/other", foreign=True)
    assert (content.data, content.ours) == (b"2", False)


def test_restoring_it_puts_it_under_our_key(bucket: SecretsBucket) -> None:
    put_as(bucket, "secure/plain", b"1", ServerSideEncryption="AES256")
    now = bucket.head("secure/plain")
    assert now is not None
    bucket.restore("secure/plain", now.version, now.etag)
    assert bucket.get("secure/plain").data == b"1"


# --- deleting and versions ----------------------------------------------------------------------------------------


def test_a_deleted_object_can_be_restored(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    bucket.delete("secure/tokens.csv", first.etag)
    assert bucket.head("secure/tokens.csv") is None
    assert listed(bucket) == []
    [marker, version] = next(bucket.versions("secure/tokens.csv"))
    assert (marker.deleted, marker.latest, version.version) == (True, True, first.version)
    bucket.restore("secure/tokens.csv", first.version, "")
    assert bucket.get("secure/tokens.csv").data == b"1"


def test_only_what_was_seen_is_deleted(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    bucket.put("secure/tokens.csv", b"2", first.etag)
    with pytest.raises(ConflictError):
        bucket.delete("secure/tokens.csv", first.etag)
    assert bucket.get("secure/tokens.csv").data == b"2"


def test_deleting_what_is_gone_is_done(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    bucket.delete("secure/tokens.csv", first.etag)
    bucket.delete("secure/tokens.csv", first.etag)
    assert sum(each.deleted for each in next(bucket.versions())) == 1


def test_a_restored_version_replaces_only_what_was_seen(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/tokens.csv", b"1", "")
    second = bucket.put("secure/tokens.csv", b"2", first.etag)
    third = bucket.put("secure/tokens.csv", b"3", second.etag)
    with pytest.raises(ConflictError):
        bucket.restore("secure/tokens.csv", first.version, second.etag)
    bucket.restore("secure/tokens.csv", first.version, third.etag)
    assert bucket.get("secure/tokens.csv").data == b"1"
    versions = next(bucket.versions("secure/tokens.csv"))
    assert [each.latest for each in versions] == [True, False, False, False]
    assert [bucket.get(each.key, each.version).data for each in versions] == [b"1", b"3", b"2", b"1"]


def test_a_version_that_never_was_is_absent(bucket: SecretsBucket) -> None:
    bucket.put("secure/tokens.csv", b"1", "")
    with pytest.raises((ObjectAbsentError, AwsError)):
        bucket.get("secure/tokens.csv", "no such version")


def test_purging_takes_every_version_of_that_key_alone(
    bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    etag = ""
    for number in range(5):
        etag = bucket.put("secure/a", str(number).encode(), etag).etag
    bucket.delete("secure/a", etag)
    for neighbour in ("secure/a.crt", "secure/A", "secure/"[:-1] + "-a"):
        bucket.put(neighbour, b"kept", "")
    assert bucket.purge("secure/a") == 6
    assert listed(bucket) == ["secure-a", "secure/A", "secure/a.crt"]
    assert bucket.purge("secure/a") == 0


# --- listing ------------------------------------------------------------------------------------------------------


def test_pages_hold_every_object_once(bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    keys = sorted(f"{prefix}/{number}" for prefix in ("common", "secure") for number in range(5))
    for key in keys:
        bucket.put(key, key.encode(), "")
    pages = list(bucket.list())
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert [stored.key for page in pages for stored in page] == keys
    assert listed(bucket, "secure/") == keys[5:]
    first, stored = pages[0][0], bucket.head(keys[0])
    assert stored is not None
    assert (first.etag, first.size) == (stored.etag, stored.size)
    assert first.modified.replace(microsecond=0) == stored.modified  # headers have whole seconds


def test_pages_of_versions_hold_every_version_once(
    bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    for key in ("a", "b"):
        etag = ""
        for number in range(3):
            etag = bucket.put(key, str(number).encode(), etag).etag
        bucket.delete(key, etag)
    found = [each for page in bucket.versions() for each in page]
    assert [each.key for each in found] == ["a"] * 4 + ["b"] * 4
    assert [(each.latest, each.deleted) for each in found[:4]] == [(True, True)] + [(False, False)] * 3
    assert len({each.version for each in found}) == 8


def test_an_empty_bucket_has_one_empty_page(bucket: SecretsBucket) -> None:
    assert list(bucket.list()) == [[]]
    assert list(bucket.versions()) == [[]]


@given(st.text(max_size=300))
def test_whatever_comes_in_place_of_a_listing_is_refused_with_a_sentence(text: str) -> None:
    document = text.encode("utf-8", "surrogatepass")
    for read in (listing.objects_page, listing.versions_page):
        with pytest.raises(KubeplatError, match="could not be read"):
            read(document, "")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), max_size=5))
def test_every_name_of_a_listing_is_read(names: list[str]) -> None:
    from urllib.parse import quote_plus

    rows = "".join(
        f"<Contents><Key>{quote_plus(name)}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
        "<ETag>&quot;e&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for name in names
    )
    end = "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
    document = f"<ListBucketResult><Prefix></Prefix>{rows}{end}</ListBucketResult>"
    page = listing.objects_page(document.encode(), "")
    assert [stored.key for stored in page.found] == names
    assert all(stored.etag == "e" and stored.size == 7 for stored in page.found)
    assert page.following == ""


@given(st.text(string.printable, min_size=1, max_size=40), st.text(string.printable, max_size=20))
def test_the_next_page_is_asked_for_by_its_token(token: str, prefix: str) -> None:
    from urllib.parse import parse_qs
    from xml.sax.saxutils import escape

    said = escape(token).replace("\r", "&#13;").replace("\x0b", "").replace("\x0c", "")
    wanted = token.replace("\x0b", "").replace("\x0c", "")
    document = (
        f"<R><NextContinuationToken>{said}</NextContinuationToken><IsTruncated>true</IsTruncated></R>"
    ).encode()
    following = parse_qs(listing.objects_page(document, prefix).following, keep_blank_values=True)
    assert following.get("continuation-token", [""]) == [wanted] or not wanted
    if wanted:
        assert following["prefix"] == [prefix]


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_bucket_that_is_absent(cloud: Cloud) -> None:
    gone = SecretsBucket(cloud, "nobody-made-this", new_key(cloud))
    assert not gone.exists()
    for call in (lambda: gone.get("a"), lambda: list(gone.list()), lambda: gone.put("a", b"", "")):
        with pytest.raises(BucketAbsentError, match="There is no bucket nobody-made-this"):
            call()


def test_a_bucket_that_was_removed_meanwhile_is_absent(bucket: SecretsBucket) -> None:
    assert bucket.exists()
    state_bucket.remove_bucket(bucket.cloud, NAME)
    assert not bucket.exists()
    with pytest.raises(BucketAbsentError):
        list(bucket.list())
    with pytest.raises((BucketAbsentError, ObjectAbsentError)):
        bucket.get("a")


def test_a_bucket_of_another_region(bucket: SecretsBucket) -> None:
    elsewhere = SecretsBucket(Cloud("eu-central-1", None), NAME, bucket.key_arn)
    for call in (elsewhere.exists, lambda: list(elsewhere.list()), lambda: elsewhere.put("a", b"", "")):
        with pytest.raises(AwsError, match="does not answer in eu-central-1"):
            call()


def test_a_bucket_that_may_only_be_read(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/a", b"1", "")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject", "s3:DeleteObject"],
        "Resource": f"arn:aws:s3:::{NAME}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    bucket.cloud.client("s3").put_bucket_policy(Bucket=NAME, Policy=policy)
    for call in (
        lambda: bucket.put("secure/b", b"", ""),
        lambda: bucket.put("secure/a", b"2", first.etag),
        lambda: bucket.delete("secure/a", first.etag),
    ):
        with pytest.raises(ForbiddenError, match="may only be read"):
            call()
    assert bucket.get("secure/a").data == b"1"


def test_a_disabled_key_is_named_as_the_cause(bucket: SecretsBucket) -> None:
    first = bucket.put("secure/a", b"1", "")
    kms = bucket.cloud.client("kms")
    kms.disable_key(KeyId=bucket.key_arn)
    for call in (
        lambda: bucket.get("secure/a"),
        lambda: bucket.digest("secure/a"),
        lambda: bucket.put("secure/b", b"2", ""),
        lambda: bucket.put("secure/a", b"2", first.etag),
    ):
        with pytest.raises(AwsError, match="the KMS key is disabled"):
            call()
    kms.enable_key(KeyId=bucket.key_arn)
    assert bucket.get("secure/a").data == b"1"
    assert listed(bucket) == ["secure/a"]


def test_a_key_that_waits_for_its_deletion_is_named_as_the_cause(bucket: SecretsBucket) -> None:
    bucket.put("secure/a", b"1", "")
    bucket.cloud.client("kms").schedule_key_deletion(KeyId=bucket.key_arn, PendingWindowInDays=7)
    for call in (lambda: bucket.get("secure/a"), lambda: bucket.put("secure/b", b"2", "")):
        with pytest.raises(AwsError, match="cannot be used in its state"):
            call()


def test_a_key_that_is_absent_is_named_as_the_cause(bucket: SecretsBucket) -> None:
    lost = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(AwsError, match="no such KMS key"):
        SecretsBucket(bucket.cloud, NAME, lost).put("secure/b", b"2", "")
    assert listed(bucket) == []


def test_an_archived_object_is_said_to_be_one(bucket: SecretsBucket) -> None:
    put_as(
        bucket,
        "addons/old",
        b"1",
        StorageClass="GLACIER",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=bucket.key_arn,
    )
    with pytest.raises(AwsError, match="in an archive"):
        bucket.get("addons/old")


# --- the environment's bucket -------------------------------------------------------------------------------------


def test_the_environments_bucket_is_the_one_its_file_names(cloud: Cloud, tmp_path: Path) -> None:
    site = make_site(tmp_path)
    with pytest.raises(InputError, match="has no KMS key yet"):
        SecretsBucket.for_site(site)
    key = new_key(cloud)
    text = site.environment.path.read_text()
    for named in (key, key.rpartition("/")[2]):
        site.environment.path.write_text(
            text.replace('kms_master_id         = ""', f'kms_master_id = "{named}"')
        )
        from kubeplat_tui.services import environments

        again = environments.load(site.workplace.environments, "demo")
        bucket = SecretsBucket.for_site(type(site)(site.workplace, again, cloud, site.declarations))
        assert (bucket.name, bucket.key_arn) == ("demo-secrets-1a2b", key)
    cloud.client("kms").disable_key(KeyId=key)
    with pytest.raises(KubeplatError, match="state Disabled"):
        SecretsBucket.for_site(type(site)(site.workplace, again, cloud, site.declarations))
