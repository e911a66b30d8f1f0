"""`kubeplat rehearse` with its own sandbox: what it does when a step does not hold, and when it is interrupted.

That every step holds is what `kubeplat rehearse` itself says; the life of an environment has its tests beside this.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.commands.rehearsal import Rehearsal, Step
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sandbox

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 120


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the rehearsal's folder comes below it."""
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return tmp_path


@pytest.fixture
def rehearsal(home: Path) -> Iterator[Rehearsal]:
    found = Rehearsal(replace(Workplace.from_environment({"HOME": str(home)}), cache=home / "cache"))
    yield found
    found.close(keep=False)


def environ(home: Path) -> dict[str, str]:
    given = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    # Credentials that are there must not be used: a rehearsal reaches nothing but its sandbox.
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_PROFILE": "none",
    }
    return given | keys | {"HOME": str(home), "TMPDIR": str(home / "t"), "PYTHONPATH": str(CHECKOUT)}


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kubeplat_tui", "rehearse", *arguments]
    return subprocess.Popen(
        command,
        env=environ(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def running(home: Path) -> list[str]:
    """What still runs below `home` (Linux)."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink().is_relative_to(home):
                found.append((link.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_interrupting_takes_everything_away(home: Path) -> None:
    process = start(home)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "refuse bad input" in line:  # Terraform plans next
                break
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1, err
    assert "interrupted" in out
    assert "Traceback" not in err
    assert list((home / "t").iterdir()) == []
    assert running(home) == []


def test_a_step_that_does_not_hold_keeps_the_folder_and_names_the_log(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "checkout"
    for name in ("kubeplat_tui", "terraform", "environments"):
        shutil.copytree(CHECKOUT / name, broken / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    root = broken / "terraform" / "foundation" / "variables.tf"
    root.write_text(root.read_text() + '\nvariable "unset" {\n  type = string\n}\n')
    ran = subprocess.run(
        [sys.executable, "-m", "kubeplat_tui", "rehearse", "--json"],
        env=environ(home) | {"PYTHONPATH": str(broken)},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    document = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert document["held"] is False
    last = document["steps"][-1]
    assert last["title"] == "check its variables"
    assert "unset" in last["detail"]
    folder = Path(document["folder"])
    assert folder.parent == home / "t"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "unset" in (folder / "rehearsal.log").read_text()
    assert running(home) == []


def test_the_steps_before_terraform_hold(rehearsal: Rehearsal) -> None:
    steps = rehearsal.steps()
    played = [(step.title, step.act()) for step in steps[:4]]
    assert [title for title, _ in played] == [
        "make the playground's file",
        "check its variables",
        "start the sandbox",
        "refuse bad input",
    ]
    assert rehearsal.folder.stat().st_mode & 0o777 == 0o700
    assert rehearsal.close(keep=False) == ""
    assert not rehearsal.folder.exists()


def test_playing_ends_with_the_first_step_that_does_not_hold(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> str:
        raise KubeplatError("It broke.", todo="Mend it.")

    def breaks() -> str:
        raise ZeroDivisionError("by nobody")

    fine = Step("fine", lambda: "as it should be")
    for step, detail in (
        (Step("fails", fails), "It broke. Mend it."),
        (Step("breaks", breaks), "ZeroDivisionError: by nobody"),
    ):
        monkeypatch.setattr(rehearsal, "steps", lambda step=step: (fine, step, fine))
        played = list(rehearsal.play())
        assert [(each.title, each.held) for each in played] == [("fine", True), (step.title, False)]
        assert played[-1].detail == detail
    assert rehearsal.log.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in rehearsal.log.read_text()


def test_a_rehearsal_that_was_stopped_plays_no_further_step(rehearsal: Rehearsal) -> None:
    rehearsal.stop.request()
    played = list(rehearsal.play())
    assert [each.held for each in played] == [False]
    assert not list(rehearsal.workplace.environments.glob("play-*"))
