"""Many objects at once: everything arrives, the first error ends it, a stop is prompt, memory stays bounded."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Stop, now
from kubeplat_tui.services.secrets import signed_requests, transfer
from kubeplat_tui.services.secrets.bucket import ConflictError, SecretsBucket
from kubeplat_tui.services.secrets.model import Stored
from kubeplat_tui.services.secrets.transfer import Upload, digests, download, upload
from tests.unit.scripted_s3 import KEY, Asked, Reply, ScriptedS3, found, refusal, scripted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedS3, SecretsBucket]]:
    monkeypatch.setattr(signed_requests, "FIRST_WAIT", 0.0)
    with scripted() as (server, cloud):
        yield server, SecretsBucket(cloud, "demo-secrets", KEY)


@pytest.fixture
def s3(both: tuple[ScriptedS3, SecretsBucket]) -> ScriptedS3:
    return both[0]


@pytest.fixture
def bucket(both: tuple[ScriptedS3, SecretsBucket]) -> SecretsBucket:
    return both[1]


@pytest.fixture(autouse=True)
def no_thread_stays(both: object) -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "secrets"]


def objects(count: int, size: int = 3) -> list[Stored]:
    return [Stored(f"secure/{number}", size, "e1", now()) for number in range(count)]


def echo(asked: Asked) -> Reply:
    """The object's content is its name."""
    return found(asked.path.rpartition("/")[2].partition("?")[0].encode())


def note(results: Iterator[Stored | ConflictError], written: list[str]) -> None:
    """Remember the keys of what was written, also when an error follows."""
    for result in results:
        assert isinstance(result, Stored)
        written.append(result.key)


