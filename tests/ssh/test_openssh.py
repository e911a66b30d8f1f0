"""What is written for OpenSSH's own programs works with them: `ssh`, `scp`, `rsync`, `ssh-add`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh import agent as ssh_agent
from kubeplat_tui.services.ssh.config_text import openssh_config
from tests.ssh.agents import Agent
from tests.ssh.debian import program
from tests.ssh.farm import ADDRESSES, INSTANCES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ssh.driving import Place
    from tests.ssh.farm import Farm

DATA = os.urandom(1 << 20)


@pytest.fixture
def config(place: Place, tmp_path: Path) -> Path:
    """The configuration of an environment whose machines were all connected to once."""
    for name in ("secure-1", "compute-1"):
        place.connect(name)
    place.close()
    path = tmp_path / "ssh_config"
    path.write_text(openssh_config(place.site, place.instances))
    return path


@pytest.fixture
def agent(farm: Farm, tmp_path: Path) -> Iterator[Agent]:
    """A running agent, empty."""
    made = Agent(farm.client, tmp_path / "agent")
    yield made
    made.close()


@pytest.mark.parametrize(
    "host", ["demo-secure", "demo-secure-1", INSTANCES["secure-1"], ADDRESSES["secure-1"][1]]
)
def test_ssh_goes_through_the_bastion_by_every_name(farm: Farm, config: Path, host: str) -> None:
    said = farm.client.run(program("ssh"), "-F", config, host, "hostname; echo $SSH_CONNECTION")
    hostname, way = said.splitlines()
    assert hostname == "secure-1"
    assert way.startswith(f"{ADDRESSES['bastion-1'][1]} ")


def test_ssh_reaches_the_bastion_straight(farm: Farm, config: Path) -> None:
    said = farm.client.run(program("ssh"), "-F", config, "demo-bastion", "echo $SSH_CONNECTION")
    assert said.startswith(f"{ADDRESSES['client'][0]} ")


def test_a_machine_whose_key_is_not_known_is_refused(place: Place, farm: Farm, tmp_path: Path) -> None:
    place.connect("secure-1")
    config = tmp_path / "ssh_config"
    config.write_text(openssh_config(place.site, place.instances))
    done = farm.client.tried(program("ssh"), "-F", config, "demo-compute", "true")
    assert done.returncode == 255
    assert "verification failed" in done.stderr


def test_a_changed_key_is_refused(farm: Farm, config: Path) -> None:
    server = farm.servers["secure-1"]
    server.make_host_key()
    server.restart()
    done = farm.client.tried(program("ssh"), "-F", config, "demo-secure", "true")
    assert done.returncode == 255
    assert "HAS CHANGED" in done.stderr


def test_scp_and_rsync_carry_files(farm: Farm, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    ssh, home = program("ssh"), farm.servers["compute-1"].home
    with_config = ("-F", config, "-S", ssh)
    farm.client.run(program("scp"), *with_config, tmp_path / "data", "demo-compute:by-scp")
    assert (home / "by-scp").read_bytes() == DATA
    farm.client.run(program("scp"), *with_config, "demo-compute:by-scp", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == DATA
    if shutil.which("rsync"):  # it has to be on the machine, too
        rsync = ("rsync", "--archive", "--rsh", f"{ssh} -F {config}")
        farm.client.run(*rsync, tmp_path / "data", "demo-compute:by-rsync")
        assert (home / "by-rsync").read_bytes() == DATA


def test_a_key_in_the_agent_logs_in_until_its_time_is_over(
    place: Place, farm: Farm, agent: Agent, tmp_path: Path
) -> None:
    place.connect("secure-1")
    environ = {"SSH_AUTH_SOCK": str(agent.socket)}
    ssh_agent.add_key(environ, farm.key.read_bytes(), "kubeplat demo", 3600)
    assert "kubeplat demo (ED25519)" in agent.listing()
    place.forget_key()
    config = tmp_path / "ssh_config"
    config.write_text(openssh_config(place.site, place.instances))
    assert "IdentityFile" not in config.read_text()
    ssh = (program("ssh"), "-F", config, "demo-secure", "hostname")
    done = farm.client.tried(*ssh, SSH_AUTH_SOCK=str(agent.socket))
    assert done.stdout == "secure-1\n", done.stderr
    assert farm.client.tried(*ssh).returncode == 255
    ssh_agent.add_key(environ, farm.key.read_bytes(), "kubeplat demo", 1)
    assert agent.is_empty_within(10)
