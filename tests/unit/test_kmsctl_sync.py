"""`kmsctl get --sync`: changes and deletions are followed, what others wrote is left, trouble is outlived."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.kmsctl.folder import Folder
from kubeplat_tui.kmsctl.getting import Getter, Getting
from kubeplat_tui.kmsctl.objects import Objects
from kubeplat_tui.kmsctl.options import Options
from kubeplat_tui.kmsctl.sync import LOCK, RECORD, Record, alone, follow
from kubeplat_tui.kmsctl.work import Front, Work
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import Stop
from tests.unit.kmsctl_support import BUCKET, REGION, Kmsctl, client, put

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def kmsctl(
    in_process_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Kmsctl:
    monkeypatch.chdir(tmp_path)
    made = Kmsctl(tmp_path, {"AWS_DEFAULT_REGION": REGION, "HOME": str(tmp_path)}, capfd)
    made.make()
    return made


def delete(key: str) -> None:
    client("s3").delete_object(Bucket=BUCKET, Key=key)


def step(
    kmsctl: Kmsctl, *paths: str, pattern: str = "", recursive: bool = True, flatten: bool = False
) -> list[str]:
    """One look at the bucket; gives what was said of it."""
    with Work(Front(Options(), kmsctl.environ)) as work:
        root = Path("secrets")
        getting = Getting(
            objects=Objects(work.cloud, BUCKET),
            paths=paths or ("",),
            root=root,
            mode=0o600,
            recursive=recursive,
            flatten=flatten,
            pattern=re.compile(pattern),
        )
        folder = Folder(root, 0o600)
        folder.make_root()
        kmsctl.capture.readouterr()
        Getter(work, getting, folder, Stop()).in_step()
    return sorted(kmsctl.capture.readouterr().out.splitlines())


def here() -> dict[str, str]:
    return {
        str(each.relative_to("secrets")): each.read_text()
        for each in Path("secrets").rglob("*")
        if each.is_file() and each.name not in {RECORD, LOCK}
    }


def test_changes_and_deletions_are_followed(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    put("folder/deep/b", b"two")
    assert len(step(kmsctl)) == 2
    assert step(kmsctl) == []
    put("a", b"changed")
    assert step(kmsctl) == ["retrieved the file: a and wrote to: secrets/a"]
    delete("folder/deep/b")
    assert step(kmsctl) == ["removed the file: secrets/folder/deep/b, folder/deep/b is gone from the bucket"]
    assert here() == {"a": "changed"}
    assert not Path("secrets/folder").exists()
    put("folder/deep/b", b"again")
    step(kmsctl)
    assert here() == {"a": "changed", "folder/deep/b": "again"}


def test_what_others_wrote_is_never_removed(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    put("b", b"two")
    step(kmsctl)
    Path("secrets/mine").write_text("mine")
    Path("secrets/b").write_text("changed here")
    delete("a")
    delete("b")
    assert len(step(kmsctl)) == 1
    assert here() == {"mine": "mine", "b": "changed here"}


def test_what_was_changed_here_is_set_right(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    step(kmsctl)
    Path("secrets/a").write_text("changed here")
    assert len(step(kmsctl)) == 1
    Path("secrets/a").unlink()
    assert len(step(kmsctl)) == 1
    assert here() == {"a": "one"}


def test_only_what_is_asked_for_is_removed(kmsctl: Kmsctl) -> None:
    for key in ("x/a", "x/b.crt", "y/c", "top"):
        put(key, b"1")
    step(kmsctl)
    for key in ("x/a", "x/b.crt", "y/c", "top"):
        delete(key)
    step(kmsctl, "x", pattern=r"\.crt$")
    assert sorted(here()) == ["top", "x/a", "y/c"]
    step(kmsctl, recursive=False)
    assert sorted(here()) == ["x/a", "y/c"]
    step(kmsctl, "y/c")
    assert sorted(here()) == ["x/a"]


def test_a_file_that_moved_in_the_bucket_stays_when_flattened(kmsctl: Kmsctl) -> None:
    put("old/a", b"1")
    step(kmsctl, flatten=True)
    delete("old/a")
    put("new/a", b"2")
    step(kmsctl, flatten=True)
    assert here() == {"a": "2"}


def test_a_failed_look_removes_nothing(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    put("b", b"two")
    step(kmsctl)
    delete("a")
    put("b", b"new")
    client("kms").disable_key(KeyId=kmsctl.environ["AWS_KMS_ID"])
    with pytest.raises(KubeplatError, match="disabled"):
        step(kmsctl)
    assert here() == {"a": "one", "b": "two"}
    client("kms").enable_key(KeyId=kmsctl.environ["AWS_KMS_ID"])
    step(kmsctl)
    assert here() == {"b": "new"}


def test_a_record_that_cannot_be_read_removes_nothing(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    step(kmsctl)
    Path("secrets", RECORD).write_text('{"a": {"nonsense": 1}}')
    delete("a")
    with pytest.raises(KubeplatError, match="cannot be read"):
        step(kmsctl)
    assert here() == {"a": "one"}
    assert (Path("secrets", RECORD).stat().st_mode & 0o777) == 0o600


def test_the_record_is_as_it_was_left(tmp_path: Path, kmsctl: Kmsctl) -> None:
    assert Record(tmp_path).files == {}
    put("a", b"one")
    step(kmsctl)
    kept = Record(Path("secrets")).files["a"]
    assert (kept.bucket, kept.key, kept.size) == (BUCKET, "a", 3)
    assert kept.untouched(Path("secrets/a"))


def test_two_syncs_do_not_share_a_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(InputError, match="Another kmsctl"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def outcomes(stop: Stop, *told: str | None) -> Callable[[], None]:
    """Fails with each sentence, works for None; then asks to stop."""
    left = list(told)

    def once() -> None:
        what = left.pop(0)
        if not left:
            stop.request()
        if what is not None:
            raise KubeplatError(what)

    return once


def test_trouble_is_said_once_and_outlived() -> None:
    stop, said = Stop(), list[str]()
    follow(
        outcomes(stop, None, "No network.", "No network.", "No key.", None, None), 0.001, stop, said.append
    )
    assert said == [
        "No network. Trying again every 0.001 s.",
        "No key. Trying again every 0.001 s.",
        "in step again",
    ]


def test_bad_input_ends_it() -> None:
    def once() -> None:
        raise InputError("Nonsense.")

    with pytest.raises(InputError):
        follow(once, 60, Stop(), lambda _: None)
