"""Editing a secret in an editor of one's own: nothing of it stays anywhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets import edit_file
from kubeplat_tui.services.secrets.edit_file import editor_command, private_edit, run_editor

CHECKOUT = Path(__file__).parents[2]
SECRET = b"top-secret-and-unlikely-anywhere-else\n"


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A runtime folder that counts as memory, so that nothing outside of this test is touched."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\ntmpfs {runtime} tmpfs rw 0 0\n")
    monkeypatch.setattr(edit_file, "MOUNTS", mounts)
    return {
        "HOME": str(tmp_path / "home"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": os.environ["PATH"],
        "TERM": "dumb",
    }


def left(environ: dict[str, str]) -> list[str]:
    """What is in the runtime folder."""
    return [str(path) for path in Path(environ["XDG_RUNTIME_DIR"]).rglob("*")]


def test_what_was_saved_comes_back_and_nothing_stays(environ: dict[str, str]) -> None:
    seen: list[Path] = []

    def run(path: Path) -> int:
        seen.append(path)
        assert path.read_bytes() == SECRET
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.with_name(".tokens.csv.swp").write_bytes(SECRET)
        (path.parent / "deeper").mkdir(mode=0o500)
        path.rename(path.with_name("tokens.csv~"))
        path.write_bytes(b"new\n")
        return 0

    assert private_edit(SECRET, "secure/tokens.csv", run, environ=environ) == b"new\n"
    assert seen[0].name == "tokens.csv"
    assert str(seen[0]).startswith(environ["XDG_RUNTIME_DIR"])
    assert left(environ) == []


@pytest.mark.parametrize("code", [0, 1])
def test_nothing_saved(environ: dict[str, str], code: int) -> None:
    assert private_edit(SECRET, "a", lambda _: code, environ=environ) is None
    assert private_edit(SECRET, "a", lambda path: path.write_bytes(b"x") and code, environ=environ) == (
        None if code else b"x"
    )

    def removed(path: Path) -> int:
        path.unlink()
        return code

    assert private_edit(SECRET, "a", removed, environ=environ) is None
    assert left(environ) == []


def test_an_error_wipes_too(environ: dict[str, str]) -> None:
    def run(_: Path) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        private_edit(SECRET, "a", run, environ=environ)
    assert left(environ) == []


def test_wiping_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "secret").write_bytes(SECRET)
    with (folder / "secret").open("rb") as file:
        edit_file.wipe(folder)
        assert file.read() == bytes(len(SECRET))
    assert not folder.exists()


def test_a_link_out_of_the_folder_is_not_followed(environ: dict[str, str], tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")

    def run(path: Path) -> int:
        path.unlink()
        path.symlink_to(outside)
        return 0

    assert private_edit(SECRET, "a", run, environ=environ) is None
    assert outside.read_bytes() == b"mine"


def test_without_memory_it_is_the_state_folder(environ: dict[str, str], tmp_path: Path) -> None:
    Path(edit_file.MOUNTS).write_text("disk / ext4 rw 0 0\n")
    seen: list[Path] = []

    def run(path: Path) -> int:
        seen.append(path)
        return 0

    private_edit(SECRET, "a", run, environ=environ)
    state = tmp_path / "home/.local/state/kubeplat/edit"
    assert seen[0].is_relative_to(state)
    assert state.stat().st_mode & 0o777 == 0o700
    assert list(state.iterdir()) == []


def test_a_runtime_folder_that_others_can_read_is_not_used(environ: dict[str, str]) -> None:
    Path(environ["XDG_RUNTIME_DIR"]).chmod(0o755)
    assert Path(environ["XDG_RUNTIME_DIR"]) not in edit_file.places(environ)


def test_no_place_is_a_sentence(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(KubeplatError, match="No space left on device"):
        private_edit(SECRET, "a", lambda _: 0, environ=environ)


def test_a_killed_process_leaves_it_to_the_next_call(environ: dict[str, str]) -> None:
    code = f"""\
import sys
from pathlib import Path
from kubeplat_tui.services.secrets import edit_file
edit_file.MOUNTS = Path({str(edit_file.MOUNTS)!r})
def run(path):
    print(path, flush=True)
    sys.stdin.read()
    return 0
edit_file.private_edit({SECRET!r}, "tokens.csv", run, environ={environ!r})
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as child:
        assert child.stdout is not None
        theirs = Path(child.stdout.readline().strip())
        assert theirs.read_bytes() == SECRET
        # While it lives its folder is left alone.
        assert private_edit(SECRET, "a", lambda _: 0, environ=environ) is None
        assert theirs.exists()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert theirs.exists()
    assert private_edit(SECRET, "a", lambda _: 0, environ=environ) is None
    assert left(environ) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vim"], ["-n", "-i", "NONE"]),
        (["/usr/bin/nvim", "-p"], ["-n", "-i", "NONE"]),
        (["gvim"], ["-f", "-n"]),
        (["nano"], ["--restricted"]),
        (["emacs", "-nw"], ["--eval"]),
        (["micro"], ["-backup", "false"]),
        (["code"], ["--wait"]),
        (["hx"], []),
        (["some-editor", "--flag"], []),
    ],
)
def test_editors_are_told_to_leave_nothing(words: list[str], expected: list[str], tmp_path: Path) -> None:
    command = editor_command(words, tmp_path / "a file", {"PATH": str(tmp_path)})
    options = list(command.arguments[1 : -len(words)])
    assert command.arguments == (words[0], *options, *words[1:], str(tmp_path / "a file"))
    assert options[: len(expected)] == expected
    assert bool(options) == bool(expected)
    assert command.environ["TMPDIR"] == str(command.folder) == str(tmp_path)


def test_an_editor_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = editor_command(["./bin/edit"], tmp_path / "private" / "a", {})
    assert command.arguments[0] == str(tmp_path / "bin" / "edit")


def test_vi_is_known_by_what_it_leads_to(tmp_path: Path) -> None:
    for name in ("vim.tiny", "nvi"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        (tmp_path / "vi").unlink(missing_ok=True)
        (tmp_path / "vi").symlink_to(name)
        command = editor_command(["vi"], tmp_path / "a", {"PATH": str(tmp_path)})
        assert ("-n" in command.arguments) is (name == "vim.tiny")
        assert ("NEXINIT" in command.environ) is (name == "nvi")


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_vim_leaves_nothing_whatever_its_settings(environ: dict[str, str], tmp_path: Path) -> None:
    home = Path(environ["HOME"])
    home.mkdir()
    kept = home / "kept"
    kept.mkdir()
    (home / ".vimrc").write_text(
        f"set backup writebackup undofile swapfile\nset viminfo='100,:100,<1000\n"
        f"set backupdir={kept}// undodir={kept}// directory={kept}//\n"
    )

    def run(path: Path) -> int:
        words = ["vim", "-u", str(home / ".vimrc"), "-es", "-c", "normal! yyp", "-c", "wq"]
        return run_editor(words, path, environ)

    edited = private_edit(SECRET, "tokens.csv", run, environ=environ)
    assert edited == SECRET * 2
    assert left(environ) == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.strip() not in path.read_bytes(), path
    assert list(kept.iterdir()) == []
