"""The shell of an environment: its names, its variables, what it runs, and what completes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from kubeplat_tui import cli
from kubeplat_tui.commands import completion
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.ssh import finding
from kubeplat_tui.services.terraform import reading
from kubeplat_tui.shell import foreground, names, openssh, settings
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell, plain_environment
from tests.unit.secret_files import kubeconfig

__all__ = ["plain_environment"]
CHECKOUT = Path(__file__).parents[2]
SSH = names.BIN / "ssh"

needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_environment: None) -> Shell:
    for name in (settings.SHELL, settings.UNDO, settings.COMMANDS):
        monkeypatch.delenv(name, raising=False)
    return Shell(FakeIntents(tmp_path / "place"), monkeypatch)


# --- names ----------------------------------------------------------------------------------------


def test_every_name_is_a_verb_and_a_link() -> None:
    verbs = typer.main.get_command(cli.build()).commands  # type: ignore[attr-defined]  # it is a group
    assert set(names.NAMES) <= set(verbs)
    assert {path.name for path in names.BIN.iterdir()} == {*names.NAMES, "kubeplat", "ssh"}
    for name in names.NAMES:
        assert (names.BIN / name).resolve() == names.BIN / "kubeplat"
        assert os.access(names.BIN / name, os.X_OK)


def test_a_name_runs_its_verb_wherever_it_is_called(tmp_path: Path) -> None:
    environ = {
        "PATH": f"{names.BIN}:{os.environ['PATH']}",
        settings.COMMANDS: str(names.BIN),
        settings.PYTHON: sys.executable,
        settings.STARTS: str(names.START),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["terraform.sh", "apply"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "terraform apply is not passed on" in done.stderr
    assert "kubeplat run" in done.stderr


def test_outside_of_a_shell_a_name_says_what_it_needs() -> None:
    done = subprocess.run(
        [names.BIN / "plan"], env={"PATH": "/bin"}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "kubeplat shell" in done.stderr


# --- variables ------------------------------------------------------------------------------------


class Elsewhere(Cloud):
    """A cloud with a session that expires."""

    def __init__(self) -> None:
        super().__init__("eu-west-2", None)

    def environ(self, base: object = None) -> dict[str, str]:
        given = dict(base) if isinstance(base, dict) else {}
        given.pop("AWS_PROFILE", None)
        return given | {"AWS_SESSION_TOKEN": "expires", "AWS_REGION": "eu-west-2"}


def variables(base: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return settings.of_shell(
        base,
        "prod",
        cloud=Elsewhere(),
        sandbox=False,
        run=tmp_path,
        kubeconfig=tmp_path / "kubeconfig",
        manual=tmp_path / "man",
    )


def test_what_was_set_for_other_programs_is_forgotten_by_kubeplat_itself(tmp_path: Path) -> None:
    base = {"PATH": "/usr/bin", "AWS_PROFILE": "mine", "MANPATH": "/man"}
    inside = variables(base, tmp_path)
    assert inside["PATH"] == f"{names.BIN}:/usr/bin"
    assert inside["MANPATH"] == f"{tmp_path / 'man'}:/man"
    assert inside["AWS_SESSION_TOKEN"] == "expires"
    assert "AWS_PROFILE" not in inside
    assert "expires" not in inside[settings.UNDO]
    settings.leave(inside)
    assert {
        name: inside.get(name) for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "PATH")
    } == {
        "AWS_PROFILE": "mine",
        "AWS_SESSION_TOKEN": None,
        "AWS_REGION": None,
        "PATH": "/usr/bin",
    }


def test_what_the_person_sets_in_the_shell_counts(tmp_path: Path) -> None:
    inside = variables({"PATH": "/usr/bin"}, tmp_path) | {"AWS_REGION": "us-east-1", "AWS_PROFILE": "other"}
    settings.leave(inside)
    assert (inside["AWS_REGION"], inside["AWS_PROFILE"]) == ("us-east-1", "other")


def test_a_shell_in_a_shell_is_as_one_outside(tmp_path: Path) -> None:
    once = variables({"PATH": "/usr/bin", "AWS_PROFILE": "mine"}, tmp_path)
    assert variables(once, tmp_path) | {"MANPATH": ""} == once | {"MANPATH": ""}


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"A": 1}', '{"A": [1]}'])
def test_what_is_no_undo_is_none(text: str) -> None:
    environ = {settings.UNDO: text, "A": "1"}
    settings.leave(environ)
    assert environ == {"A": "1"}


# --- the verb -------------------------------------------------------------------------------------


def test_one_command_runs_in_the_environment_and_its_exit_code_is_the_shells(
    shell: Shell, capfd: pytest.CaptureFixture[str]
) -> None:
    script = """
