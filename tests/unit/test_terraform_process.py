"""A running Terraform: drained, stopped once, and no orphan when we are killed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.terraform import client as terraform
from kubeplat_tui.services.terraform import process as terraform_process
from kubeplat_tui.services.terraform.process import Line, TerraformProcess, Told
from tests.unit.fake_terraform import FakeTerraform

if TYPE_CHECKING:
    from collections.abc import Iterator

FRONT_END = """
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from kubeplat_tui.services.terraform import process
process.ABANDON_AFTER = 0.05
folder, lasting = Path(sys.argv[1]), sys.argv[3] == "lasting"
command = [sys.argv[2], "apply"]
with process.TerraformProcess(command, folder, {"PATH": "/usr/bin:/bin"}, lasting=lasting) as terraform:
    for line in terraform.lines():
        print(line.text, end="", flush=True)
"""


@contextlib.contextmanager
def front_end(fake: FakeTerraform, cloud: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs the fake, which has said `ready`."""
    arguments = [str(fake.home.parent / "cluster"), str(fake.program), cloud]
    with subprocess.Popen(
        [sys.executable, "-c", FRONT_END, *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process


@pytest.fixture
def fake(tmp_path: Path) -> FakeTerraform:
    (tmp_path / "cluster").mkdir()
    return FakeTerraform.install(tmp_path / "bin")


def started(fake: FakeTerraform, *words: str) -> TerraformProcess:
    return TerraformProcess([str(fake.program), *words], fake.home.parent / "cluster", dict(os.environ))


def test_both_pipes_are_drained_however_much_comes(fake: FakeTerraform) -> None:
    many = 20_000
    fake.play(cluster_apply={"lines": ["out" * 10] * many, "errors": ["err" * 10] * many})
    with started(fake, "apply") as process:
        lines = [item for item in process.lines() if isinstance(item, Line)]
        assert process.wait() == 0
    assert sum(line.error for line in lines) == many
    assert sum(not line.error for line in lines) == many


def test_it_is_told_to_stop_once(fake: FakeTerraform) -> None:
    fake.play(cluster_apply={"lines": ["ready"], "wait": True})
    with started(fake, "apply") as process:
        told = 0
        for item in process.lines():
            if isinstance(item, Line) and item.text == "ready\n":
                process.interrupt("enough")
                process.interrupt("enough again")
            told += isinstance(item, Told)
        assert process.wait() == 1
    assert (told, fake.signals()) == (1, 1)


def test_a_stop_after_its_end_does_nothing(fake: FakeTerraform) -> None:
    with started(fake, "apply") as process:
        assert list(process.lines()) == []
        process.wait()
        process.interrupt("too late")
        process.give_up("too late")
    assert fake.signals() == 0


def test_one_that_does_not_end_is_killed_when_nothing_can_be_saved(
    fake: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform_process, "KILL_AFTER", 0.05)
    fake.play(cluster_apply={"lines": ["ready"], "wait": True, "ignore_stop": True})
    with started(fake, "apply") as process:
        for item in process.lines():
            if isinstance(item, Line):
                process.give_up("the cloud is gone")
        assert process.wait() == -signal.SIGKILL
        assert process.killed


def test_leaving_early_stops_it(fake: FakeTerraform) -> None:
    fake.play(cluster_apply={"lines": ["ready"], "wait": True})
    with started(fake, "apply") as process:
        next(process.lines())
    assert fake.signals() == 1


def test_a_program_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KubeplatError, match="could not be started"):
        TerraformProcess([str(tmp_path / "none")], tmp_path, {})


def test_when_we_are_killed_it_is_stopped_cleanly_and_may_say_all_it_has_to(fake: FakeTerraform) -> None:
    """It says more than a pipe holds while it stops: without a reader it would die of that, its state unsaved."""
    talk = ["last words " * 20] * 2000
    fake.play(cluster_apply={"lines": ["ready"], "wait": True, "on_stop": talk})
    os.mkfifo(fake.home / "stopped")
    with front_end(fake, "lasting") as process:
        process.kill()
        (fake.home / "stopped").read_text()  # blocks until it has ended what it was doing
    assert fake.signals() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is not its child by a pidfd")
def test_when_we_are_killed_and_the_cloud_with_us_it_does_not_go_on_for_ever(fake: FakeTerraform) -> None:
    fake.play(cluster_apply={"lines": ["ready"], "wait": True, "ignore_stop": True})
    with front_end(fake, "mortal") as process:
        terraform_end = os.pidfd_open(fake.calls()[-1]["pid"])
        process.kill()
    try:
        assert select.select([terraform_end], [], [], 30)[0]
    finally:
        os.close(terraform_end)


def test_python_terraform_runs_nothing_by_surprise(fake: FakeTerraform) -> None:
    tool = terraform.Terraform(fake.home.parent / "cluster", fake.program, {"PATH": os.environ["PATH"]})
    for name in ("__rich__", "_repr_html_", "import_cmd", "anything"):
        assert not hasattr(tool, name)
    with pytest.raises(TypeError):
        tool.destroy()
    with pytest.raises(TypeError):
        tool.start("plan", var={"password": "secret"})
    assert fake.commands() == []


def test_a_command_sees_only_the_environment_it_is_given(
    fake: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    tool = terraform.Terraform(
        fake.home.parent / "cluster", fake.program, {"PATH": os.environ["PATH"], "AWS_REGION": "eu-west-2"}
    )
    fake.play(cluster_output={"lines": [{"dns": {"value": "a", "type": "string", "sensitive": False}}]})
    assert tool.output() == {"dns": {"value": "a", "type": "string", "sensitive": False}}
    assert fake.calls()[-1]["environ"] == {"AWS_REGION": "eu-west-2"}
