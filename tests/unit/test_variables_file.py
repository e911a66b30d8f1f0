"""The editor's file: edited in place, compared, and saved without losing anybody's work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.variables import declarations as variables
from kubeplat_tui.services.variables.declarations import Problem
from kubeplat_tui.services.variables.variable_file import VariableFile

TERRAFORM = Path(__file__).parents[2] / "terraform"
TEXT = '# mine\nenvironment = "dev" # same as the file\n\nvpc_cidr = "10.80.0.0/16"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to edit."""
    path = tmp_path / "dev.tfvars"
    path.write_text(TEXT)
    return path


def test_edits_make_another_file_and_touch_nothing(path: Path) -> None:
    file = VariableFile.load(path)
    edited = file.with_value("vpc_cidr", "10.81.0.0/16").with_value("sandbox", True)
    assert file.text == TEXT
    assert edited.text == TEXT.replace("10.80.", "10.81.") + "sandbox = true\n"
    assert (file.edited, edited.edited) == (False, True)
    assert edited.value("sandbox") is True
    assert (file.is_set("sandbox"), file.value("sandbox")) == (False, None)
    assert edited.without("sandbox").with_value("vpc_cidr", "10.80.0.0/16") == file
    assert path.read_text() == TEXT


def test_the_same_value_is_not_written_anew(path: Path) -> None:
    path.write_text("list = [ 1,  2 ] # so\n")
    file = VariableFile.load(path)
    assert file.with_value("list", [1, 2]) is file
    assert file.with_value("list", [1, True]).text == "list = [1, true] # so\n"


def test_the_difference_is_lines(path: Path) -> None:
    file = VariableFile.load(path)
    edited = file.with_value("vpc_cidr", "10.81.0.0/16")
    assert edited.saved().diff(edited) == [
        "--- dev.tfvars (before)",
        "+++ dev.tfvars (after)",
        "@@ -1,4 +1,4 @@",
        " # mine",
        ' environment = "dev" # same as the file',
        " ",
        '-vpc_cidr = "10.80.0.0/16"',
        '+vpc_cidr = "10.81.0.0/16"',
    ]
    assert file.diff(file) == []


def test_saving_writes_and_forgets_what_was_loaded(path: Path) -> None:
    path.chmod(0o640)
    saved = VariableFile.load(path).with_value("sandbox", True).save()
    assert path.read_text() == TEXT + "sandbox = true\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert not saved.edited
    saved.without("sandbox").save()
    assert path.read_text() == TEXT
    assert [each.name for each in path.parent.iterdir()] == ["dev.tfvars"]


def test_saving_what_was_not_edited_does_not_write(path: Path) -> None:
    before = path.stat()
    VariableFile.load(path).save()
    assert path.stat().st_ino == before.st_ino


def test_a_change_of_somebody_else_is_not_lost(path: Path) -> None:
    edited = VariableFile.load(path).with_value("sandbox", True)
    before = path.stat()
    path.write_text(TEXT.replace("mine", "ours"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # the clock alone would not tell
    with pytest.raises(InputError, match="was changed by somebody else since it was loaded"):
        edited.save()
    assert path.read_text() == TEXT.replace("mine", "ours")
    assert edited.value("sandbox") is True
    path.unlink()
    with pytest.raises(InputError, match="can no longer be read; your changes were not saved"):
        edited.save()
    assert not path.exists()


def test_the_same_text_written_by_somebody_else_is_no_change(path: Path) -> None:
    edited = VariableFile.load(path).with_value("sandbox", True)
    path.write_text(TEXT)
    edited.save()
    assert path.read_text().endswith("sandbox = true\n")


def test_a_full_disk_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    edited = VariableFile.load(path).with_value("sandbox", True)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(KubeplatError, match="No space left on device"):
        edited.save()
    assert path.read_text() == TEXT
    assert [each.name for each in path.parent.iterdir()] == ["dev.tfvars"]


def test_text_keeps_the_files_line_ends_and_byte_order_mark(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    file = VariableFile.load(path)
    assert file.text == "a = 1\r\nb = 2\r\n"
    assert file.with_text("a = 1\nb = 3\n").data == b"\xef\xbb\xbfa = 1\r\nb = 3\r\n"
    assert file.with_text(file.text) == file


def test_a_broken_text_is_one_problem_and_can_be_mended(path: Path) -> None:
    declared = variables.declared(TERRAFORM)
    broken = VariableFile.load(path).with_text(TEXT + "sandbox = tru e\n")
    assert broken.problems(declared) == [
        Problem(
            "",
            "dev.tfvars:5:15: `e` was not expected here. Settings are written `name = value`, one a line; "
            "items of lists need commas between.",
            5,
        )
    ]
    with pytest.raises(InputError):
        broken.with_value("sandbox", True)
    assert broken.with_text(TEXT).value("vpc_cidr") == "10.80.0.0/16"


def test_problems_come_in_the_order_of_lines(path: Path) -> None:
    declared = variables.declared(TERRAFORM)
    path.write_text('vpc_cidr = "x"\nenvironment = "prod"\nnat_mode = "both"\n')
    problems = [problem for problem in VariableFile.load(path).problems(declared) if problem.line]
    assert [(problem.line, problem.variable) for problem in problems] == [
        (1, "vpc_cidr"), (2, "environment"), (3, "nat_mode"),
    ]  # fmt: skip
    assert problems[1].message == "environment is prod, but the file is named dev: they must be the same."


def test_what_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        VariableFile.load(tmp_path / "none.tfvars")
    (tmp_path / "latin.tfvars").write_bytes(b'a = "\xe4"')
    with pytest.raises(InputError, match="is not UTF-8 text"):
        VariableFile.load(tmp_path / "latin.tfvars")
    with pytest.raises(InputError, match="could not be read"):
        VariableFile.load(tmp_path)
