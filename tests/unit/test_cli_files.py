"""`environments` and `variables` change files only as asked; `sandbox` and the documentation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kubeplat_tui.commands import reference
from kubeplat_tui.intents import Intents
from kubeplat_tui.services.cloud import SandboxStatus
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Outcome, PipelineFinished, Root, Verb
from kubeplat_tui.services.terraform.remote_state import StateLock
from kubeplat_tui.services.workplace import Workplace
from tests.screens.fakes import NOW, FakeIntents
from tests.unit.cli_support import Shell, plain_environment

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(FakeIntents(tmp_path / "place"), monkeypatch)


def file_of(shell: Shell, name: str = "play-jest") -> Path:
    return shell.intents.workplace.environments / f"{name}.tfvars"


def test_setting_a_variable_keeps_everything_else(shell: Shell) -> None:
    before = file_of(shell).read_text()
    ran = shell.run("variables", "set", "compute_asg_min", "4", "-e", "play-jest", "--yes")
    assert ran.code == 0
    assert file_of(shell).read_text() == before.replace("compute_asg_min = 3", "compute_asg_min = 4")
    assert "+compute_asg_min = 4" in ran.err


def test_setting_a_variable_asks(shell: Shell) -> None:
    before = file_of(shell).read_text()
    arguments = ("variables", "set", "aws_region", "eu-west-1", "-e", "play-jest")
    assert shell.run(*arguments).code == 2
    assert shell.at_terminal(*arguments, typed=["no"]).code == 1
    assert file_of(shell).read_text() == before
    assert shell.at_terminal(*arguments, typed=["yes"]).code == 0
    assert 'aws_region  = "eu-west-1"' in file_of(shell).read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [("compute_asg_min", "three"), ("compute_asg_mim", "3"), ("ssh_access_list", "[")],
)
def test_a_value_that_does_not_fit_changes_nothing(shell: Shell, name: str, value: str) -> None:
    before = file_of(shell).read_bytes()
    ran = shell.run("variables", "set", name, value, "-e", "play-jest", "--yes")
    assert ran.code == 2
    assert ran.err.count("error:") == 1
    assert file_of(shell).read_bytes() == before


def test_an_unknown_variable_offers_the_nearest_name(shell: Shell) -> None:
    ran = shell.run("variables", "get", "compute_asg_mim", "-e", "play-jest")
    assert ran.code == 2
    assert "Did you mean compute_asg_min?" in ran.err


def test_getting_a_variable(shell: Shell) -> None:
    assert shell.run("variables", "get", "compute_asg_min", "-e", "play-jest").out == "3\n"
    document = json.loads(shell.run("variables", "get", "compute_asg_min", "-e", "play-jest", "--json").out)
    assert document["variable"]["value"] == 3
    assert document["variable"]["set"] is True


def test_listing_the_variables(shell: Shell) -> None:
    document = json.loads(shell.run("variables", "-e", "play-jest", "--json").out)
    assert [each["name"] for each in document["variables"]] == list(shell.intents.declarations())
    lines = shell.run("variables", "-e", "play-jest").out.splitlines()
    assert len(lines) == 1 + len(shell.intents.declarations())


def test_checking_a_broken_environment_names_the_line(shell: Shell) -> None:
    ran = shell.run("environments", "check", "lab")
    assert ran.code == 2
    assert ran.out.startswith("lab.tfvars:2")
    assert shell.run("variables", "check", "-e", "lab").out == ran.out
    assert json.loads(shell.run("environments", "check", "lab", "--json").out)["problems"][0]["line"] == 2


def test_a_broken_environment_is_refused_before_anything_starts(shell: Shell) -> None:
    for arguments in (["run", "--yes"], ["plan"], ["cleanup", "--yes"], ["instances"]):
        ran = shell.run("-e", "lab", *arguments)
        assert ran.code == 2
        assert "lab.tfvars:2" in ran.err


def test_showing_an_environment(shell: Shell) -> None:
    ran = shell.run("environments", "show", "staging")
    assert "aws_account" in ran.out
    document = json.loads(shell.run("environments", "show", "staging", "--json").out)
    assert document["values"]["aws_account"] == "210987654321"


def test_a_new_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "example.tfvars").write_text('environment = "example" # its name\naws_region = "eu-west-2"\n')
    place = Workplace(folder, CHECKOUT / "terraform", tmp_path, tmp_path, tmp_path)
    shell = Shell(Intents(place, user="jest", environ={}), monkeypatch)  # type: ignore[arg-type]  # the real ones
    ran = shell.run("environments", "new", "staging", "--json")
    path = folder / "staging.tfvars"
    assert json.loads(ran.out) == {"environment": "staging", "path": str(path)}
    assert path.read_text().startswith('environment = "staging" # its name\naws_region = "eu-west-2"\n')
    assert path.stat().st_mode & 0o777 == 0o600
    for name in ("staging", "example", "Staging", "a" * 21, "../up", "-x"):
        assert shell.run("environments", "new", "--", name).code == 2
    assert shell.run("environments", "new").code == 2
    assert sorted(found.name for found in folder.iterdir()) == ["example.tfvars", "staging.tfvars"]


def test_a_playground_needs_no_name(shell: Shell) -> None:
    file_of(shell).unlink()
    assert shell.run("environments", "new", "--playground").code == 0
    assert file_of(shell).exists()
    assert shell.run("environments", "new", "mine", "--playground").code == 2


def test_the_sandbox_s_status(shell: Shell) -> None:
    status = SandboxStatus(4242, 5001, Path("/state/sandbox.log"), NOW, leases=2, kept=True, memory=1 << 27)
    shell.intents.status = status  # type: ignore[assignment]  # the real one has more than the fake
    lines = shell.run("sandbox").out
    for word in ("http://127.0.0.1:5001", "4242", "sandbox.log", "128 MiB"):
        assert word in lines
    document = json.loads(shell.run("sandbox", "status", "--json").out)
    assert document["sandbox"]["kept"] is True
    shell.intents.status = None
    assert shell.run("sandbox", "status").out == "The sandbox does not run.\n"
    assert json.loads(shell.run("sandbox", "status", "--json").out) == {"running": False, "sandbox": None}


def test_stopping_a_sandbox_in_use_asks(shell: Shell) -> None:
    ran = shell.run("sandbox", "stop")
    assert ran.code == 2
    assert shell.at_terminal("sandbox", "stop", typed=["no"]).code == 1


def test_stopping_no_sandbox_is_no_error(shell: Shell) -> None:
    shell.intents.status = None
    assert shell.run("sandbox", "stop").out == "The sandbox did not run.\n"


def test_the_reference_is_what_the_command_line_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    page = CHECKOUT / "docs" / "commands.md"
    assert page.read_text() == reference.text(), (
        "make it again: python -m kubeplat_tui.commands.reference > docs/commands.md"
    )


@pytest.fixture
def kept(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A sandbox that `run` left running; returns what was done with it."""
    done: list[str] = []
    status = SandboxStatus(4242, 5001, Path("/log"), NOW - timedelta(hours=5), leases=0, kept=True, memory=1)
    shell.intents.status = status  # type: ignore[assignment]  # the real one has more than the fake
    shell.intents.pipeline = lambda *_: iter([ENDED])

    def stop(_: Path) -> bool:
        done.append("stopped")
        return True

    monkeypatch.setattr("kubeplat_tui.sandbox.status.stop", stop)
    return done


