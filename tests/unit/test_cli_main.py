"""`python -m kubeplat_tui` where nobody sits at a terminal, and how quickly the command line starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
HEAVY = {
    "textual",
    "boto3",
    "botocore",
    "paramiko",
    "jinja2",
    "python_terraform",
    "tree_sitter",
    "moto",
    "kubeplat_tui.app",
}


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the checkout with an empty home and no terminal."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        [sys.executable, "-B", *arguments],
        env=environ | {"KUBEPLAT_ENVIRONMENTS": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [[], ["--playground"], ["-e", "play-jest"], ["--environment=play-jest"]], ids=" ".join
)
def test_without_a_terminal_the_program_says_what_to_type(tmp_path: Path, arguments: list[str]) -> None:
    ran = python(tmp_path, "-m", "kubeplat_tui", *arguments)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "needs a terminal" in ran.stderr
    assert "kubeplat --help" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_json_without_a_verb_is_bad_usage(tmp_path: Path) -> None:
    ran = python(tmp_path, "-m", "kubeplat_tui", "--json")
    assert ran.returncode == 2
    assert "belong to a verb" in ran.stderr


@pytest.mark.parametrize("verb", ["version", "environments", "sandbox"])
def test_a_quick_verb_loads_nothing_heavy(tmp_path: Path, verb: str) -> None:
    script = (
        "import sys; from kubeplat_tui.__main__ import main; sys.argv = ['kubeplat', sys.argv[1]]; "
        "code = main(); print(','.join(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    ran = python(tmp_path, "-c", script, verb)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stderr.strip().splitlines()[-1].split(","))
    allowed = {"tree_sitter"} if verb == "environments" else set()
    assert loaded & HEAVY <= allowed


def test_the_way_into_the_application_does_not_load_the_command_line(tmp_path: Path) -> None:
    script = (
        "import sys; from kubeplat_tui.__main__ import main; sys.argv = ['kubeplat']; main(); "
        "print(','.join(sys.modules))"
    )
    loaded = python(tmp_path, "-c", script).stdout.split(",")
    assert {"typer", "rich", "kubeplat_tui.cli"}.isdisjoint(loaded)


def test_completion_offers_verbs_and_environments(tmp_path: Path) -> None:
    (tmp_path / "staging.tfvars").write_text('environment = "staging"\n')
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
        "KUBEPLAT_ENVIRONMENTS": str(tmp_path),
        "_KUBEPLAT_COMPLETE": "complete_bash",
    }
    offered = {}
    for words, at in (("kubeplat inst", 1), ("kubeplat --environment st", 2), ("kubeplat run -e st", 3)):
        ran = subprocess.run(
            [sys.executable, "-B", "-m", "kubeplat_tui"],
            env=environ | {"COMP_WORDS": words, "COMP_CWORD": str(at)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        offered[words] = ran.stdout.split()
    assert offered == {
        "kubeplat inst": ["instances"],
        "kubeplat --environment st": ["staging"],
        "kubeplat run -e st": ["staging"],
    }
