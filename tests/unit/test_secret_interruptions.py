"""A change that is killed anywhere leaves the old or the new, and the next one finishes it; a full disk, the old."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


def points(how: str, what: str, folder: Path) -> int:
    """Interrupt `what` at each of its points; how many there were."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.unit.interrupted_secrets", how, what, str(folder)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


@pytest.mark.parametrize("what", ["commit", "fetch", "upload", "save", "rotation", "recovery"])
def test_killed_at_every_point(what: str, tmp_path: Path) -> None:
    assert points("kill", what, tmp_path) > 20


@pytest.mark.parametrize("what", ["commit", "fetch", "upload", "save"])
def test_a_disk_that_is_full_from_any_point_on(what: str, tmp_path: Path) -> None:
    assert points("full", what, tmp_path) > 20


@pytest.mark.parametrize("what", ["commit", "save"])
def test_files_that_cannot_grow(what: str, tmp_path: Path) -> None:
    """As `full`, but it is the writing itself that fails, in the middle of a file."""
    assert points("small", what, tmp_path) > 3
