"""The walk-through that every user of the original knew, typed line by line into the shell of an environment."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox import status
from tests.terminal.driver import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.terminal.conftest import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("walk-through")]

BUILT_WITHIN = 540.0
"""Seconds; most of them are the provider's own waits."""

PROMPT = "sandbox [play-jest@platform] (master) $"


class Typist:
    """A person at the prompt."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def line(self, line: str, *words: str, within: float = 60.0) -> str:
        """Type a line and wait for the prompt after it; what was said meanwhile, which has all `words`."""
        self.begin(line)
        return self.end(line, *words, within=within)

    def begin(self, line: str, *words: str, within: float = 60.0) -> None:
        """Type a line, and wait for all `words`: a question."""
        self._terminal.type(line)
        self._terminal.press("Enter")
        self._terminal.see(*words, within=within)

    def end(self, line: str, *words: str, within: float = 60.0) -> str:
        """Wait for the prompt; what was said since `line` was typed."""
        self._terminal.see_if(
            lambda screen: screen.rstrip().endswith(f"\n{PROMPT}"), f"the prompt after {line}", within=within
        )
        everything = self._terminal._tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "test")
        said = everything.rpartition(f"{PROMPT} {line}")[2].partition(PROMPT)[0]
        missing = [word for word in words if word not in said]
        assert not missing, f"{missing} not said by {line}:\n{said}"
        return said


@pytest.fixture
def platform(place: Place) -> Path:
    """A checkout of the person's own on the branch master."""
    folder = place.folder / "platform"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "master", folder], check=True)
    make = [sys.executable, "-m", "kubeplat_tui", "--playground", "environments", "list"]
    subprocess.run(make, env=place.environ(), check=True, capture_output=True)
    return folder


def opened(place: Place, folder: Path) -> Terminal:
    """The shell of the playground, by bash, in `folder`."""
    command = [sys.executable, "-m", "kubeplat_tui", "--playground", "shell", "--shell", "bash"]
    environ = place.environ() | {"HISTFILE": str(place.folder / "history"), "HISTSIZE": "1000"}
    terminal = Terminal(folder, command, environ=environ, columns=180, rows=50)
    terminal._tmux("set-option", "-g", "history-limit", "50000")
    place.terminals.append(terminal)
    terminal.see("play-jest", "sandbox: AWS is simulated on this computer", PROMPT)
    return terminal


def setting(place: Place, name: str) -> str:
    """A setting of the playground's file."""
    text = (place.environments / "play-jest.tfvars").read_text()
    found = re.search(rf'^{name}\s*= "(.*)"', text, re.MULTILINE)
    assert found
    return found[1]


def test_the_walk_through(place: Place, platform: Path) -> None:
    terminal = opened(place, platform)
    typist = Typist(terminal)
    bucket = setting(place, "terraform_bucket_name")
    typist.line(f"kmsctl bucket create --bucket {bucket}", f"successfully created the bucket: {bucket}")
    said = typist.line(
        "kmsctl kms create --name walk --description 'all of it'", "successfully created the key: walk "
    )
    key = said.split()[-1]
    typist.line(f"kubeplat variables set kms_master_id {key} --yes", f'"{key}"')
    build(typist)
    look(typist)
    secrets(typist, place)
    machines(typist)
    replace(typist)
    typist.begin("cleanup", "This will DELETE ALL resources, are you sure? (yes/no)", within=BUILT_WITHIN)
    typist.begin("play-jest")
    typist.end("cleanup", "play-jest is taken down: nothing is left", within=BUILT_WITHIN)
    assert "play-jest has no machines" in typist.line("aws-instances")
    terminal.type("exit")
    terminal.press("Enter")
    terminal.see("exit code 0")
    assert place.nothing_runs(), place.running()
    assert status.status(place.state) is None


def build(typist: Typist) -> None:
    """`run` asks for each of the two roots; `plan` finds nothing to change afterwards."""
    typist.begin("run", "Apply this plan of the foundation?", "(yes/no)", within=BUILT_WITHIN)
    typist.begin("yes", "Apply this plan of the cluster?", within=BUILT_WITHIN)
    typist.begin("yes")
    typist.end("run", "play-jest is built", within=BUILT_WITHIN)
    typist.line("plan", "No changes: play-jest is as its file says", within=BUILT_WITHIN)


def look(typist: Typist) -> None:
    """What there is, by the old names."""
    said = typist.line("aws-instances", "Name", "Private IP", "Public IP", "Zone", "10.80.10.", "eu-west-2a")
    assert said.count("running") == 7
    typist.line("aws-elbs", "play-jest-kubeapi", "play-jest-kube-internal-elb", "DNS name")
    typist.line("aws-volumes", "play-jest-etcd")
    typist.line("terraform.sh output", "kubeapi_public", within=120)
    typist.line("terraform.sh --root foundation state list", "aws_key_pair.environment", within=120)
    typist.line("terraform.sh destroy", "is not passed on", "kubeplat cleanup")


def secrets(typist: Typist, place: Place) -> None:
    """The bucket and the working copy, in the words that people grep for."""
    copy = place.state / "play-jest" / "secrets"
    typist.line("fetch-secrets", "Nothing to do")
    shutil.rmtree(copy)
    said = typist.line("fetch-secrets")
    assert re.search(r"^retrieved the file: (addons/\S+) and wrote to: secrets/\1$", said, re.MULTILINE), said
    assert (place.state / "play-jest" / "kubeconfig").exists()
    assert not (place.folder / ".kube").exists()
    (copy / "addons" / "notes").mkdir()
    (copy / "addons" / "notes" / "mine.yml").write_text("# mine\n")
    typist.line("upload-secrets", "uploaded the file: secrets/addons/notes/mine.yml")
    typist.line("show-cert secure/apiserver.crt", "subject    CN = kube-apiserver")
    if shutil.which("kubectl"):
        typist.line("kubectl get nodes", "none of them runs a Kubernetes API yet")
    else:
        typist.line("kubectl get nodes", "kubectl was not found")


def machines(typist: Typist) -> None:
    """To a master, through the bastion, with the agent."""
    typist.line("agent-setup", "The ssh-agent has the key of play-jest")
    typist.begin("ssh play-jest-bastion", "Is this the host key of play-jest-bastion", "(yes/no)")
    typist.begin("yes", "[ec2-user@play-jest-bastion ~]$")
    typist.begin("ssh 10.80.10.100", "Are you sure you want to continue connecting")
    typist.begin("yes", "[ec2-user@play-jest-secure ~]$")
    typist.begin("exit", "Connection to 10.80.10.100 closed")
    typist.begin("exit")
    typist.end("ssh play-jest-bastion", "closed")
    typist.begin(
        "ssh 10.80.10.100 'echo on $HOSTNAME'", "Is this the host key of play-jest-secure", "(yes/no)"
    )
    typist.begin("yes")
    typist.end("ssh 10.80.10.100 'echo on $HOSTNAME'", "on play-jest-secure")


def replace(typist: Typist) -> None:
    """Scaled and terminated, with the wait for what comes instead."""
    typist.begin("scale-compute 4", "type play-jest")
    typist.begin("play-jest")
    typist.end("scale-compute 4", within=180)
    said = typist.line("aws-instances")
    assert said.count("running") == 8, said
    bastion = re.search(r"play-jest-bastion .*(i-[0-9a-f]+)", said)
    assert bastion
    typist.begin(f"aws-terminate {bastion[1]}", "type play-jest")
    typist.begin("play-jest")
    typist.end(f"aws-terminate {bastion[1]}", within=180)
    after = typist.line("aws-instances", "play-jest-bastion")
    assert bastion[1] not in after