echo "$KUBEPLAT_ENVIRONMENT $KUBECONFIG"
command -v aws-instances
[ -d "$KUBEPLAT_SHELL_RUN" ] && exit 7
"""
    assert shell.run("-e", "staging", "shell", "--", "sh", "-c", script).code == 7
    environment, command = capfd.readouterr().out.splitlines()
    assert environment == f"staging {shell.intents.workplace.folders('staging').root / 'kubeconfig'}"
    assert command == str(names.BIN / "aws-instances")


def test_an_environment_that_cannot_be_opened_still_has_a_shell(shell: Shell) -> None:
    shell.intents.behaviour.errors["open"] = KubeplatError("AWS is away.")
    assert shell.run("-e", "staging", "shell", "--", "sh", "-c", "exit 4").code == 4


def test_a_shell_needs_a_terminal_and_a_known_name(shell: Shell) -> None:
    ran = shell.run("-e", "staging", "shell")
    assert ran.code == 2
    assert "shell -- COMMAND" in ran.err
    ran = shell.at_terminal("-e", "staging", "shell", "--shell", "fish")
    assert ran.code == 2
    assert "bash or zsh" in ran.err
    ran = shell.run("-e", "staging", "shell", "--", "no-such-command")
    assert ran.code == 2
    assert "no-such-command was not found" in ran.err


# --- programs that have the terminal --------------------------------------------------------------


def test_the_exit_code_of_a_program_is_told_as_a_shell_does() -> None:
    environ = dict(os.environ)
    assert foreground.run(["sh", "-c", "exit 3"], environ) == 3
    assert foreground.run(["sh", "-c", "kill -KILL $$"], environ) == 128 + signal.SIGKILL
    assert foreground.run(["sh", "-c", "kill -STOP $$; exit 5"], environ) == 5
    with pytest.raises(InputError, match="nowhere was not found"):
        foreground.run(["nowhere"], environ)


def test_a_signal_is_passed_on_and_ctrl_c_left_to_the_program() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    script = "trap 'exit 9' HUP; kill -INT $PPID; kill -TERM $PPID; while :; do sleep 0.01; done"
    assert foreground.run(["sh", "-c", script], dict(os.environ), hangs_up=True) == 9
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


# --- terraform ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["output", "output -json", "state list", "state show a.b", "show", "graph -type=plan", "providers",
     "providers schema -json", "validate", "console", "version", "fmt -check", "workspace show"],
)  # fmt: skip
def test_what_reads_is_passed_on(line: str) -> None:
    words = line.split()
    assert reading.allowed(words) == words[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("apply", "kubeplat run"),
        ("apply -auto-approve", "kubeplat run"),
        ("destroy", "kubeplat cleanup"),
        ("plan", "kubeplat plan"),
        ("import a b", "kubeplat run"),
        ("taint a", "kubeplat terminate"),
        ("state rm a", "terraform state rm is not passed on"),
        ("state push x", "terraform state push is not passed on"),
        ("state mv a b", "terraform state mv is not passed on"),
        ("state", "terraform state is not passed on"),
        ("state -help rm", "terraform state rm is not passed on"),
        ("providers lock", "pinned"),
        ("workspace new x", "not a workspace"),
        ("force-unlock 1", "kubeplat unlock"),
        ("-chdir=/tmp output", "Begin with the command"),
        ("outptu", "no command outptu"),
        ("-json", "No command"),
    ],
)
def test_what_changes_something_is_refused_with_the_verb_for_it(line: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        reading.allowed(line.split())
    assert said in str(refused.value)


def test_help_and_bad_usage_of_terraform_are_kubeplats(shell: Shell) -> None:
    for words in (["terraform", "-h"], ["terraform.sh", "--help"], ["terraform.sh", "-help"]):
        ran = shell.run(*words)
        assert ran.code == 0
        assert "--root" in ran.out
    assert shell.run("terraform").code == 2


# --- kubectl --------------------------------------------------------------------------------------


def fake(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_kubectl_gets_a_private_kubeconfig(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake(tmp_path / "bin", "kubectl", 'echo "$KUBECONFIG" "$@"; exit 6')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "mine"))
    refused = shell.run("-e", "staging", "kubectl", "get", "nodes")
    assert refused.code == 2
    assert "kubeplat fetch-secrets" in refused.err
    root = shell.intents.workplace.folders("staging").root
    admin = root / "secrets" / "locked" / "admin.kubeconfig"
    admin.parent.mkdir(parents=True)
    admin.write_bytes(kubeconfig())
    assert shell.run("-e", "staging", "kubectl", "get", "nodes", "--help", "-n", "x").code == 6
    assert capfd.readouterr().out == f"{root / 'kubeconfig'} get nodes --help -n x\n"
    assert "current-context: staging" in (root / "kubeconfig").read_text()
    assert (root / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "mine").exists()


def test_without_kubectl_it_is_said(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = shell.run("-e", "staging", "kubectl", "version")
    assert ran.code == 2
    assert "kubectl was not found" in ran.err


# --- ssh ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["play-jest-bastion", "bastion", "ec2-user@secure-a", "-A -v -L 80:host:80 secure uptime", "10.80.10.100",
     "ssh://core@10.80.10.100:22", "i-0123456789abcdef0", "-oBatchMode=yes compute-b2 ls -la", "-- master"],
)  # fmt: skip
def test_ssh_to_a_machine_is_told_by_kubeplat_where_it_is(line: str, tmp_path: Path) -> None:
    assert called(line, tmp_path) == f"-P start.py --openssh {line}"


@pytest.mark.parametrize(
    "line",
    ["git@github.com git-upload-pack x", "example.org", "-F mine bastion", "-V", "-Q cipher", "-O exit bastion",
     "-G bastion", "", "12", "my-bastion", "-l bastion example.org", "10.80.10.100.example.org"],
)  # fmt: skip
def test_ssh_to_any_other_host_is_openssh_alone(line: str, tmp_path: Path) -> None:
    assert called(line, tmp_path) == f"openssh {line}".strip()


def called(line: str, tmp_path: Path) -> str:
    """What the script calls with this command line."""
    fake(tmp_path / "bin", "ssh", 'echo openssh "$@"')
    environ = {
        "PATH": f"{names.BIN}:{tmp_path / 'bin'}:/usr/bin:/bin",
        settings.COMMANDS: str(names.BIN),
        settings.PYTHON: "/bin/echo",
        settings.STARTS: "start.py",
        settings.ENVIRONMENT: "play-jest",
    }
    done = subprocess.run([SSH, *line.split()], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_openssh_kubeplats_own_ssh_does_what_it_can(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert openssh.main(["-t", "me@secure-a", "top", "-n"]) == ["ssh", "--tty", "secure-a", "--", "top", "-n"]
    assert openssh.main(["-A", "bastion"]) == ["ssh", "--agent", "bastion"]
    assert openssh.main(["-L", "1:b:2", "bastion"]) == 255
    assert openssh.main([]) == 255


def test_a_master_is_found_by_its_fixed_address() -> None:
    launched = datetime(2026, 5, 1, tzinfo=UTC)
    machine = Instance(
        "i-1", "p-secure", "10.80.10.4", "", "running", "eu-west-2a", "t3.small", launched, Layer.SECURE,
        tags=(("NodeID", "0"),),
    )  # fmt: skip
    nodes = {"0": {"zone": "a", "address": "10.80.10.100"}, "1": {"zone": "b", "address": "10.80.11.100"}}
    assert finding.of_node("10.80.10.100", nodes, [machine]) is machine
    assert finding.of_node("10.80.11.100", nodes, [machine]) is None
    assert finding.of_node("10.80.10.100", None, [machine]) is None
    assert finding.of_node("10.80.10.100", nodes, [replace(machine, state="terminated")]) is None


# --- completion -----------------------------------------------------------------------------------

RUN = f'kubeplat() {{ {sys.executable} -m kubeplat_tui "$@"; }}; kmsctl() {{ kubeplat kmsctl "$@"; }}'


def completing(tmp_path: Path, *command: str) -> list[str]:
    (tmp_path / "staging.tfvars").write_text('environment = "staging"\n')
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
        "KUBEPLAT_ENVIRONMENTS": str(tmp_path),
        settings.COMMANDS: str(names.BIN),
    }
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("terraform.sh --ro", ["--root"]),
        ("aws-instances -e st", ["staging"]),
        ("kmsctl buck", ["bucket"]),
        ("kubeplat ssh sec", ["secure"]),
    ],
)
def test_bash_completes(tmp_path: Path, line: str, offered: list[str]) -> None:
    words = line.split()
    script = (
        f'{RUN}; . "{names.FOLDER}/completion.bash"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; '
        f'_kubeplat_complete {words[0]}; printf "%s\\n" "${{COMPREPLY[@]}}"; complete -p {words[0]} >/dev/null'
    )
    assert completing(tmp_path, "bash", "--norc", "-c", script) == offered


@needs_zsh
@pytest.mark.parametrize(
    ("line", "offered"),
    [("terraform.sh --ro", "--root"), ("kmsctl buck", "bucket"), ("plan -e st", "staging")],
)
def test_zsh_completes(tmp_path: Path, line: str, offered: str) -> None:
    words = line.split()
    script = (
        f"{RUN}; compdef() {{ }}; _arguments() {{ print -r -- $@ }}; . {names.FOLDER}/completion.zsh; "
        f"words=({line}); CURRENT={len(words)}; _kubeplat_complete"
    )
    assert offered in " ".join(completing(tmp_path, "zsh", "-f", "-c", script))


@needs_zsh
@pytest.mark.parametrize("name", ["completion.zsh", "zsh/.zshrc", "zsh/.zshenv"])
def test_zsh_can_read_its_files(name: str) -> None:
    subprocess.run(["zsh", "-n", names.FOLDER / name], check=True)


@pytest.mark.parametrize("kind", ["bash", "zsh"])
def test_the_completion_is_printed(shell: Shell, kind: str) -> None:
    assert shell.run("completion", kind).out == (names.FOLDER / f"completion.{kind}").read_text()
    assert shell.run("completion", "fish").code == 2


def test_machines_are_completed_without_asking_anybody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBEPLAT_ENVIRONMENTS", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "lab.tfvars").write_text('environment = "lab"\nsandbox = true\n')
    context = typer.Context(typer.main.get_command(cli.build()))
    for name in ("lab", "nobody", ""):
        monkeypatch.setenv("KUBEPLAT_ENVIRONMENT", name)
        assert completion.complete_machines(context) == list(completion.LAYERS)
