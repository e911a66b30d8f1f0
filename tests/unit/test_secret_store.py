"""Fetch, upload, compare, save, delete: what is here, what is there, and what becomes of it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

import pytest

from kubeplat_tui.services.errors import KubeplatError, NotFoundError
from kubeplat_tui.services.events import FileAction, FileChanged, LogLine, Progress, Stop, StopRequested
from kubeplat_tui.services.secrets import store as store_module
from kubeplat_tui.services.secrets.model import Side, State
from kubeplat_tui.services.secrets.refusals import ConflictError, NotOursError
from tests.unit.memory_bucket import MemoryBucket, make_store, sha

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.secrets.store import SecretStore

Result = TypeVar("Result")

KEY = "secure/tokens.csv"


def played(generator: Generator[Event, None, Result]) -> tuple[list[Event], Result]:
    """Every event, and what came out."""
    events: list[Event] = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value


def became(events: list[Event], action: FileAction) -> list[str]:
    """The keys of which this became."""
    return [event.key for event in events if isinstance(event, FileChanged) and event.action is action]


def said(events: list[Event]) -> str:
    """Every sentence."""
    return "\n".join(event.text for event in events if isinstance(event, LogLine))


def states(store: SecretStore) -> dict[str, State]:
    return {file.key: file.state for file in store.compare().files}


def write(store: SecretStore, key: str, data: bytes) -> None:
    store.copy.commit({key: data})


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


@pytest.fixture
def store(tmp_path: Path, bucket: MemoryBucket) -> SecretStore:
    return make_store(tmp_path / "here", bucket)


@pytest.fixture
def every_step_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubeplat_tui.services.secrets.pace.A_SECOND", 10**9)


def in_step(store: SecretStore, bucket: MemoryBucket, key: str = KEY, data: bytes = b"one\n") -> None:
    bucket.plant(key, data)
    played(store.fetch())


def test_a_fetch_takes_what_is_there(store: SecretStore, bucket: MemoryBucket) -> None:
    bucket.plant(KEY, b"one\n")
    bucket.plant("locked/deep/er/file", b"two")
    bucket.plant("boot/bundle.tar.gz", b"the machines' own")
    bucket.plant("common/", b"")
    events, done = played(store.fetch())
    assert done.moved == ("locked/deep/er/file", KEY)
    assert done.size == 7
    assert became(events, FileAction.FETCHED) == list(done.moved)
    assert store.copy.read(KEY) == b"one\n"
    assert store.copy.path("locked/deep/er/file").stat().st_mode & 0o777 == 0o600
    assert store.copy.path("locked/deep/er/file").parent.stat().st_mode & 0o777 == 0o700
    assert not store.copy.path("boot/bundle.tar.gz").exists()
    assert [stored.key for stored in store.compare().left_out] == ["boot/bundle.tar.gz", "common/"]
    assert said(events) == ""
    assert played(store.fetch())[1].unchanged


def test_the_machines_own_prefixes_are_no_part_of_it_here_either(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    write(store, "boot/by-hand.tar.gz", b"1")
    assert store.compare().files == ()
    assert played(store.upload())[1].unchanged


def test_comparing_works_where_nothing_can_be_written(
    store: SecretStore, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, KEY, b"one\n")
    bucket.plant(KEY, b"one\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert states(store) == {KEY: State.SAME}
    assert store.copy.record.in_step == {}


def test_an_upload_gives_what_is_here_authorities_first(store: SecretStore, bucket: MemoryBucket) -> None:
    for key in ("manifests/a.yaml", "secure/apiserver.crt", "common/kubernetes-ca.crt"):
        write(store, key, key.encode())
    write(store, "locked/kubernetes-ca.key", b"key")
    events, done = played(store.upload())
    assert became(events, FileAction.UPLOADED)[:2] == ["locked/kubernetes-ca.key", "common/kubernetes-ca.crt"]
    assert set(done.moved) == set(bucket.contents) == set(store.copy.files())
    assert played(store.upload())[1].unchanged
    assert played(store.fetch())[1].unchanged
    assert set(states(store).values()) == {State.SAME}


def test_the_six_states(store: SecretStore, bucket: MemoryBucket) -> None:
    names = ("same", "here", "there", "both", "gone-here", "gone-there", "alike")
    for name in names:
        bucket.plant(name, b"0")
    played(store.fetch())
    for name in ("here", "both"):
        write(store, name, b"1")
    for name in ("there", "both"):
        bucket.plant(name, b"22")
    write(store, "alike", b"3")
    bucket.plant("alike", b"3")
    store.remove(["gone-here"], Side.HERE)
    bucket.plant("gone-there", None)
    write(store, "new-here", b"4")
    bucket.plant("new-there", b"4")
    assert states(store) == {
        "alike": State.SAME,
        "both": State.CHANGED_BOTH,
        "gone-here": State.ONLY_THERE,
        "gone-there": State.ONLY_HERE,
        "here": State.CHANGED_HERE,
        "new-here": State.ONLY_HERE,
        "new-there": State.ONLY_THERE,
        "same": State.SAME,
        "there": State.CHANGED_THERE,
    }
    known = {file.key: file.known for file in store.compare().files}
    assert known["gone-here"]
    assert known["gone-there"]
    assert not known["new-here"]
    assert not known["new-there"]


@pytest.mark.parametrize("kept", [True, False])
def test_equal_content_without_a_record_becomes_known(
    store: SecretStore, bucket: MemoryBucket, kept: bool
) -> None:
    """A record that is lost, or another computer's files: the bucket's digest decides, or its content."""
    write(store, KEY, b"one\n")
    bucket.plant(KEY, b"one\n")
    write(store, "other", b"1")
    bucket.plant("other", b"2")
    if not kept:
        bucket.without_digest = {KEY, "other"}
    assert states(store) == {KEY: State.SAME, "other": State.CHANGED_BOTH}
    bucket.calls.clear()
    assert states(store)[KEY] is State.SAME
    assert not {("digest", KEY), ("get", KEY)} & set(bucket.calls)
    assert KEY in store.copy.record.in_step


def test_an_object_that_was_written_again_as_it_was_is_not_changed(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    in_step(store, bucket, "unchanged", b"one\n")
    in_step(store, bucket, "changed-here", b"one\n")
    write(store, "changed-here", b"mine, and longer\n")
    bucket.plant("unchanged", b"one\n")
    bucket.plant("changed-here", b"one\n")
    assert states(store) == {"changed-here": State.CHANGED_HERE, "unchanged": State.SAME}
    assert played(store.upload())[1].moved == ("changed-here",)


def test_a_file_of_another_size_is_not_asked_for(store: SecretStore, bucket: MemoryBucket) -> None:
    write(store, KEY, b"one\n")
    bucket.plant(KEY, b"one, and more\n")
    assert states(store) == {KEY: State.CHANGED_BOTH}
    assert ("digest", KEY) not in bucket.calls


def test_what_both_sides_lost_is_forgotten(store: SecretStore, bucket: MemoryBucket) -> None:
    in_step(store, bucket)
    store.remove([KEY], Side.HERE)
    store.remove([KEY], Side.THERE)
    assert store.compare().files == ()
    assert store.copy.record.in_step == {}


def test_a_conflict_leaves_both_and_overwriting_keeps_what_was_here(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    in_step(store, bucket)
    write(store, KEY, b"mine\n")
    bucket.plant(KEY, b"theirs\n")
    for move in (store.fetch, store.upload):
        events, done = played(move())
        assert done.conflicts == (KEY,)
        assert done.moved == ()
        assert became(events, FileAction.CONFLICT) == [KEY]
    assert (store.copy.read(KEY), bucket.content(KEY)) == (b"mine\n", b"theirs\n")
    events, done = played(store.fetch(overwrite=True))
    assert done.moved == (KEY,)
    assert store.copy.read(KEY) == b"theirs\n"
    (kept,) = (store.copy.folder / "replaced").glob(f"*/{KEY}")
    assert kept.read_bytes() == b"mine\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    (event,) = [event for event in events if isinstance(event, FileChanged)]
    assert str(kept) in event.detail


def test_an_upload_that_overwrites_takes_our_side(store: SecretStore, bucket: MemoryBucket) -> None:
    in_step(store, bucket)
    write(store, KEY, b"mine\n")
    bucket.plant(KEY, b"theirs\n")
    assert played(store.upload(overwrite=True))[1].moved == (KEY,)
    assert bucket.content(KEY) == b"mine\n"
    assert store.read(KEY, Side.THERE, store.history(KEY)[1].version) == b"theirs\n"
    assert states(store) == {KEY: State.SAME}


def test_two_uploads_at_once_one_is_told(tmp_path: Path, bucket: MemoryBucket) -> None:
    ours, theirs = make_store(tmp_path / "ours", bucket), make_store(tmp_path / "theirs", bucket)
    in_step(ours, bucket)
    in_step(theirs, bucket)
    write(ours, KEY, b"ours\n")
    write(theirs, KEY, b"theirs\n")

    def meanwhile(call: str, key: str) -> None:
        if call == "put":
            bucket.before = lambda _call, _key: None
            assert played(theirs.upload())[1].moved == (KEY,)

    bucket.before = meanwhile
    events, done = played(ours.upload())
    assert done.conflicts == (KEY,)
    (conflict,) = [event for event in events if isinstance(event, FileChanged)]
    assert "was changed in the bucket meanwhile" in conflict.detail
    assert (bucket.content(KEY), ours.copy.read(KEY)) == (b"theirs\n", b"ours\n")
    assert states(ours) == {KEY: State.CHANGED_BOTH}


def test_nothing_follows_an_authority_that_is_another_one_there(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    for key in ("locked/kubernetes-ca.key", "common/kubernetes-ca.crt", "secure/apiserver.crt"):
        write(store, key, b"ours")
    bucket.before = lambda call, key: (
        bucket.plant(key, b"theirs") if call == "put" and key.startswith("locked/") else None
    )
    events, done = played(store.upload())
    assert done.conflicts == ("locked/kubernetes-ca.key",)
    assert bucket.contents == {"locked/kubernetes-ca.key": b"theirs"}
    assert "nothing that depends on it" in said(events)
    bucket.before = lambda _call, _key: None
    events, done = played(store.upload())
    assert done.moved == ()
    assert bucket.contents == {"locked/kubernetes-ca.key": b"theirs"}


def test_deletions_only_where_asked(store: SecretStore, bucket: MemoryBucket) -> None:
    for key in ("a", "b", "c", "d"):
        bucket.plant(key, b"0")
    played(store.fetch())
    bucket.plant("a", None)
    bucket.plant("b", None)
    write(store, "b", b"changed here since")
    write(store, "mine", b"never there")
    store.remove(["c", "d"], Side.HERE)
    bucket.plant("d", b"changed there since")
    assert played(store.fetch(["a", "b", "mine"]))[1].unchanged
    events, done = played(store.fetch(["a", "b", "mine"], delete=True))
    assert (done.deleted, done.conflicts) == (("a",), ("b",))
    assert became(events, FileAction.DELETED_HERE) == ["a"]
    assert set(store.copy.files()) == {"b", "mine"}
    done = played(store.upload(["c", "d"], delete=True))[1]
    assert (done.deleted, done.conflicts) == (("c",), ("d",))
    assert bucket.content("c") is None
    assert bucket.content("d") is not None
    assert played(store.upload(["d"], delete=True, overwrite=True))[1].deleted == ("d",)
    assert played(store.fetch(["b"], delete=True, overwrite=True))[1].deleted == ("b",)
    assert len(list((store.copy.folder / "replaced").glob("*/b"))) == 1


def test_a_dry_run_moves_nothing(store: SecretStore, bucket: MemoryBucket) -> None:
    bucket.plant("theirs", b"1")
    write(store, "ours", b"2")
    events, done = played(store.fetch(dry_run=True))
    assert done.moved == ("theirs",)
    assert became(events, FileAction.FETCHED) == ["theirs"]
    assert played(store.upload(dry_run=True))[1].moved == ("ours",)
    assert set(store.copy.files()) == {"ours"}
    assert set(bucket.contents) == {"theirs"}


def test_only_the_named_keys_move(store: SecretStore, bucket: MemoryBucket) -> None:
    for key in ("a", "b", "c"):
        bucket.plant(key, b"0")
    assert played(store.fetch(["b", "nowhere"]))[1].moved == ("b",)
    assert set(store.copy.files()) == {"b"}


def test_a_fetch_that_fails_leaves_all_and_the_next_uses_what_arrived(
    store: SecretStore, bucket: MemoryBucket, every_step_told: None
) -> None:
    in_step(store, bucket)
    bucket.plant(KEY, b"newer\n")
    for number in range(40):
        bucket.plant(f"manifests/{number:02}", b"%d" % number)
    bucket.plant("manifests/zz", b"foreign", ours=False)
    arrived = threading.Event()
    bucket.before = lambda call, key: arrived.wait(20) if (call, key) == ("get", "manifests/zz") else None
    fetch = store.fetch()
    while not isinstance(event := next(fetch), Progress) or event.done == 0:
        pass
    arrived.set()
    with pytest.raises(NotOursError, match="manifests/zz is not encrypted with the environment's"):
        played(fetch)
    assert {key: store.copy.read(key) for key in store.copy.files()} == {KEY: b"one\n"}
    bucket.plant("manifests/zz", b"ours")
    bucket.calls.clear()
    assert len(played(store.fetch())[1].moved) == 42
    again = {key for call, key in bucket.calls if call == "get"}
    assert "manifests/zz" in again
    assert len(again) < 42
    assert store.copy.read("manifests/07") == b"7"
    assert not store.copy.stage.folder.exists()


def test_a_stopped_fetch_changes_nothing(
    store: SecretStore, bucket: MemoryBucket, every_step_told: None
) -> None:
    for number in range(30):
        bucket.plant(f"manifests/{number:02}", b"%d" % number)
    stop = Stop()
    fetch = store.fetch(stop=stop)
    while not isinstance(event := next(fetch), Progress) or event.done == 0:
        pass
    stop.request()
    events, done = played(fetch)
    assert any(isinstance(event, StopRequested) for event in events)
    assert done.stopped
    assert done.moved == ()
    assert store.copy.files() == {}
    assert len(played(store.fetch())[1].moved) == 30


def test_a_stopped_upload_says_what_it_did(store: SecretStore, bucket: MemoryBucket) -> None:
    for number in range(30):
        write(store, f"manifests/{number:02}", b"%d" % number)
    stop = Stop()
    bucket.before = lambda call, _key: (
        stop.request() if [name for name, _ in bucket.calls].count("put") > 5 else None
    )
    done = played(store.upload(stop=stop))[1]
    assert done.stopped
    assert 0 < len(bucket.contents) < 30
    assert set(done.moved) <= set(bucket.contents)
    bucket.before = lambda _call, _key: None
    assert not played(store.upload())[1].conflicts
    assert set(states(store).values()) == {State.SAME}


def test_an_upload_that_fails_remembers_what_it_did(store: SecretStore, bucket: MemoryBucket) -> None:
    write(store, "locked/kubernetes-ca.key", b"1")
    write(store, "secure/apiserver.crt", b"2")

    def broken(call: str, key: str) -> None:
        if (call, key) == ("put", "secure/apiserver.crt"):
            raise KubeplatError("The bucket may only be read.")

    bucket.before = broken
    with pytest.raises(KubeplatError, match="only be read"):
        played(store.upload())
    assert set(store.copy.record.in_step) == {"locked/kubernetes-ca.key"}
    assert store.copy.read("secure/apiserver.crt") == b"2"


def test_an_object_that_changes_while_it_is_fetched_is_fetched_anew(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    bucket.plant(KEY, b"one\n")
    left = iter([1])

    def meanwhile(call: str, key: str) -> None:
        if call == "get" and next(left, None):
            bucket.plant(key, b"two\n")

    bucket.before = meanwhile
    assert played(store.fetch())[1].moved == (KEY,)
    assert store.copy.read(KEY) == b"two\n"
    assert states(store) == {KEY: State.SAME}


def test_keys_that_cannot_both_be_files(store: SecretStore, bucket: MemoryBucket) -> None:
    for key in ("a", "a/b", "c/../d", "e\n", "good", "\\"):
        bucket.plant(key, b"0")
    events, done = played(store.fetch())
    assert done.moved == ("a/b", "good")
    for named in ("a cannot be a file here beside what lies below a/", "'c/../d' cannot be", "'e\\n' cannot"):
        assert named in said(events)
    assert {stored.key for stored in store.compare().left_out} == {"a", "c/../d", "e\n", "\\"}


def test_the_file_that_is_here_stays_where_it_and_a_folder_are_there(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    in_step(store, bucket, "a", b"0")
    bucket.plant("a/b", b"1")
    events, done = played(store.fetch())
    assert done.unchanged
    assert "a/b cannot be here while a is a file" in said(events)
    bucket.plant("a", None)
    assert played(store.fetch(delete=True))[1].deleted == ("a",)
    assert played(store.fetch())[1].moved == ("a/b",)


def test_a_file_system_that_folds_case(
    store: SecretStore, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(store.copy), "folds_case", True)
    bucket.plant("common/CA.crt", b"1")
    bucket.plant("common/ca.crt", b"2")
    events, done = played(store.fetch())
    assert done.moved == ("common/CA.crt",)
    assert "common/ca.crt and common/CA.crt would be one file" in said(events)


def test_saving_refuses_what_changed_meanwhile(store: SecretStore) -> None:
    saved = store.save(KEY, b"one\n", "")
    assert saved.sha256 == sha(b"one\n")
    assert store.save(KEY, b"two\n", saved.sha256).sha256 == sha(b"two\n")
    with pytest.raises(KubeplatError, match="was changed here while it was edited"):
        store.save(KEY, b"three\n", saved.sha256)
    with pytest.raises(KubeplatError, match="was changed here while it was edited"):
        store.save(KEY, b"three\n", "")
    assert store.read(KEY, Side.HERE) == b"two\n"


def test_deleting_there_is_bound_to_what_was_seen(store: SecretStore, bucket: MemoryBucket) -> None:
    in_step(store, bucket)
    store.compare()
    bucket.plant(KEY, b"somebody else's\n")
    with pytest.raises(ConflictError):
        store.remove([KEY], Side.THERE)
    assert bucket.content(KEY) == b"somebody else's\n"
    store.compare()
    store.remove([KEY], Side.THERE)
    assert bucket.content(KEY) is None
    assert store.history(KEY)[0].deleted


def test_history_and_restore(store: SecretStore, bucket: MemoryBucket) -> None:
    bucket.plant(KEY, b"old\n")
    bucket.plant(f"{KEY}.not", b"another key\n")
    in_step(store, bucket, KEY, b"new\n")
    history = store.history(KEY)
    assert [version.latest for version in history] == [True, False]
    assert store.read(KEY, Side.THERE, history[1].version) == b"old\n"
    store.restore(KEY, history[1].version)
    assert bucket.content(KEY) == b"old\n"
    assert states(store)[KEY] is State.CHANGED_THERE
    bucket.plant(KEY, None)
    store.restore(KEY, history[0].version)
    assert bucket.content(KEY) == b"new\n"


def test_reading_what_is_not_there(store: SecretStore) -> None:
    for side in Side:
        with pytest.raises(NotFoundError):
            store.read(KEY, side)


def test_progress_is_told_without_flooding(
    store: SecretStore, bucket: MemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        bucket.plant(f"manifests/{number:03}", b"0123456789")
    clock = iter(range(10**9))
    monkeypatch.setattr("kubeplat_tui.services.secrets.pace.time.monotonic", lambda: next(clock) * 0.01)
    progress = [event for event in played(store.fetch())[0] if isinstance(event, Progress)]
    assert progress[-1].done == progress[-1].total == 300
    assert progress[-1].size == progress[-1].total_size == 3000
    assert len(progress) < 100


def test_a_file_under_a_passphrase(store: SecretStore, bucket: MemoryBucket) -> None:
    key = "locked/id_ed25519"
    in_step(store, bucket, key, b"plain")
    store.copy.protect(key, b"under a passphrase")
    assert states(store) == {key: State.SAME}
    assert played(store.upload())[1].unchanged
    assert played(store.fetch())[1].unchanged
    assert store.copy.read(key) == b"under a passphrase"
    assert store.copy.protected([key]) == {key}
    store.copy.unprotect(key, b"plain")
    assert store.copy.protected([key]) == set()
    assert states(store) == {key: State.SAME}


def test_a_file_under_a_passphrase_never_reaches_the_bucket_like_that(
    store: SecretStore, bucket: MemoryBucket
) -> None:
    key = "locked/id_ed25519"
    in_step(store, bucket, key, b"plain")
    store.copy.protect(key, b"under a passphrase")
    bucket.plant(key, None)
    events, done = played(store.upload())
    assert done.unchanged
    assert "kubeplat ssh-key unprotect" in said(events)
    with pytest.raises(KubeplatError, match="under a passphrase"):
        store.save(key, b"edited", sha(b"plain"))
    bucket.plant(key, b"a new one")
    events, done = played(store.fetch(overwrite=True))
    assert done.moved == (key,)
    assert store.copy.read(key) == b"a new one"
    assert "kubeplat ssh-key protect" in said(events)
    assert store.copy.protected([key]) == set()


def test_a_store_whose_environment_has_no_secrets_here(store: SecretStore) -> None:
    assert store.expiries() == {}
    assert store_module.local_expiry(store.site.workplace, "demo") is None
    assert not store.copy.folder.exists()


def test_a_working_copy_that_cannot_be_read_is_not_taken_for_none(store: SecretStore) -> None:
    write(store, "secure/apiserver.crt", b"one\n")
    folder = store.copy.path("secure")
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("/")
    with pytest.raises(KubeplatError, match="secure"):
        store_module.local_expiry(store.site.workplace, "demo")
