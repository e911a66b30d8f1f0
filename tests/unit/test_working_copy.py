"""The working copy on the disk: private, whole, one at a time; links and devices are left alone."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.runs import BusyError
from kubeplat_tui.services.secrets import work_lock
from kubeplat_tui.services.secrets.record import InStep, Protected, Record
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from tests.unit.memory_bucket import sha

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "secure/tokens.csv"


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return WorkingCopy(tmp_path / "demo")


def test_making_one_touches_nothing(copy: WorkingCopy) -> None:
    assert copy.files() == {}
    assert dict(copy.snapshot()) == {}
    assert copy.file(KEY) is None
    assert not copy.folder.exists()


def test_files_and_folders_are_private_whatever_the_umask(copy: WorkingCopy) -> None:
    before = os.umask(0)
    try:
        copy.commit({KEY: b"one\n", "locked/deep/er": b"two\n"})
    finally:
        os.umask(before)
    for path in copy.folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_what_others_could_read_is_made_private(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    copy.path(KEY).chmod(0o644)
    copy.path(KEY).parent.chmod(0o755)
    copy.files()
    assert copy.path(KEY).stat().st_mode & 0o777 == 0o600
    assert copy.path(KEY).parent.stat().st_mode & 0o777 == 0o700


def test_a_commit_writes_and_deletes_together(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n", "locked/a/b": b"two\n"})
    copy.commit({KEY: b"three\n"}, ["locked/a/b", "locked/never"])
    assert set(copy.files()) == {KEY}
    assert copy.read(KEY) == b"three\n"
    assert not (copy.root / "locked").exists()
    assert list(copy.stage.folder.iterdir()) == []


def test_what_is_written_is_not_deleted_by_the_same_commit(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"}, [KEY])
    assert copy.read(KEY) == b"one\n"


def link(copy: WorkingCopy) -> None:
    outside = copy.folder.parent / "outside"
    outside.write_bytes(b"mine")
    copy.path(KEY).unlink()
    copy.path(KEY).symlink_to(outside)


def linked_folder(copy: WorkingCopy) -> None:
    (copy.folder.parent / "elsewhere").mkdir()
    copy.path(KEY).unlink()
    copy.path(KEY).parent.rmdir()
    copy.path(KEY).parent.symlink_to(copy.folder.parent / "elsewhere")


def pipe(copy: WorkingCopy) -> None:
    copy.path(KEY).unlink()
    os.mkfifo(copy.path(KEY))


def bound_socket(copy: WorkingCopy) -> None:
    copy.path(KEY).unlink()
    with socket.socket(socket.AF_UNIX) as server:
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(copy.path(KEY).parent)  # a socket's path must be short
            server.bind("tokens.csv")
        finally:
            os.fchdir(before)
            os.close(before)


@pytest.mark.parametrize("put", [link, linked_folder, pipe, bound_socket])
def test_what_is_no_file_is_refused_and_left(copy: WorkingCopy, put: Callable[[WorkingCopy], None]) -> None:
    copy.commit({KEY: b"one\n"})
    put(copy)
    before = sorted(str(path) for path in copy.folder.parent.rglob("*") if "stage" not in str(path))
    for use in (
        copy.files,
        lambda: dict(copy.snapshot()),
        lambda: copy.read(KEY),
        lambda: copy.file(KEY),
        lambda: copy.commit({KEY: b"two\n"}),
        lambda: copy.commit({}, [KEY]),
        lambda: copy.protect(KEY, b"two\n"),
    ):
        with pytest.raises(KubeplatError, match="the working copy holds files only"):
            use()
    after = sorted(str(path) for path in copy.folder.parent.rglob("*") if "stage" not in str(path))
    assert [path for path in after if "secrets.lock" not in path] == [
        path for path in before if "secrets.lock" not in path
    ]
    if put is link:
        assert (copy.folder.parent / "outside").read_bytes() == b"mine"
        assert copy.path(KEY).is_symlink()


def test_a_folder_in_the_way_of_a_file_and_the_other_way_round(copy: WorkingCopy) -> None:
    copy.commit({"a/b": b"1"})
    with pytest.raises(KubeplatError, match="a is a folder"):
        copy.commit({"a": b"2"})
    with pytest.raises(KubeplatError, match="b is a file"):
        copy.commit({"new": b"2", "a/b/c": b"2"})
    assert {key: copy.read(key) for key in copy.files()} == {"a/b": b"1"}


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../../b", "a//b", "a/", "a\x00b", "a\nb"])
def test_keys_that_cannot_be_files(copy: WorkingCopy, key: str) -> None:
    for use in (
        copy.path,
        copy.read,
        lambda key: copy.commit({key: b"1"}),
        lambda key: copy.commit({}, [key]),
    ):
        with pytest.raises(InputError):
            use(key)
    assert not copy.root.exists() or not list(copy.root.iterdir())


def test_a_name_that_is_no_text(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    os.close(os.open(os.fsencode(copy.root) + b"/\xff", os.O_CREAT | os.O_WRONLY, 0o600))
    with pytest.raises(KubeplatError, match="a name that is not UTF-8"):
        copy.files()


def test_what_editors_leave_is_no_secret(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    for name in (".tokens.csv.swp", "tokens.csv~", "#tokens.csv#", ".DS_Store"):
        copy.path(KEY).with_name(name).write_bytes(b"left")
    copy.path(KEY).with_name(".#tokens.csv").symlink_to("jest@host.1234")  # as Emacs locks
    assert set(copy.files()) == {KEY}


def test_reading_what_is_absent_or_unreadable(copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.commit({KEY: b"one\n"})
    with pytest.raises(NotFoundError):
        copy.read("secure/nothing")

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", str(copy.path(KEY)))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(KubeplatError, match=r"tokens\.csv cannot be read") as raised:
        copy.read(KEY)
    assert not isinstance(raised.value, NotFoundError)


def test_a_changed_file_is_seen_although_digests_are_remembered(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    os.utime(copy.path(KEY), ns=(1, 1))
    assert copy.files()[KEY].sha256 == sha(b"one\n")
    copy.path(KEY).write_bytes(b"two\n")
    os.utime(copy.path(KEY), ns=(1, 1))
    for looking in (copy, WorkingCopy(copy.folder)):
        assert looking.files()[KEY].sha256 == sha(b"two\n")


def test_remembered_digests_spare_reading(copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.commit({KEY: b"one\n"})
    monkeypatch.setattr("kubeplat_tui.services.secrets.record.SETTLED", -(10**18))
    copy.files()
    monkeypatch.setattr("kubeplat_tui.services.secrets.working_copy.digest_of", None)
    assert WorkingCopy(copy.folder).files()[KEY].sha256 == sha(b"one\n")


@pytest.mark.parametrize("broken", [b"", b"{", b"kubeplat secrets 1\nin step\ttokens", b"\xff"])
def test_broken_digests_are_made_anew_a_broken_record_is_said(copy: WorkingCopy, broken: bytes) -> None:
    copy.commit({KEY: b"one\n"})
    (copy.folder / "secrets.digests").write_bytes(broken)
    assert WorkingCopy(copy.folder).files()[KEY].sha256 == sha(b"one\n")
    (copy.folder / "secrets.record").write_bytes(broken)
    with pytest.raises(KubeplatError, match=r"secrets\.record cannot be read"):
        WorkingCopy(copy.folder).files()
    assert copy.path(KEY).read_bytes() == b"one\n"


def test_a_broken_redo_note_is_said_and_nothing_touched(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    (copy.folder / "secrets.redo").write_bytes(b"{")
    with pytest.raises(KubeplatError, match="which change of the secrets is to be finished"):
        copy.files()


TEXT = some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
HEX = some.text("0123456789abcdef", max_size=64)


@given(
    some.dictionaries(TEXT, some.builds(InStep, TEXT, TEXT, HEX)),
    some.dictionaries(TEXT, some.builds(Protected, HEX, HEX)),
)
def test_a_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, in_step: dict[str, InStep], protected: dict[str, Protected]
) -> None:
    path = tmp_path_factory.mktemp("record") / "record"
    path.write_bytes(Record(in_step, protected).encoded())
    assert Record.load(path) == Record(in_step, protected)


def test_the_lock_says_who_has_it(copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_lock, "PATIENCE", 0.0)
    with copy.lock("fetching the secrets"), copy.lock("again, in the same thread"):
        with (
            pytest.raises(BusyError, match="fetching the secrets") as raised,
            WorkingCopy(copy.folder).lock(),
        ):
            pass
        assert "in use on this computer since" in str(raised.value)
        assert "This program itself" in str(raised.value)
        found: list[BaseException] = []

        def elsewhere() -> None:
            try:
                copy.commit({KEY: b"two\n"})
            except KubeplatError as error:
                found.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert isinstance(found[0], BusyError)
        copy.commit({KEY: b"one\n"})
    copy.commit({KEY: b"three\n"})


def test_a_moment_of_somebody_elses_work_is_waited_for(
    copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = WorkingCopy(copy.folder).lock("something short")
    theirs.__enter__()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            theirs.__exit__(None, None, None)

    monkeypatch.setattr("kubeplat_tui.services.secrets.work_lock.time.sleep", wait)
    copy.commit({KEY: b"one\n"})
    assert len(waited) == 3


def test_looking_does_not_wait_for_a_lock(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    with WorkingCopy(copy.folder).lock("fetching"):
        assert set(copy.files()) == {KEY}
        assert copy.read(KEY) == b"one\n"


def test_what_was_written_by_hand_after_a_kill_is_kept(
    copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.commit({KEY: b"one\n", "other": b"1"})

    def killed(*_: object) -> None:
        raise KubeplatError("Killed.")

    with monkeypatch.context() as patch:
        patch.setattr("kubeplat_tui.services.secrets.transaction.Change.carry_out", killed)
        with pytest.raises(KubeplatError, match="Killed"):
            copy.commit({KEY: b"two\n"}, ["other"])
    note = copy.folder / "secrets.redo"
    os.utime(note, ns=(1, 1))
    copy.path(KEY).write_bytes(b"by hand\n")
    after = WorkingCopy(copy.folder)
    assert set(after.files()) == {KEY}
    assert after.read(KEY) == b"two\n"
    (kept,) = (copy.folder / "replaced").glob(f"*/{KEY}")
    assert kept.read_bytes() == b"by hand\n"


def test_a_file_written_over_a_protected_one_is_plain_again(copy: WorkingCopy) -> None:
    copy.commit({KEY: b"one\n"})
    copy.protect(KEY, b"under a passphrase")
    assert copy.files()[KEY].sha256 == sha(b"one\n")
    copy.protect(KEY, b"under another passphrase")
    assert copy.files()[KEY].sha256 == sha(b"one\n")
    copy.commit({KEY: b"two\n"})
    assert copy.record.protected == {}
    with pytest.raises(NotFoundError):
        copy.protect("secure/nothing", b"1")


def test_a_snapshot_reads_what_is_asked_for(copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.commit({"common/a": b"1", "locked/b": b"2", "manifests/c": b"3"})
    read: list[str] = []
    real = WorkingCopy.read

    def noticed(self: WorkingCopy, key: str) -> bytes:
        read.append(key)
        return real(self, key)

    monkeypatch.setattr(WorkingCopy, "read", noticed)
    files = copy.snapshot()
    assert list(files) == ["common/a", "locked/b"]
    assert "locked/b" in files
    assert "manifests/c" not in files
    assert read == []
    assert (files["locked/b"], files["locked/b"], files.get("locked/none")) == (b"2", b"2", None)
    assert read == ["locked/b"]
