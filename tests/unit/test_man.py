"""The manual pages: everything that `--help` says, as roff that man(1) takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui import cli
from kubeplat_tui.commands import man_pages
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {
    r"\e": "\\",
    r"\-": "-",
    r"\(ga": "`",
    r"\(aq": "'",
    r"\(dq": '"',
    r"\(ha": "^",
    r"\(ti": "~",
    r"\&": "",
}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(FakeIntents(tmp_path / "place"), monkeypatch)


def plain(roff: str) -> str:
    """What a reader sees of it."""
    return re.sub(r"\\(?:e|-|&|\((?:ga|aq|dq|ha|ti))", lambda found: PLAIN[found[0]], roff)


def test_every_verb_has_a_page_with_all_its_options() -> None:
    root = typer.main.get_command(cli.build())
    pages = man_pages.pages(root)
    assert {(), ("run",), ("shell",), ("ssh-key", "protect"), ("terraform",), ("man",)} <= set(pages)
    page = plain(pages["ssh",])
    for words in (
        "kubeplat-ssh - Open a shell on a machine",
        "--agent",
        "-e, --environment NAME",
        "--host-key",
    ):
        assert words in page
    assert "COMMANDS" in pages[()]
    assert ".BR kubeplat\\-ssh\\-key\\-protect (1)" in pages["ssh-key",]
    for page in pages.values():
        assert page.startswith(".TH KUBEPLAT")
        assert ".SH NAME" in page


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_text_stays_what_it_is_and_is_never_a_request(text: str) -> None:
    roff = man_pages.escaped(text)
    assert not roff.startswith((".", "'"))
    assert plain(roff) == text


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_say_against_them(shell: Shell, tmp_path: Path) -> None:
    assert shell.run("man", "--write", str(tmp_path)).code == 0
    pages = sorted((tmp_path / "man1").iterdir())
    assert len(pages) > 50
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z", *pages], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_without_a_terminal_the_page_itself_is_printed(shell: Shell) -> None:
    ran = shell.run("man", "terraform")
    assert ran.code == 0
    assert ran.out.startswith(".TH KUBEPLAT\\-TERRAFORM 1 ")
    assert shell.run("man").out.startswith(".TH KUBEPLAT 1 ")
    ran = shell.run("man", "nothing")
    assert ran.code == 2
    assert "no verb nothing" in ran.err
