"""`kmsctl edit`: what was typed is never lost, and nothing unseen is overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.unit.kmsctl_support import BUCKET, REGION, Kmsctl, client, get, keys, put


@pytest.fixture
def kmsctl(
    in_process_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Kmsctl:
    monkeypatch.chdir(tmp_path)
    environ = {"AWS_DEFAULT_REGION": REGION, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    made = Kmsctl(tmp_path, environ, capfd)
    made.make()
    return made


def editor(text: str) -> str:
    """A command that does `text` to the file $1."""
    script = Path("editor.sh").absolute()
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o700)
    return str(script)


def test_an_object_is_edited_under_the_key_it_has(kmsctl: Kmsctl) -> None:
    other = client("kms").create_key()["KeyMetadata"]["Arn"]
    put("a", b"one\n", ServerSideEncryption="aws:kms", SSEKMSKeyId=other, ContentType="text/csv")
    edited = kmsctl("edit", "-e", editor('echo two >> "$1"'), "/a")
    assert edited.lines == [f"successfully edited and uploaded file: s3://{BUCKET}/a"]
    assert get("a") == b"one\ntwo\n"
    found = client("s3").head_object(Bucket=BUCKET, Key="a")
    assert (found["SSEKMSKeyId"], found["ContentType"]) == (other, "text/csv")


def test_nothing_is_written_where_nothing_changed(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    before = client("s3").head_object(Bucket=BUCKET, Key="a")["VersionId"]
    for text in ("true", 'echo changed > "$1"; exit 1'):
        left = kmsctl("edit", "--editor", editor(text), "a")
        assert (left.code, left.out) == (0, "")
        assert f"s3://{BUCKET}/a was not changed" in left.err
    assert client("s3").head_object(Bucket=BUCKET, Key="a")["VersionId"] == before


def test_a_new_object_is_made(kmsctl: Kmsctl) -> None:
    kmsctl.environ["VISUAL"] = editor('echo new > "$1"')
    assert kmsctl("edit", "folder/b").code == 0
    assert get("folder/b") == b"new\n"
    assert (
        client("s3").head_object(Bucket=BUCKET, Key="folder/b")["SSEKMSKeyId"] == kmsctl.environ["AWS_KMS_ID"]
    )


@pytest.mark.parametrize("there", [True, False], ids=["changed", "made"])
def test_somebody_elses_change_is_not_overwritten(
    kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    if there:
        put("a", b"one")
    mine = editor('echo mine > "$1"')

    from kubeplat_tui.kmsctl import editing

    run = editing._run

    def then_write(*given: object) -> int:
        code = run(*given)  # type: ignore[arg-type]  # as they came
        put("a", b"theirs")
        return code

    monkeypatch.setattr(editing, "_run", then_write)
    conflict = kmsctl("edit", "-e", mine, "a")
    assert conflict.code == 1
    assert "a was changed in the bucket meanwhile" in conflict.err
    assert get("a") == b"theirs"
    (kept,) = Path(".local/state/kubeplat/kmsctl").iterdir()
    assert str(kept) in conflict.err
    assert kept.read_text() == "mine\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_what_could_not_be_written_is_kept(kmsctl: Kmsctl, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", b"one")
    from kubeplat_tui.kmsctl import editing

    run = editing._run

    def then_disable(*given: object) -> int:
        code = run(*given)  # type: ignore[arg-type]  # as they came
        client("kms").disable_key(KeyId=kmsctl.environ["AWS_KMS_ID"])
        return code

    monkeypatch.setattr(editing, "_run", then_disable)
    failed = kmsctl("edit", "-e", editor('echo mine > "$1"'), "a")
    assert failed.code == 1
    assert "the KMS key is disabled" in failed.err
    (kept,) = Path(".local/state/kubeplat/kmsctl").iterdir()
    assert str(kept) in failed.err
    assert kept.read_text() == "mine\n"


def test_an_editor_that_is_not_there_is_said(kmsctl: Kmsctl) -> None:
    put("a", b"one")
    failed = kmsctl("edit", "-e", "no-such-editor --wait", "a")
    assert failed.code == 2
    assert "The editor no-such-editor --wait cannot be started" in failed.err
    assert keys() == ["a"]
