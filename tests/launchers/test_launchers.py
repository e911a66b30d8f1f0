"""play.kube and run.kube as a user meets them: how they are called, what they pass on, what they say."""

from __future__ import annotations

import json
import os
import pty
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.launchers.checkout import Checkout, make_checkout
from tests.launchers.engine import make_engine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("launchers")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose private environment is made."""
    checkout = make_checkout(tmp_path_factory.mktemp("started"))
    checkout.told("play.kube", "help")
    return checkout


@pytest.fixture
def untouched(tmp_path: Path) -> Checkout:
    """A checkout that was never started."""
    return make_checkout(tmp_path)


def test_play_passes_the_verb_and_its_words_on(started: Checkout) -> None:
    told = started.told("play.kube", "run", "--yes", "two words", "*", "")
    assert told["arguments"] == ["--playground", "run", "--yes", "two words", "*", ""]


def test_run_passes_the_environment_and_the_verb_on(started: Checkout) -> None:
    assert started.told("run.kube", "-e", "prod", "plan", "-e", "x")["arguments"] == [
        "--environment", "prod", "plan", "-e", "x",
    ]  # fmt: skip
    assert started.told("run.kube", "--environment=prod", "--native", "plan")["arguments"] == [
        "--environment", "prod", "plan",
    ]  # fmt: skip


def test_program_runs_where_the_user_is_and_from_the_checkout(started: Checkout, tmp_path: Path) -> None:
    told = started.told("play.kube", "help", cwd=tmp_path)
    assert told["folder"] == str(tmp_path.resolve())
    assert str(started.path) in told["path"]
    assert told["package"].startswith(str(started.cache))


def test_starts_through_symbolic_links(started: Checkout, tmp_path: Path) -> None:
    (tmp_path / "deep er").mkdir()
    (tmp_path / "deep er" / "play").symlink_to(
        os.path.relpath(started.path / "play.kube", tmp_path / "deep er")
    )
    (tmp_path / "play").symlink_to("deep er/play")
    assert started.told(tmp_path / "play", "help")["prefix"].startswith(str(started.cache))


def test_starts_by_its_bare_name(started: Checkout) -> None:
    done = started.run(shutil.which("bash") or "bash", "play.kube", "help", cwd=started.path)
    assert (done.returncode, done.stderr) == (0, "")


def test_program_takes_the_launchers_place(started: Checkout) -> None:
    with started.begin("play.kube", "help") as process:
        out, _ = process.communicate("")
    assert f'"process": {process.pid},' in out


def test_exit_status_is_the_programs(started: Checkout) -> None:
    assert started.run("play.kube", "fail").returncode == 3


def test_users_python_settings_and_folder_do_not_reach_the_program(started: Checkout, tmp_path: Path) -> None:
    for name in ("kubeplat_tui", "json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    environ = started.environ | {
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": str(tmp_path),
        "CDPATH": str(tmp_path),
    }
    assert started.told("play.kube", "help", cwd=tmp_path, env=environ)["python"] is None


def test_second_start_says_nothing_and_makes_nothing(started: Checkout) -> None:
    before = started.environments
    assert started.run("run.kube", "-e", "prod", "plan").stderr == ""
    assert started.environments == before


def test_cache_folder_may_be_named_when_there_is_no_home(started: Checkout) -> None:
    environ = started.environ | {"XDG_CACHE_HOME": str(started.home / ".cache")}
    del environ["HOME"]
    assert started.told("play.kube", "help", env=environ)["prefix"].startswith(str(started.cache))


@pytest.mark.parametrize("script", ["play.kube", "run.kube"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_ends_and_sets_nothing_up(untouched: Checkout, script: str, option: str) -> None:
    done = untouched.run(script, option)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {script}")
    options = [
        "--shell ",
        "-- COMMAND ",
        "--native ",
        "--container ",
        "--image NAME ",
        "--config-d FOLDER ",
        "-h, --help ",
    ]
    for each in options:
        assert done.stdout.count(f"\n  {each}") == 1, "each option once"
    assert list(untouched.home.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["play.kube", "--"], "-- needs a command"),
        (
            ["run.kube", "-e", "x", "--shell", "plan"],
            "--shell takes no verb; one command in the shell is: -- plan",
        ),
        (["play.kube", "--shell"], "needs a terminal. In a script"),
        (["play.kube", "--nonsense"], "play.kube has no option --nonsense"),
        (["run.kube", "--nonsense"], "run.kube has no option --nonsense"),
        (["run.kube"], "run.kube needs an environment"),
        (["run.kube", "plan"], "run.kube needs an environment"),
        (["run.kube", "-e"], "-e needs the name"),
        (["run.kube", "-e", "", "plan"], "-e needs the name"),
        (["run.kube", "-e", "--native", "plan"], "-e needs the name"),
        (["run.kube", "-e", "one", "-e", "two", "plan"], "takes one environment"),
        (["play.kube"], "needs a terminal. In a script, name what to do, such as: play.kube rehearse"),
        (
            ["run.kube", "-e", "prod"],
            "needs a terminal. In a script, name what to do, such as: run.kube -e prod",
        ),
    ],
)
def test_bad_usage_is_one_sentence_and_sets_nothing_up(
    untouched: Checkout, command: list[str], sentence: str
) -> None:
    done = untouched.run(*command)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(untouched.home.iterdir()) == []


def test_application_starts_on_a_terminal(started: Checkout) -> None:
    near, far = pty.openpty()
    try:
        with started.begin("play.kube", terminal=far) as process:
            os.close(far)
            assert os.read(near, 65536).startswith(b'{"arguments": ["--playground"]')
        assert process.returncode == 0
    finally:
        os.close(near)


def test_shell_and_one_command_in_it_are_a_verb(started: Checkout) -> None:
    told = started.told("run.kube", "-e", "prod", "--", "kubectl", "get", "nodes", "-o", "wide")
    assert told["arguments"] == [
        "--environment", "prod", "shell", "--", "kubectl", "get", "nodes", "-o", "wide",
    ]  # fmt: skip
    assert started.told("play.kube", "--native", "--", "run", "plan")["arguments"] == [
        "--playground", "shell", "--", "run", "plan",
    ]  # fmt: skip
    near, far = pty.openpty()
    try:
        with started.begin("run.kube", "-e", "prod", "--shell", terminal=far) as process:
            os.close(far)
            assert os.read(near, 65536).startswith(b'{"arguments": ["--environment", "prod", "shell"]')
        assert process.returncode == 0
    finally:
        os.close(near)


def test_users_own_terraform_is_named_to_a_native_start_too(started: Checkout, tmp_path: Path) -> None:
    (tmp_path / "terraform").mkdir()
    done = started.run("play.kube", "plan", cwd=tmp_path)
    assert f"The Terraform files in {tmp_path}/terraform are built together" in done.stderr
    assert json.loads(done.stdout)["config_d"] == f"{tmp_path}/terraform"
    told = started.told("play.kube", "--config-d=terraform", "plan", cwd=tmp_path)
    assert told["config_d"] == f"{tmp_path}/terraform"
    assert started.told("play.kube", "plan")["config_d"] is None


@pytest.mark.parametrize(
    ("behaviour", "said"), [({"images": []}, "There is no image kubeplat:latest"), ({"answers": False}, "")]
)
def test_run_is_native_where_there_is_no_image(
    started: Checkout, tmp_path: Path, behaviour: dict[str, object], said: str
) -> None:
    engine = make_engine(tmp_path, "podman", **behaviour)
    environ = {name: value for name, value in started.environ.items() if name != "KUBEPLAT_CONTAINER"}
    environ |= {"PATH": engine.path(), "KUBEPLAT_ENGINE": "podman"}
    done = started.run("run.kube", "-e", "prod", "plan", env=environ)
    assert json.loads(done.stdout)["arguments"] == ["--environment", "prod", "plan"]
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == bool(said)
    silent = started.run("run.kube", "--native", "-e", "prod", "plan", env=environ)
    assert silent.stderr == ""


def test_play_is_native_where_nothing_was_said(started: Checkout, tmp_path: Path) -> None:
    engine = make_engine(tmp_path, "podman", images=["kubeplat:latest"])
    environ = {name: value for name, value in started.environ.items() if name != "KUBEPLAT_CONTAINER"}
    started.told("play.kube", "instances", env=environ | {"PATH": engine.path()})
    assert engine.calls() == []


def test_make_without_an_engine_says_what_to_do(untouched: Checkout, tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None, "make comes with git and Python on every machine that builds this"
    for engine in ("docker", "podman"):
        program = tmp_path / "silent" / engine
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    environ = untouched.environ | {"PATH": f"{tmp_path / 'silent'}:{os.environ['PATH']}"}
    done = untouched.run(make, cwd=untouched.path, env=environ)
    assert done.returncode == 2
    assert "No container engine answers" in done.stderr
    assert "./play.kube" in done.stderr