def test_everything_arrives_once_on_connections_that_stay(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = echo
    contents = list(download(bucket, objects(200), parallel=8))
    assert sorted(int(content.data) for content in contents) == list(range(200))
    assert {content.stored.key for content in contents} == {each.key for each in objects(200)}
    assert s3.connections <= 8 + 2
    assert all(asked.headers["if-match"] == '"e1"' for asked in s3.asked)


def test_nothing_to_do_asks_nothing(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    assert list(download(bucket, [])) == []
    assert list(upload(bucket, [])) == []
    assert digests(bucket, []) == {}
    assert s3.connections == 0


def test_the_first_error_ends_what_waits(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    hanging = [Reply(hang=True)] * 3
    s3.replies += [*hanging]
    s3.otherwise = lambda _: refusal(403, "AccessDenied")
    arriving = download(bucket, objects(1000), parallel=4)
    with pytest.raises(ForbiddenError):
        list(arriving)
    assert len(s3.asked) < 20


def test_one_that_changed_since_it_was_listed_ends_a_download(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda asked: (
        found(b"", etag='"e2"') if asked.method == "HEAD" else refusal(412, "PreconditionFailed")
    )
    with pytest.raises(ConflictError) as told:
        list(download(bucket, objects(1)))
    assert told.value.theirs is not None
    assert told.value.theirs.etag == "e2"


def test_a_stop_frees_who_waits_for_answers_that_never_come(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda _: Reply(hang=True)
    stop = Stop()

    def ask_to_stop() -> None:
        for _ in range(4):
            s3.hanging.acquire()
        stop.request()

    asking = threading.Thread(target=ask_to_stop)
    asking.start()
    assert list(download(bucket, objects(100), parallel=4, stop=stop)) == []
    asking.join()


def test_a_stop_from_before_begins_nothing(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    stop = Stop()
    stop.request()
    assert list(download(bucket, objects(10), stop=stop)) == []
    assert list(upload(bucket, [Upload("a", b"", "")], stop=stop)) == []
    assert s3.asked == []


def test_closing_it_early_ends_it(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.replies.append(found(b"1"))
    s3.otherwise = lambda _: Reply(hang=True)
    arriving = download(bucket, objects(100), parallel=4)
    assert next(arriving).data == b"1"
    arriving.close()  # type: ignore[attr-defined]  # a generator
    assert len(s3.asked) <= 5


def test_no_more_is_read_than_fits_into_memory(
    s3: ScriptedS3, bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BYTES", 100)
    s3.otherwise = echo
    given: list[Stored] = []
    taken = 0

    def source() -> Iterator[Stored]:
        for stored in objects(50, size=30):
            given.append(stored)
            yield stored

    for _ in download(bucket, source(), parallel=16):
        taken += 1
        assert len(given) - taken <= 3 + 1  # three have 90 bytes; one more is looked at
    assert taken == 50


def test_one_that_is_larger_than_all_may_come_alone(
    s3: ScriptedS3, bucket: SecretsBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "BYTES", 10)
    s3.otherwise = echo
    assert len(list(download(bucket, objects(5, size=1000)))) == 5


def test_only_some_are_begun_before_a_result_is_taken(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = echo
    numbers = itertools.count()
    endless = (Stored(f"secure/{next(numbers)}", 1, "e1", now()) for _ in itertools.repeat(None))
    arriving = download(bucket, endless, parallel=4)
    next(arriving)
    assert next(numbers) <= 2 * 4 + 2
    arriving.close()  # type: ignore[attr-defined]  # a generator


def test_a_conflict_is_a_result_of_an_upload(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/theirs"):
            return found(b"else") if asked.method == "HEAD" else refusal(412, "PreconditionFailed")
        return found(asked.body, etag=f'"{asked.path[-1]}"')

    s3.otherwise = answer
    items = [Upload(f"secure/{name}", b"mine", "") for name in ("1", "theirs", "2")]
    results = {result.key: result for result in upload(bucket, items)}
    assert isinstance(results["secure/theirs"], ConflictError)
    assert {key for key, result in results.items() if isinstance(result, Stored)} == {"secure/1", "secure/2"}


def test_what_an_upload_has_begun_is_told_before_its_error(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    refused = threading.Event()

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/0"):
            refused.set()
            return refusal(403, "AccessDenied")
        refused.wait()
        return found(asked.body)

    s3.otherwise = answer
    items = [Upload(f"secure/{number}", b"x", "") for number in range(100)]
    written: list[str] = []
    with pytest.raises(ForbiddenError, match="may only be read"):
        note(upload(bucket, items, parallel=4), written)
    asked = {each.path.partition("/demo-secrets/")[2] for each in s3.asked} - {"secure/0"}
    assert set(written) == asked
    assert len(asked) < 20


def test_a_stopped_upload_finishes_what_it_has_begun(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    stop = Stop()

    def answer(asked: Asked) -> Reply:
        stop.request()
        return found(asked.body)

    s3.otherwise = answer
    items = [Upload(f"secure/{number}", b"x", "") for number in range(100)]
    written = {result.key for result in upload(bucket, items, parallel=4, stop=stop)}
    assert written == {each.path.partition("/demo-secrets/")[2] for each in s3.asked}
    assert 1 <= len(written) <= 8


def test_a_file_that_cannot_be_read_ends_an_upload_after_what_has_begun(
    s3: ScriptedS3, bucket: SecretsBucket
) -> None:
    def items() -> Iterator[Upload]:
        yield Upload("secure/1", b"x", "")
        yield Upload("secure/2", b"x", "")
        raise KubeplatError("secure/3 cannot be read.")

    s3.otherwise = lambda asked: found(asked.body)
    written: list[str] = []
    with pytest.raises(KubeplatError, match="cannot be read"):
        note(upload(bucket, items()), written)
    assert sorted(written) == ["secure/1", "secure/2"]


def test_digests_are_those_that_s3_keeps(s3: ScriptedS3, bucket: SecretsBucket) -> None:
    s3.otherwise = lambda asked: found(b"1", x_amz_checksum_sha256="" if asked.path.endswith("2") else "AAAA")
    assert digests(bucket, ["secure/1", "secure/2"]) == {"secure/1": "000000", "secure/2": ""}
    assert {each.method for each in s3.asked} == {"HEAD"}
