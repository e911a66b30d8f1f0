"""`scp`: files and folders over the bastion, and a sentence before anything is half done."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.commands.scp import Place as Named
from kubeplat_tui.commands.scp import place_of
from kubeplat_tui.services.errors import InputError
from tests.unit.cli_support import plain_environment
from tests.unit.ssh_verbs import Place
from tests.unit.ssh_verbs_shell import SshShell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.know()
    yield made
    made.close()


@pytest.fixture
def shell(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SshShell:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return SshShell(place, monkeypatch)


@pytest.fixture
def here(shell: SshShell, tmp_path: Path) -> Path:
    return tmp_path / "here"


def home(place: Place) -> Path:
    """The master's home, which is there once somebody was."""
    place.master.folder.mkdir(parents=True, exist_ok=True)
    return place.master.folder


def test_a_file_there_and_back(shell: SshShell, place: Place, here: Path) -> None:
    data = os.urandom(300_000)
    (here / "blob").write_bytes(data)
    (here / "blob").chmod(0o640)
    ran = shell.run("scp", "blob", "master:")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(b"blob to master:./blob: 293 KiB in ")
    there = home(place) / "blob"
    assert there.read_bytes() == data
    assert stat.S_IMODE(there.stat().st_mode) == 0o640
    ran = shell.run("scp", "--json", "i-0100:blob", "back")
    assert ran.code == 0
    assert json.loads(ran.out)["copied"][0]["bytes"] == len(data)
    assert (here / "back").read_bytes() == data


def test_a_file_that_is_there_is_replaced_only_when_that_is_said(
    shell: SshShell, place: Place, here: Path
) -> None:
    (here / "one").write_text("new")
    (home(place) / "one").write_text("old")
    ran = shell.run("scp", "one", "master:one")
    assert ran.code == 2
    assert "exists already" in ran.err
    assert (home(place) / "one").read_text() == "old"
    assert shell.run("scp", "--overwrite", "one", "master:one").code == 0
    assert (home(place) / "one").read_text() == "new"


def test_a_folder_needs_its_option_on_both_sides(shell: SshShell, place: Place, here: Path) -> None:
    (here / "tree" / "deep").mkdir(parents=True)
    (here / "tree" / "deep" / "leaf").write_text("green")
    ran = shell.run("scp", "tree", "master:")
    assert ran.code == 2
    assert "tree is a folder. Add -r" in ran.err
    assert shell.run("scp", "-r", "tree", "master:").code == 0
    assert (home(place) / "tree" / "deep" / "leaf").read_text() == "green"
    ran = shell.run("scp", "master:tree", "again")
    assert ran.code == 2
    assert "master:tree is a folder. Add -r" in ran.err
    assert shell.run("scp", "-r", "master:tree", "again").code == 0
    assert (here / "again" / "deep" / "leaf").read_text() == "green"


def test_several_go_into_a_folder_and_from_several_machines(
    shell: SshShell, place: Place, here: Path
) -> None:
    for name in ("one", "two"):
        (here / name).write_text(name)
    ran = shell.run("scp", "one", "two", "master:nowhere")
    assert ran.code == 2
    assert "master:nowhere is no folder" in ran.err
    (home(place) / "box").mkdir()
    assert shell.run("scp", "one", "two", "master:box").code == 0
    assert sorted(path.name for path in (home(place) / "box").iterdir()) == ["one", "two"]
    shell.run("ssh", "i-0120", "--", "echo three > three")
    (here / "all").mkdir()
    ran = shell.run("scp", "master:box/one", "i-0120:three", "all")
    assert ran.code == 0
    assert sorted(path.name for path in (here / "all").iterdir()) == ["one", "three"]


def test_what_is_left_out_is_said(shell: SshShell, place: Place, here: Path) -> None:
    (here / "tree").mkdir()
    (here / "tree" / "away").symlink_to("/etc/hostname")
    ran = shell.run("scp", "-r", "tree", "master:")
    assert ran.code == 3
    assert "away was left out: it is a link that leads out of the folder" in ran.err


def test_how_far_it_is_is_shown_at_a_terminal_and_taken_away(shell: SshShell, here: Path) -> None:
    (here / "blob").write_bytes(os.urandom(200_000))
    ran = shell.at_terminal("scp", "blob", "master:")
    assert ran.code == 0
    assert "100 %  195 KiB of 195 KiB  blob" in ran.err
    assert ran.err.endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["missing", "master:"], "There is no missing here."),
        (["master:a", "i-0120:b"], "One side of a copy is on a machine"),
        (["a", "b"], "One side of a copy is on a machine"),
        (["a"], "Missing argument 'SOURCE'"),
        ([":a", "b"], ":a names no machine."),
        (["nobody:a", "b"], "There is no machine nobody."),
        (["demo-compute:a", "b"], "fits 2 machines"),
        (["master:a", "i-0120:b", "nowhere"], "nowhere is no folder"),
    ],
)
def test_bad_usage_copies_nothing(shell: SshShell, here: Path, words: list[str], sentence: str) -> None:
    ran = shell.run("scp", *words)
    assert ran.code == 2
    assert sentence in ran.err
    assert list(here.iterdir()) == []


def test_a_missing_file_on_the_machine(shell: SshShell) -> None:
    ran = shell.run("scp", "master:nothing", ".")
    assert ran.code == 1
    assert "There is no nothing on demo-secure." in ran.err


def test_names_are_taken_apart_as_scp_does() -> None:
    assert [place_of(word) for word in ("./a:b", "/x:y", "m:", "m:~/c:d")] == [
        Named("", "./a:b"),
        Named("", "/x:y"),
        Named("m", ""),
        Named("m", "~/c:d"),
    ]


@given(st.text(st.sampled_from("ab:/.~"), min_size=1, max_size=6))
def test_every_name_is_kept_or_refused(word: str) -> None:
    try:
        found = place_of(word)
    except InputError:
        assert word.startswith(":")
        return
    assert str(found) == word
