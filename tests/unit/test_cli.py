"""Options, exit codes and errors of the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui import __version__
from kubeplat_tui.services.errors import KubeplatError
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell, plain_environment

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(FakeIntents(tmp_path / "place"), monkeypatch)


def test_version_for_people_and_for_programs(shell: Shell) -> None:
    assert shell.run("version").out == f"kubeplat {__version__}\n"
    assert json.loads(shell.run("version", "--json").out) == {"version": __version__}


def test_no_verb_opens_the_application_at_the_environment(shell: Shell) -> None:
    assert shell.run("--environment", "play-jest").code == 0
    assert shell.opened == ["play-jest"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "-e", "play-jest", "instances"],
        ["-e", "play-jest", "instances", "--json"],
        ["instances", "--json", "--environment=play-jest"],
        ["--json", "instances", "--playground"],
    ],
)
def test_common_options_stand_before_or_after_the_verb(shell: Shell, arguments: list[str]) -> None:
    ran = shell.run(*arguments)
    assert ran.code == 0
    assert json.loads(ran.out)["environment"] == "play-jest"


def test_the_option_after_the_verb_wins(shell: Shell) -> None:
    ran = shell.run("-e", "staging", "instances", "--json", "-e", "play-jest")
    assert json.loads(ran.out)["environment"] == "play-jest"


def test_environment_variable_names_the_environment_and_an_option_overrides_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEPLAT_ENVIRONMENT", "staging")
    assert json.loads(shell.run("instances", "--json").out)["environment"] == "staging"
    assert json.loads(shell.run("-e", "play-jest", "instances", "--json").out)["environment"] == "play-jest"
    assert json.loads(shell.run("--playground", "instances", "--json").out)["environment"] == "play-jest"


def test_no_environment_is_guessed_and_the_known_ones_are_listed(shell: Shell) -> None:
    ran = shell.run("instances")
    assert ran.code == 2
    assert ran.out == ""
    assert "No environment was named." in ran.err
    assert "lab, play-jest, staging" in ran.err
    assert "open" not in shell.intents.behaviour.calls


def test_an_environment_and_the_playground_exclude_each_other(shell: Shell) -> None:
    ran = shell.run("instances", "-e", "staging", "--playground")
    assert ran.code == 2
    assert "Both --environment and --playground were given." in ran.err


def test_an_unknown_environment_offers_the_nearest_name(shell: Shell) -> None:
    ran = shell.run("instances", "-e", "play-jets")
    assert ran.code == 2
    assert "Did you mean play-jest?" in ran.err


@pytest.mark.parametrize("arguments", [["nonsense"], ["instances", "--nonsense"], ["terminate"], ["-e"]])
def test_bad_usage_is_exit_code_2(shell: Shell, arguments: list[str]) -> None:
    ran = shell.run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert "Error:" in ran.err


def test_a_failure_is_a_sentence_and_a_document_for_programs(shell: Shell) -> None:
    shell.intents.behaviour.errors["instances"] = KubeplatError("It broke.", why="A wire.", todo="Mend it.")
    assert shell.run("instances", "-e", "staging").err.splitlines()[-1] == "error: It broke. A wire. Mend it."
    ran = shell.run("instances", "-e", "staging", "--json")
    assert ran.code == 1
    assert json.loads(ran.out) == {
        "error": {"what": "It broke.", "why": "A wire.", "todo": "Mend it.", "exit_code": 1}
    }


def test_an_unknown_error_leaves_its_traceback_in_the_log_only(shell: Shell) -> None:
    shell.intents.behaviour.errors["instances"] = ZeroDivisionError("by nobody")
    ran = shell.run("instances", "-e", "staging")
    log = shell.intents.workplace.state / "errors.log"
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert str(log) in ran.err
    assert "by nobody" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_interrupted_verb_failed(shell: Shell) -> None:
    shell.intents.behaviour.errors["instances"] = KeyboardInterrupt()  # type: ignore[assignment]  # as ctrl+c raises it
    ran = shell.run("instances", "-e", "staging")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "error: Interrupted."


def test_the_sandbox_is_named_on_stderr_only(shell: Shell) -> None:
    ran = shell.run("instances", "-e", "play-jest", "--json")
    assert "sandbox" not in ran.out.replace('"sandbox": true', "")
    assert "sandbox: play-jest lives on this computer" in ran.err
    assert "sandbox:" not in shell.run("instances", "-e", "staging").err


def test_intents_are_closed_however_a_verb_ends(shell: Shell) -> None:
    shell.intents.behaviour.errors["instances"] = KubeplatError("It broke.")
    shell.run("instances", "-e", "staging")
    assert shell.intents.closed


def test_help_is_another_way_to_ask_for_help(shell: Shell) -> None:
    assert shell.run("help", "sandbox", "start").out == shell.run("sandbox", "start", "--help").out
    assert shell.run("help").code == 0
    assert shell.run("help", "nonsense").code == 2


@pytest.mark.parametrize("group", ["environments", "variables", "sandbox"])
def test_a_group_alone_shows_what_there_is(shell: Shell, group: str) -> None:
    default = {"environments": "list", "variables": "list", "sandbox": "status"}[group]
    assert shell.run(group, "-e", "play-jest").out == shell.run(group, default, "-e", "play-jest").out


def test_apply_is_run(shell: Shell) -> None:
    assert shell.run("apply", "--help").out.splitlines()[2:] != []
    ran = shell.run("apply", "-e", "play-jest")
    assert ran.code == 2
    assert "--yes" in ran.err
