"""Journals, run folders, estimates, and the lock of an environment."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services import runs
from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import (
    Event,
    FileAction,
    FileChanged,
    LogLine,
    Outcome,
    Phase,
    PipelineFinished,
    PipelineStarted,
    PlanReady,
    Progress,
    ResourceProgress,
    Root,
    Step,
    StepFinished,
    Verb,
)
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.services.terraform.plan_reader import read_plan
from kubeplat_tui.services.workplace import EnvironmentFolders, Workplace
from tests.unit.fake_terraform import change

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(
        environments=tmp_path / "environments",
        terraform=tmp_path / "terraform",
        state=tmp_path / "state",
        cache=tmp_path / "cache",
        config=tmp_path / "config",
    )


def started(verb: Verb = Verb.RUN) -> PipelineStarted:
    return PipelineStarted(
        verb=verb, environment="demo", sandbox=False, steps=(Step("a", "A"),), journal=Path("j")
    )


def ended(outcome: Outcome = Outcome.DONE) -> PipelineFinished:
    return PipelineFinished(outcome=outcome, exit_code=ExitCode.DONE, sentence="It ended.")


def recorded(folders: EnvironmentFolders, events: Sequence[Event]) -> Path:
    folder = runs.new_run_folder(folders)
    journal = runs.Journal(folder / runs.JOURNAL)
    for event in events:
        journal.write(event)
    journal.close()
    return folder


def test_without_a_run_there_is_no_record(workplace: Workplace) -> None:
    assert runs.last_run(workplace, "demo") is None
    assert runs.history(workplace, "demo") == []


def test_the_latest_run_comes_first(workplace: Workplace) -> None:
    folders = workplace.folders("demo")
    recorded(folders, [started(Verb.RUN), ended()])
    recorded(folders, [started(Verb.CLEANUP), ended(Outcome.FAILED)])
    record = runs.last_run(workplace, "demo")
    assert record is not None
    assert (record.verb, record.outcome, record.sentence) == (Verb.CLEANUP, Outcome.FAILED, "It ended.")
    assert record.finished is not None
    assert [one.verb for one in runs.history(workplace, "demo")] == [Verb.CLEANUP, Verb.RUN]


def test_a_run_that_was_killed_is_told_apart_from_one_at_work(workplace: Workplace) -> None:
    folders = workplace.folders("demo")
    folder = recorded(folders, [started(), LogLine(text="working")])
    with (folder / runs.JOURNAL).open("a") as file:
        file.write('{"event": "PipelineFin')  # torn: the program was killed while it wrote
    record = runs.last_run(workplace, "demo")
    assert record is not None
    assert (record.outcome, record.finished) == (None, None)
    assert "killed" in record.sentence
    with runs.PipelineLock(folders, Verb.RUN):
        record = runs.last_run(workplace, "demo")
        assert record is not None
        assert "at work" in record.sentence


def test_a_journal_is_private_and_keeps_no_values_of_a_plan(workplace: Workplace) -> None:
    body = {"format_version": "1.2", "resource_changes": [change("aws_a.x", "create", after={"k": "value"})]}
    plan = read_plan(body, root=Root.CLUSTER, file=Path("p"), destroy=False, digest="d")
    folder = recorded(workplace.folders("demo"), [started(), PlanReady(plan=plan)])
    path = folder / runs.JOURNAL
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "value" not in path.read_text()
    assert ["add", "aws_a.x"] in json.loads(path.read_text().splitlines()[1])["plan"]["changes"]


def test_a_full_disk_is_a_sentence() -> None:
    journal = runs.Journal(Path("/dev/full"))
    with pytest.raises(KubeplatError, match=r"could not be written.*No space left"):
        journal.write(started())
    journal.close()


def test_old_runs_are_forgotten(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "KEPT_RUNS", 3)
    folders = workplace.folders("demo")
    made = [recorded(folders, [started(), ended()]) for _ in range(5)]
    assert sorted(folders.runs.iterdir()) == made[2:]


def test_journals_of_before_there_were_secrets_still_tell(workplace: Workplace) -> None:
    def done(step: str, seconds: float) -> StepFinished:
        return StepFinished(step=step, outcome=Outcome.DONE, summary="", seconds=seconds)

    folders = workplace.folders("demo")
    recorded(folders, [started(), done("plan-foundation", 8.0), done("apply-cluster", 200.0), ended()])
    assert runs.Estimates.load(folders).step(Verb.RUN, "apply-cluster") == 200.0
    assert runs.Estimates.load(folders).step(Verb.RUN, "make-secrets") is None
    moved = FileChanged(key="secure/apiserver.key", action=FileAction.MADE, path=Path("/state/apiserver.key"))
    counted = Progress(doing="uploading", done=1, total=2)
    folder = recorded(folders, [started(), moved, counted, done("make-secrets", 2.0), ended()])
    assert runs.Estimates.load(folders).step(Verb.RUN, "make-secrets") == 2.0
    lines = [json.loads(line) for line in (folder / runs.JOURNAL).read_text().splitlines()]
    assert lines[1]["key"] == "secure/apiserver.key"
    assert lines[1]["action"] == "made"
    assert (lines[2]["done"], lines[2]["total"]) == (1, 2)
    assert len(runs.history(workplace, "demo")) == 2


def test_estimates_are_medians_of_what_took_time(workplace: Workplace) -> None:
    def progress(address: str, seconds: float) -> ResourceProgress:
        return ResourceProgress(
            root=Root.CLUSTER, address=address, action=Action.CREATE, phase=Phase.DONE, elapsed=seconds
        )

    def step(outcome: Outcome, seconds: float) -> StepFinished:
        return StepFinished(step="apply", outcome=outcome, summary="", seconds=seconds)

    folders = workplace.folders("demo")
    recorded(folders, [started(), progress('aws_lb.a["x"]', 60), step(Outcome.DONE, 100.0), ended()])
    recorded(folders, [started(), progress("module.b.aws_lb.a", 80), step(Outcome.UNCHANGED, 0.0), ended()])
    recorded(folders, [started(Verb.CLEANUP), progress("aws_lb.z", 70), step(Outcome.DONE, 7.0), ended()])
    estimates = runs.Estimates.load(folders)
    assert estimates.resource("module.c.aws_lb.new", Action.CREATE) == 70
    assert estimates.resource("aws_lb.new", Action.DELETE) is None
    assert estimates.step(Verb.RUN, "apply") == 100.0
    assert estimates.step(Verb.CLEANUP, "apply") == 7.0
    assert estimates.step(Verb.PLAN, "apply") is None


def test_the_lock_names_its_holder_and_ends_with_it(workplace: Workplace) -> None:
    folders = workplace.folders("demo")
    with runs.PipelineLock(folders, Verb.CLEANUP):
        assert runs.is_busy(folders)
        with (
            pytest.raises(runs.BusyError, match=f"cleanup .*Process {os.getpid()}"),
            runs.PipelineLock(folders, Verb.RUN),
        ):
            pass
    assert not runs.is_busy(folders)
    with runs.PipelineLock(folders, Verb.RUN):
        pass


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("aws_vpc.main", "aws_vpc"),
        ("aws_lb.api[0]", "aws_lb"),
        ('module.api["a.b"].aws_lb.public["x.y]"]', "aws_lb"),
        ("module.a.module.b[1].aws_subnet.c", "aws_subnet"),
        ("data.aws_ami.image", "aws_ami"),
        ("", ""),
    ],
)
def test_the_type_is_read_from_the_address(address: str, expected: str) -> None:
    assert runs.resource_type(address) == expected


@given(st.text())
def test_any_address_has_some_type(address: str) -> None:
    assert isinstance(runs.resource_type(address), str)


@given(lines=st.lists(st.binary(max_size=60), max_size=6))
def test_any_journal_can_be_read(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("journal") / runs.JOURNAL
    path.write_bytes(b"\n".join(lines))
    entries: list[dict[str, Any]] = list(runs.read_journal(path))
    assert all(isinstance(entry, dict) for entry in entries)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "a moment"), (1, "1 second"), (240, "4 minutes"), (3600, "1 hour"), (200000, "2 days")],
)
def test_an_age_in_words(seconds: float, words: str) -> None:
    assert runs.age_words(seconds) == words
