"""`run`, `plan` and `cleanup`: what is drawn, what is asked, and how they are stopped."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import events
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import Outcome, Phase, Question, Root, Step, Verb
from kubeplat_tui.services.terraform.plan import Action
from tests.screens.fake_plan import SECRET, every_kind
from tests.screens.fakes import OUTPUTS, FakeIntents
from tests.unit.cli_support import Shell, Terminal, plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.events import Decisions, Event, Stop
    from kubeplat_tui.services.site import Site

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

VPC = "module.network.aws_vpc.main"
STEPS = (Step("plan-cluster", "Plan the cluster"), Step("apply-cluster", "Build the cluster"))


class Script:
    """A pipeline that asks one question and then makes one resource."""

    def __init__(self) -> None:
        self.verbs: list[Verb] = []
        self.question = Question(
            "apply-cluster", "Apply this plan of the cluster?", "2 to add", plan=every_kind()
        )
        self.granted: bool | None = None
        self.stopped = False

    def __call__(self, verb: Verb, site: Site, decisions: Decisions, stop: Stop) -> Iterator[Event]:
        self.verbs.append(verb)
        name, sandbox = site.environment.name, site.environment.sandbox
        yield events.PipelineStarted(
            verb=verb, environment=name, sandbox=sandbox, steps=STEPS, journal=site.folders.runs
        )
        yield events.StepStarted(step="plan-cluster", estimate=40.0)
        yield events.CheckFinished(
            name="account", state=events.CheckState.WARNED, detail="It is another one."
        )
        yield events.LogLine(text="Something to\x1b[2J know.", level=events.Level.WARNING)
        yield events.LogLine(text="Terraform's own words.", source="cluster")
        yield events.PlanReady(plan=every_kind())
        yield events.StepFinished(step="plan-cluster", outcome=Outcome.DONE, summary="2 to add", seconds=7.25)
        self.granted = decisions.answer(self.question) == self.question.expected
        yield events.QuestionAnswered(topic=self.question.topic, granted=self.granted)
        if stop.requested:
            self.stopped = True
            yield finished(Outcome.STOPPED, ExitCode.FAILED, "Stopped before the cluster.")
        elif not self.granted:
            yield finished(Outcome.DECLINED, ExitCode.FAILED, "The plan was declined.")
        else:
            yield from self.build(stop)

    def answered(self) -> bool | None:
        """Whether the last question was granted."""
        return self.granted

    def build(self, stop: Stop) -> Iterator[Event]:
        """Make the resource."""
        del stop
        yield events.StepStarted(step="apply-cluster")
        yield resource(Phase.STARTED, 0.0)
        yield resource(Phase.PROGRESS, 31.0)
        yield resource(Phase.DONE, 42.0, "id=vpc-1")
        yield events.FileChanged(key="secure/apiserver.crt", action=events.FileAction.MADE)
        yield events.Progress(doing="Uploading", done=1, total=2)
        yield events.FileChanged(
            key="secure/tokens.csv", action=events.FileAction.CONFLICT, detail="changed on both sides"
        )
        yield events.StepFinished(step="apply-cluster", outcome=Outcome.DONE, summary="1 added", seconds=42.5)
        yield finished(Outcome.DONE, ExitCode.DONE, "It is built.", OUTPUTS)


def resource(phase: Phase, elapsed: float, identity: str = "") -> Event:
    return events.ResourceProgress(
        root=Root.CLUSTER, address=VPC, action=Action.CREATE, phase=phase, elapsed=elapsed, identity=identity
    )


def finished(
    outcome: Outcome, code: ExitCode, sentence: str, outputs: tuple[events.Output, ...] = ()
) -> Event:
    return events.PipelineFinished(outcome=outcome, exit_code=code, sentence=sentence, outputs=outputs)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script) -> Shell:
    intents = FakeIntents(tmp_path / "place")
    intents.pipeline = script
    return Shell(intents, monkeypatch)


def test_without_a_terminal_and_without_yes_nothing_starts(shell: Shell, script: Script) -> None:
    for verb in ("run", "apply", "cleanup"):
        ran = shell.run(verb, "-e", "play-jest")
        assert ran.code == 2
        assert "there is no terminal to ask at" in ran.err
        assert "Nothing was changed." in ran.err
    assert script.verbs == []
    assert "open" not in shell.intents.behaviour.calls


def test_yes_in_a_pipe_prints_every_step_resource_and_output_as_plain_lines(shell: Shell) -> None:
    ran = shell.run("run", "-e", "play-jest", "--yes")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    assert "run play-jest" in lines
    assert "> Plan the cluster (about 40 s)" in lines
    assert "  ▲ account: It is another one." in lines
    assert f"  {VPC}  still add: 31 s" in lines
    assert f"+ {VPC}  created in 42 s  id=vpc-1" in lines
    assert "  ✔ 1 added  (42 s)" in lines
    assert "  made: secure/apiserver.crt" in lines
    assert "  conflict: secure/tokens.csv (changed on both sides)" in lines
    assert any(line.startswith("kubeapi_public ") for line in lines)
    assert lines[-1] == "✔ It is built."
    assert "Terraform's own words." not in ran.out


def test_the_plan_is_shown_before_the_question_riskiest_first_and_without_secrets(shell: Shell) -> None:
    ran = shell.at_terminal("run", "-e", "play-jest", typed=["yes"])
    assert ran.code == 0
    plan = every_kind()
    assert plan.summary() in ran.out
    places = [ran.out.find(change.address) for change in plan.changes if change.action is not Action.CREATE]
    assert -1 not in places
    assert places == sorted(places)
    assert SECRET not in ran.out
    assert "Apply this plan of the cluster?" in ran.err
    assert "(yes/no)" in ran.err


@pytest.mark.parametrize("typed", [["no"], [""], [], ["play-jest"]])
def test_anything_but_yes_declines(shell: Shell, script: Script, typed: list[str]) -> None:
    ran = shell.at_terminal("run", "-e", "play-jest", typed=typed)
    assert script.granted is False
    assert ran.code == 1
    assert "The plan was declined." in ran.out


def test_what_destroys_asks_for_the_name_of_the_environment(shell: Shell, script: Script) -> None:
    script.question = Question("destroy", "Destroy?", "", expected="staging", destructive=True)
    refused = shell.at_terminal("cleanup", "-e", "staging", typed=["yes"])
    assert (refused.code, script.answered()) == (1, False)
    ran = shell.at_terminal("cleanup", "-e", "staging", typed=["staging"])
    assert (ran.code, script.answered()) == (0, True)
    assert "type staging" in ran.err


def test_yes_alone_cleans_up_a_playground_only(shell: Shell, script: Script) -> None:
    script.question = Question("destroy", "Destroy?", "", expected="play-jest", destructive=True)
    assert shell.run("cleanup", "-e", "play-jest", "--yes").code == 0
    assert script.granted is True
    ran = shell.run("cleanup", "-e", "staging", "--yes")
    assert ran.code == 2
    assert "--confirm staging" in ran.err
    ran = shell.run("cleanup", "-e", "staging", "--yes", "--confirm", "stagin")
    assert ran.code == 2
    assert script.verbs == [Verb.CLEANUP]
    script.question = Question("destroy", "Destroy?", "", expected="staging", destructive=True)
    assert shell.run("cleanup", "-e", "staging", "--yes", "--confirm", "staging").code == 0
    assert script.granted is True


def test_yes_does_not_grant_a_run_that_destroys_outside_a_playground(shell: Shell, script: Script) -> None:
    script.question = Question("apply-cluster", "Apply?", "", expected="staging", destructive=True)
    assert shell.run("run", "-e", "staging", "--yes").code == 1
    assert script.answered() is False
    assert shell.run("run", "-e", "staging", "--yes", "--confirm", "staging").code == 0
    assert script.answered() is True


def test_json_is_one_event_a_line_with_the_whole_plan(shell: Shell) -> None:
    ran = shell.run("run", "-e", "play-jest", "--yes", "--json")
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert told[0]["event"] == "PipelineStarted"
    assert told[-1]["event"] == "PipelineFinished"
    assert told[-1]["exit_code"] == 0
    plan = next(event for event in told if event["event"] == "PlanReady")["plan"]
    assert plan["summary"] == every_kind().summary()
    assert [change["address"] for change in plan["changes"]] == [
        each.address for each in every_kind().changes
    ]
    assert {change["action"] for change in plan["changes"]} <= {action.word for action in Action}
    assert SECRET not in ran.out
    assert "sandbox:" in ran.err
    changed = [event for event in told if event["event"] == "FileChanged"]
    assert [(event["key"], event["action"]) for event in changed] == [
        ("secure/apiserver.crt", "made"),
        ("secure/tokens.csv", "conflict"),
    ]
    (counted,) = [event for event in told if event["event"] == "Progress"]
    assert (counted["done"], counted["total"]) == (1, 2)


def test_a_plan_asks_nothing_and_needs_no_terminal(shell: Shell, script: Script) -> None:
    assert shell.run("plan", "-e", "play-jest").code == 1
    assert script.verbs == [Verb.PLAN]
    assert script.granted is False
    full = shell.run("plan", "-e", "play-jest", "--full").out
    assert all(change.address in full for change in every_kind().changes)
    assert SECRET not in full


def test_the_sandbox_is_kept_once_something_was_approved(shell: Shell) -> None:
    shell.at_terminal("run", "-e", "play-jest", typed=["no"])
    assert shell.intents.kept is False
    shell.run("run", "-e", "staging", "--yes")
    assert shell.intents.kept is False
    shell.run("run", "-e", "play-jest", "--yes")
    assert shell.intents.kept is True


def test_escape_codes_in_the_log_do_not_reach_the_terminal(shell: Shell) -> None:
    for ran in (
        shell.run("run", "-e", "play-jest", "--yes"),
        shell.at_terminal("run", "-e", "play-jest", "--yes"),
    ):
        assert "Something to" in ran.out
        assert "\x1b[2J" not in ran.out


def test_a_pipeline_that_raises_ends_as_a_sentence(shell: Shell, script: Script) -> None:
    def broken(stop: Stop) -> Iterator[Event]:
        del stop
        yield events.StepStarted(step="apply-cluster")
        raise KubeplatError("The disk is full.")

    script.build = broken  # type: ignore[method-assign]  # this script breaks here
    ran = shell.run("run", "-e", "play-jest", "--yes")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "error: The disk is full."


def test_interrupting_asks_terraform_once_however_often_it_is_done(shell: Shell, script: Script) -> None:
    asked: list[str] = []

    def interrupted(stop: Stop) -> Iterator[Event]:
        yield events.StepStarted(step="apply-cluster")
        heard = threading.Event()

        def hear() -> None:
            asked.append("stop")
            heard.set()

        stop.when_requested(hear)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert heard.wait(10)
        yield events.StopRequested()
        yield finished(Outcome.STOPPED, ExitCode.FAILED, "The run was stopped.")

    script.build = interrupted  # type: ignore[method-assign]  # this script is interrupted here
    ran = shell.run("run", "-e", "play-jest", "--yes")
    assert ran.code == 1
    assert asked == ["stop"]
    assert "The run was stopped." in ran.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupting_a_question_declines_it(
    shell: Shell, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> str:
        signal.raise_signal(signal.SIGINT)
        return "yes"

    monkeypatch.setattr("builtins.input", interrupt)
    ran = shell.at_terminal("run", "-e", "play-jest")
    assert script.granted is False
    assert ran.code == 1
    assert "The plan was declined." in ran.out


def test_a_reader_that_went_away_stops_the_pipeline_cleanly(shell: Shell, script: Script) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            del text
            raise BrokenPipeError

    def waiting(stop: Stop) -> Iterator[Event]:
        heard = threading.Event()
        stop.when_requested(heard.set)
        script.stopped = heard.wait(10)
        yield finished(Outcome.STOPPED, ExitCode.FAILED, "The run was stopped.")

    script.build = waiting  # type: ignore[method-assign]  # this script goes on until it is stopped
    ran = shell._run(["run", "-e", "play-jest", "--yes"], io.StringIO(), Gone(), io.StringIO())
    assert script.stopped
    assert ran.code == 1


def test_the_terminal_is_left_without_a_hidden_cursor(shell: Shell) -> None:
    ran = shell.at_terminal("run", "-e", "play-jest", "--yes")
    assert f"{VPC}  created in 42 s  id=vpc-1" in styled(ran.out)
    assert ran.out.count("\x1b[?25l") == ran.out.count("\x1b[?25h")


def styled(out: str) -> str:
    from kubeplat_tui.widgets import safe_text

    return "\n".join(safe_text.styled(line)[0] for line in out.splitlines())


def test_a_question_is_never_asked_of_a_pipe_that_looks_like_a_terminal(
    shell: Shell, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = shell._run(["run", "-e", "play-jest"], Terminal("yes\n"), Terminal(), io.StringIO())
    assert ran.code == 2
    assert script.verbs == []
    assert sys.stdin is not None


def test_terminate_asks_for_the_name_and_twice_outside_a_playground(shell: Shell) -> None:
    machine = shell.intents.machines[0].id
    assert shell.at_terminal("terminate", "-e", "play-jest", machine, typed=["yes"]).code == 1
    assert shell.at_terminal("terminate", "-e", "staging", machine, typed=["staging", "no"]).code == 1
    assert shell.run("terminate", "-e", "staging", machine, "--yes").code == 2
    assert shell.run("terminate", "-e", "play-jest", machine).code == 2
    assert not [call for call in shell.intents.behaviour.calls if call.startswith("terminate ")]
    assert shell.at_terminal("terminate", "-e", "play-jest", machine, typed=["play-jest"]).code == 0
    assert shell.at_terminal("terminate", "-e", "staging", machine, typed=["staging", "staging"]).code == 0
    ran = shell.run("terminate", "-e", "play-jest", machine, "--yes", "--json")
    assert json.loads(ran.out.splitlines()[-1])["event"] == "PipelineFinished"
