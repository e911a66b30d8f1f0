"""The real program in the client's place: `kubeplat ssh` and the SSH screen, in a real terminal."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ssh.agents import Agent
from tests.ssh.debian import program as fetch
from tests.ssh.driving import Place
from tests.ssh.farm import ADDRESSES, INSTANCES
from tests.ssh.test_forwards import echo, exchange
from tests.ssh.test_host_keys import fingerprint
from tests.terminal.driver import TMUX, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ssh.farm import Farm

CHECKOUT = Path(__file__).parents[2]
PORT, ECHO_PORT = 8099, 8081
DATA = os.urandom(1 << 20)
WHOLE_SCREEN = Path(__file__).with_name("whole_screen.py")
NEEDS_TMUX = pytest.mark.skipif(
    TMUX is None and not os.environ.get("CI"), reason="tmux is not installed: the real terminal is not driven"
)


@dataclass
class Program:
    """kubeplat on the client's computer, with an EC2 there that knows the farm's machines."""

    farm: Farm
    place: Place
    terminals: list[Terminal]

    def environ(self) -> dict[str, str]:
        """No credentials but the ones that EC2 takes, an empty home."""
        site, folder = self.place.site, self.place.site.workplace.environments.parent
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "USER": "jest",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_STATE_HOME": str(folder / "xdg"),
            "KUBEPLAT_ENVIRONMENTS": str(site.workplace.environments),
            "KUBEPLAT_ENVIRONMENT": site.environment.name,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line; its namespace is the client's, its environment `environ`."""
        return self.farm.client.command(sys.executable, "-m", "kubeplat_tui", *arguments)

    def run(self, *arguments: str, given: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
        """It, with pipes, to its end."""
        return subprocess.run(
            self.command(*arguments),
            input=given,
            env=self.environ() | environ,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, columns: int = 100, rows: int = 30) -> Terminal:
        """It, in a terminal."""
        environ = self.environ() | {"TERM": "screen-256color"}
        folder = Path(environ["HOME"])
        terminal = Terminal(folder, self.command(*arguments), environ=environ, columns=columns, rows=rows)
        self.terminals.append(terminal)
        return terminal

    def host_keys(self) -> list[str]:
        """`--host-key` for every machine."""
        return [word for server in self.farm.servers.values() for word in ("--host-key", fingerprint(server))]


@pytest.fixture
def program(farm: Farm, tmp_path: Path) -> Iterator[Program]:
    """The program, its environment and its EC2."""
    (tmp_path / "home").mkdir()
    place = Place.on(farm, tmp_path, state=tmp_path / "xdg" / "kubeplat")
    machines = [
        {
            "id": INSTANCES[name],
            "name": f"demo-{name}",
            "layer": name.partition("-")[0],
            "private": ADDRESSES[name][1],
            "public": ADDRESSES[name][0],
            "environment": place.site.environment.name,
            "console": "",
        }
        for name in ("bastion-1", "secure-1", "compute-1")
    ]
    (tmp_path / "machines.json").write_text(json.dumps(machines))
    script = Path(__file__).with_name("ec2_server.py")
    ec2 = farm.client.start(sys.executable, "-I", script, tmp_path / "machines.json", str(PORT))
    made = Program(farm, place, [])
    try:
        assert ec2.stdout is not None
        assert ec2.stdout.readline() == b"listening\n"
        yield made
    finally:
        for terminal in made.terminals:
            terminal.close()
        ec2.communicate()


def test_a_command_has_its_own_streams_and_exit_code(program: Program) -> None:
    data = bytes(range(256)) * 1000
    done = program.run("ssh", *program.host_keys(), "secure-1", "--", "cat; hostname >&2; exit 7", given=data)
    assert done.returncode == 7, done
    assert done.stdout == data
    assert done.stderr == b"secure-1\n"
    killed = program.run("ssh", "secure", "--", "kill -KILL $$")
    assert killed.returncode == 128 + signal.SIGKILL, killed


def test_an_unknown_host_is_refused_where_nobody_can_be_asked(program: Program) -> None:
    done = program.run("ssh", "secure-1", "--", "true")
    assert done.returncode == 255, done
    assert b"demo-bastion-1" in done.stderr
    assert b"SHA256:" in done.stderr


def test_files_there_and_back(program: Program, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    there = program.farm.servers["compute-1"].home / "by-kubeplat"
    done = program.run("scp", *program.host_keys(), str(tmp_path / "data"), "compute-1:by-kubeplat")
    assert done.returncode == 0, done
    assert there.read_bytes() == DATA
    there.chmod(0o600)
    done = program.run("scp", "compute-1:by-kubeplat", str(tmp_path / "back"))
    assert done.returncode == 0, done
    assert (tmp_path / "back").read_bytes() == DATA
    there.unlink()


def test_plain_ssh_by_its_configuration_and_the_agent(program: Program, tmp_path: Path) -> None:
    client = program.farm.client
    made = program.run("ssh-config", "--scan", *program.host_keys())
    assert made.returncode == 0, made
    config = tmp_path / "ssh_config"
    config.write_bytes(made.stdout)
    ssh = (fetch("ssh"), "-F", config)
    assert client.run(*ssh, "demo-compute", "hostname") == "compute-1\n"
    agent = Agent(client, tmp_path / "agent")
    try:
        done = program.run("agent-setup", "--lifetime", "10m", SSH_AUTH_SOCK=str(agent.socket))
        assert done.returncode == 0, done
        by_agent_only = ("-o", "IdentityFile=none", "-o", "IdentitiesOnly=no")
        jump = f"{fetch('ssh')} -F {config} -o IdentityFile=none -o IdentitiesOnly=no -W %h:%p demo-bastion"
        said = client.tried(
            *ssh,
            *by_agent_only,
            "-o",
            f"ProxyCommand={jump}",
            "demo-secure",
            "hostname",
            SSH_AUTH_SOCK=str(agent.socket),
        )
        assert said.stdout == "secure-1\n", said.stderr
    finally:
        agent.close()


def test_a_forward_until_ctrl_c(program: Program) -> None:
    client, target = program.farm.client, f"{ADDRESSES['secure-1'][1]}:{ECHO_PORT}"
    command = program.command("forward", "--json", *program.host_keys(), target)
    with (
        echo(program.farm.servers["secure-1"], ECHO_PORT),
        subprocess.Popen(command, env=program.environ(), stdout=subprocess.PIPE) as running,
    ):
        try:
            assert running.stdout is not None
            said = (json.loads(line) for line in running.stdout)
            port = next(each["bound_port"] for each in said if each.get("state") == "open")
            with client.dial("127.0.0.1", port, 5) as connection:
                assert exchange(connection, DATA) == hashlib.sha256(DATA).digest()
            client.send(signal.SIGINT, _forwards)
            list(said)
            assert running.wait(20) == 0
        finally:
            client.kill(_forwards)
    with pytest.raises(ConnectionRefusedError):
        client.dial("127.0.0.1", port, 5)


def _forwards(command: str) -> bool:
    return "kubeplat_tui forward" in command


def _asks(question: re.Pattern[str], screen: str) -> bool:
    return question.search(screen) is not None


@NEEDS_TMUX
def test_a_shell_in_a_terminal(program: Program) -> None:
    """Asked about both machines, typed into, resized, with a program of the whole screen, left by `exit`."""
    terminal = program.start("ssh", "compute-1")
    for name in ("demo-bastion-1", "demo-compute-1"):
        # No console confirms it: the beginning of the fingerprint is typed, as a person would after comparing it.
        question = re.compile(rf"Is this the host key of {name} .*?\(type (\S+);", re.DOTALL)
        screen = terminal.see_if(partial(_asks, question), f"the question about {name}")
        terminal.type(question.findall(screen)[-1])
        terminal.press("Enter")
    terminal.see("[root@compute-1 ~]#")
    terminal.type("stty size; echo $TERM\n")
    terminal.see("30 100", "screen-256color")
    terminal.type(f"{sys.executable} {WHOLE_SCREEN}\n")
    terminal.see("whole screen of 100 by 30", "typed:")
    terminal.type("abc")
    terminal.see("typed: abc")
    terminal.resize(90, 25)
    terminal.see("whole screen of 90 by 25", "typed: abc")
    terminal.type("q")
    terminal.see_if(lambda screen: "whole screen of" not in screen, "the screen as it was")
    terminal.type("exit 5\n")
    terminal.see("exit code 5")


@NEEDS_TMUX
def test_a_tab_of_the_application(program: Program) -> None:
    """From the list of machines: both host keys by hand, a program of the whole screen, a lost bastion, the end."""
    terminal = program.start("-e", program.place.site.environment.name, columns=120, rows=34)
    terminal.see("Certificates")
    terminal.press("4")
    terminal.see("demo-bastion-1", "demo-secure-1")
    terminal.press("j", "j", "s")
    for name in ("bastion-1", "secure-1"):
        terminal.see(f"the host key of demo-{name}", "SHA256:")
        terminal.type(fingerprint(program.farm.servers[name])[len("SHA256:") :][:6])
        terminal.press("Enter")
    terminal.see("[root@secure-1 ~]#")
    terminal.type(f"{sys.executable} {WHOLE_SCREEN}\n")
    columns, rows = _size(terminal)
    terminal.type("abc")
    terminal.see("typed: abc")
    terminal.resize(100, 28)
    terminal.see(f"whole screen of {columns - 20} by {rows - 6}", "typed: abc")
    program.farm.bastion.stop_serving()
    terminal.see("demo-bastion-1", "connects again", "r Reconnect")
    program.farm.bastion.serve()
    terminal.press("r")
    terminal.see_if(
        lambda screen: screen.rstrip().count("[root@secure-1 ~]#") > 0 and "● up" in screen, "a new shell"
    )
    terminal.type("exit 5\n")
    terminal.see("ended, exit code 5", "r Reconnect")
    terminal.press("C-q")
    terminal.see("exit code 0")


def _size(terminal: Terminal) -> tuple[int, int]:
    """Columns and rows that the program of the whole screen says it has."""
    shown = re.search(r"whole screen of (\d+) by (\d+)", terminal.see("whole screen of", "typed:"))
    assert shown is not None
    return int(shown[1]), int(shown[2])
