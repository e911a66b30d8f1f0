"""The secrets bucket in a real sandbox: thousands of objects, two writers at once, the sandbox going away."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox.door import LocalSandbox, stop
from kubeplat_tui.services import state_bucket
from kubeplat_tui.services.aws_errors import ForbiddenError, UnreachableError
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.secrets import signed_requests
from kubeplat_tui.services.secrets.bucket import ConflictError, SecretsBucket
from kubeplat_tui.services.secrets.model import Stored
from kubeplat_tui.services.secrets.transfer import Upload, digests, download, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = "eu-west-2"
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    yield folder
    stop(folder)


@pytest.fixture(scope="module")
def cloud(state: Path) -> Iterator[Cloud]:
    opened = Cloud(REGION, None, LocalSandbox(state).open())
    yield opened
    opened.close()


@pytest.fixture
def bucket(cloud: Cloud, request: pytest.FixtureRequest) -> Iterator[SecretsBucket]:
    key = str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
    name = request.node.name.replace("_", "-")[-40:].strip("-")
    state_bucket.make_bucket(cloud, name, "demo", key)
    made = SecretsBucket(cloud, name, key, ACCOUNT)
    yield made
    made.close()


def test_more_than_a_page_goes_up_is_listed_and_comes_down(bucket: SecretsBucket) -> None:
    files = {f"secure/{number:04}": str(number).encode() * 100 for number in range(1100)}
    done = list(upload(bucket, [Upload(key, data, "") for key, data in files.items()]))
    assert all(isinstance(each, Stored) for each in done)
    pages = list(bucket.list())
    assert [len(page) for page in pages] == [1000, 100]
    objects = [stored for page in pages for stored in page]
    assert [stored.key for stored in objects] == sorted(files)
    assert {content.stored.key: content.data for content in download(bucket, objects)} == files
    some = [stored.key for stored in objects[::50]]
    assert digests(bucket, some) == {key: bucket.get(key).sha256 for key in some}
    assert sum(len(page) for page in bucket.versions()) == 1100
    again = upload(bucket, [Upload(stored.key, b"new", stored.etag) for stored in objects[:50]])
    assert all(isinstance(each, Stored) for each in again)


def test_of_many_writers_at_once_one_wins_and_the_others_are_told(bucket: SecretsBucket) -> None:
    start = threading.Barrier(8)
    outcomes: list[Stored | ConflictError] = []

    def write(number: int) -> None:
        start.wait()
        try:
            outcomes.append(bucket.put("locked/kubernetes-ca.key", f"mine {number}".encode(), ""))
        except ConflictError as conflict:
            outcomes.append(conflict)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, Stored)]
    told = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert len(told) == 7
    assert {conflict.theirs.etag for conflict in told if conflict.theirs} == {winner.etag}
    assert [len(page) for page in bucket.versions()] == [1]


def test_what_we_ask_for_passes_the_policy_that_refuses_other_keys(bucket: SecretsBucket) -> None:
    everything = f"arn:aws:s3:::{bucket.name}/*"

    def deny(variable: str, wanted: str) -> dict[str, object]:
        return {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": everything,
            "Condition": {"Null": {variable: "false"}, "StringNotEquals": {variable: wanted}},
        }

    encryption = "s3:x-amz-server-side-encryption"
    statements = [deny(encryption, "aws:kms"), deny(f"{encryption}-aws-kms-key-id", bucket.key_arn)]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    bucket.cloud.client("s3").put_bucket_policy(Bucket=bucket.name, Policy=policy)
    bucket.put("secure/a", b"1", "")
    other = str(bucket.cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
    with pytest.raises(ForbiddenError):
        SecretsBucket(bucket.cloud, bucket.name, other).put("secure/b", b"1", "")
    assert [stored.key for page in bucket.list() for stored in page] == ["secure/a"]


def test_a_sandbox_that_ends_is_a_network_that_went_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_requests, "FIRST_WAIT", 0.0)
    cloud = Cloud(REGION, None, LocalSandbox(tmp_path).open())
    try:
        key = str(cloud.client("kms").create_key()["KeyMetadata"]["Arn"])
        state_bucket.make_bucket(cloud, "secrets-lost", "demo", key)
        bucket = SecretsBucket(cloud, "secrets-lost", key)
        bucket.put("secure/a", b"1", "")
        gone = threading.Event()
        cloud.when_lost(gone.set)
        stop(tmp_path)
        assert gone.wait(30)
        with pytest.raises(UnreachableError, match="could not be reached"):
            bucket.get("secure/a")
        bucket.close()
    finally:
        cloud.close()
