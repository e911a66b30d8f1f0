"""The environment's ssh key: made for a new environment only, fetched on every other computer, never overwritten."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import ssh_key
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.pki.once import SSH_KEY, SSH_PUBLIC
from kubeplat_tui.services.secrets.working_copy import WorkingCopy
from kubeplat_tui.services.terraform.remote_state import State, StateInstance

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return WorkingCopy(tmp_path / "demo")


def with_pair(copy: WorkingCopy) -> str:
    private = keys.generate_ssh()
    line = f"{keys.ssh_public(SSH_KEY, private)} somebody@elsewhere"
    copy.commit({SSH_KEY: private, SSH_PUBLIC: f"{line}\n".encode()})
    return line


def foundation(public_key: str) -> State:
    pair = StateInstance(
        "aws_key_pair.environment", "aws_key_pair", "environment", {"public_key": public_key}
    )
    return State(1, (pair,), ())


def test_the_public_half_reads_the_same_whatever_its_file_says(copy: WorkingCopy) -> None:
    line = with_pair(copy)
    here = ssh_key.public_key(copy, "demo")
    assert here.split() == [*line.split()[:2], "demo"]
    copy.path(SSH_PUBLIC).unlink()
    assert ssh_key.public_key(copy, "demo") == here


def test_what_cannot_be_read_is_said_and_left(copy: WorkingCopy) -> None:
    copy.commit({SSH_KEY: b"somebody's work"})
    with pytest.raises(KubeplatError, match="cannot be read"):
        ssh_key.public_key(copy, "demo")
    assert copy.read(SSH_KEY) == b"somebody's work"


def test_a_lost_private_half_is_not_replaced(copy: WorkingCopy) -> None:
    with_pair(copy)
    copy.path(SSH_KEY).unlink()
    with pytest.raises(KubeplatError, match="is missing"):
        ssh_key.public_key(copy, "demo")


def test_a_plan_takes_what_is_known_and_makes_nothing(copy: WorkingCopy) -> None:
    built = "ssh-ed25519 AAAA demo"
    assert ssh_key.known(copy, foundation(built), "demo") == built
    thrown_away = ssh_key.known(copy, None, "demo")
    assert thrown_away.startswith("ssh-ed25519 ")
    assert thrown_away != ssh_key.known(copy, None, "demo")
    assert copy.files() == {}
    with_pair(copy)
    assert ssh_key.known(copy, foundation(built), "demo") == ssh_key.public_key(copy, "demo")


def test_the_private_key_is_where_ssh_finds_it_and_private(copy: WorkingCopy) -> None:
    from kubeplat_tui.services.workplace import EnvironmentFolders

    with_pair(copy)
    path = ssh_key.private_key_path(EnvironmentFolders(copy.folder))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
