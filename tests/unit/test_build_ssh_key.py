"""The environment's ssh key: made once, private, never overwritten."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services import ssh_key
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import EnvironmentFolders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(tmp_path: Path) -> EnvironmentFolders:
    return EnvironmentFolders(tmp_path / "demo")


def test_it_is_made_once_and_private(folders: EnvironmentFolders) -> None:
    first = ssh_key.public_key(folders, "demo")
    assert first.startswith("ssh-ed25519 ")
    assert ssh_key.public_key(folders, "demo") == first
    path = ssh_key.private_key_path(folders)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def test_a_lost_public_half_is_made_again(folders: EnvironmentFolders) -> None:
    first = ssh_key.public_key(folders, "demo")
    ssh_key.private_key_path(folders).with_suffix(".pub").unlink()
    assert ssh_key.public_key(folders, "demo") == first


def test_what_cannot_be_read_is_not_overwritten(folders: EnvironmentFolders) -> None:
    path = ssh_key.private_key_path(folders)
    path.parent.mkdir(parents=True)
    path.write_text("somebody's work")
    with pytest.raises(KubeplatError, match="cannot be read"):
        ssh_key.public_key(folders, "demo")
    assert path.read_text() == "somebody's work"


def test_a_lost_private_half_is_not_replaced(folders: EnvironmentFolders) -> None:
    ssh_key.public_key(folders, "demo")
    ssh_key.private_key_path(folders).unlink()
    with pytest.raises(KubeplatError, match="is missing"):
        ssh_key.public_key(folders, "demo")