ENDED = PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence="Nothing is left.")


def test_cleanup_stops_the_sandbox_that_a_run_left_running(shell: Shell, kept: list[str]) -> None:
    ran = shell.run("cleanup", "-e", "play-jest", "--yes")
    assert kept == ["stopped"]
    assert "nothing is left in it, so it was stopped" in ran.err


def test_cleanup_leaves_a_sandbox_that_something_else_was_built_in(shell: Shell, kept: list[str]) -> None:
    text = file_of(shell).read_text().replace("play-jest", "play-anna")
    file_of(shell, "play-anna").write_text(text)
    runs = shell.intents.runs["play-jest"]
    shell.intents.runs["play-anna"] = [replace(runs[0], verb=Verb.PLAN), *runs]  # a plan builds nothing
    ran = shell.run("cleanup", "-e", "play-jest", "--yes")
    assert kept == []
    assert "play-anna was built in it" in ran.err
    shell.intents.runs["play-anna"][1] = replace(runs[0], verb=Verb.CLEANUP)
    shell.run("cleanup", "-e", "play-jest", "--yes")
    assert kept == ["stopped"]


def test_cleanup_leaves_a_sandbox_that_somebody_uses(shell: Shell, kept: list[str]) -> None:
    shell.intents.status = replace(shell.intents.status, leases=1)  # type: ignore[type-var]  # it is one
    ran = shell.run("cleanup", "-e", "play-jest", "--yes")
    assert kept == []
    assert "somebody else uses it" in ran.err


def test_unlocking_shows_who_holds_each_lock_and_asks(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = StateLock("a1b2", "apply", "anna@laptop", NOW)
    released: list[Root] = []
    monkeypatch.setattr(shell.intents, "locks", lambda _: {Root.CLUSTER: lock})
    monkeypatch.setattr(shell.intents, "unlock", lambda _, root, __: released.append(root))
    assert shell.run("unlock", "-e", "staging").code == 2
    ran = shell.at_terminal("unlock", "-e", "staging", typed=["no"])
    assert (ran.code, released) == (1, [])
    for word in ("anna@laptop", "apply", "2026-11-02 14:05 UTC"):
        assert word in ran.err
    ran = shell.run("unlock", "-e", "staging", "--yes", "--json")
    assert released == [Root.CLUSTER]
    assert json.loads(ran.out)["released"][0] == {
        "root": "cluster",
        "id": "a1b2",
        "who": "anna@laptop",
        "created": NOW.isoformat(),
    }
    monkeypatch.setattr(shell.intents, "locks", lambda _: {})
    assert shell.run("unlock", "-e", "staging").out == "Nothing is locked.\n"
