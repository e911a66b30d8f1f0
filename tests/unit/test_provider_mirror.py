"""Terraform's CLI configuration: the user's own is respected, a mirror is found and named."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.terraform.binary import system
from kubeplat_tui.services.terraform.provider_mirror import (
    PROVIDER,
    PROVIDER_VERSION,
    find_mirror,
    prepare,
    write_cli_config,
)

if TYPE_CHECKING:
    from pathlib import Path


def mirror_at(place: Path, version: str = PROVIDER_VERSION, computer: str = "") -> Path:
    folder = place / PROVIDER / version / (computer or system())
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_v{version}_x5").write_bytes(b"")
    return place


@pytest.mark.parametrize(
    "place", ["usr/share/terraform/plugins", "usr/local/share/terraform/plugins", "opt/providers"]
)
def test_mirror_is_found_in_the_usual_places(tmp_path: Path, place: str) -> None:
    mirror = mirror_at(tmp_path / place)
    assert find_mirror({}, tmp_path / "home", root=tmp_path) == mirror


def test_the_users_own_plugins_come_first(tmp_path: Path) -> None:
    mirror_at(tmp_path / "opt" / "providers")
    own = mirror_at(tmp_path / "home" / ".terraform.d" / "plugins")
    assert find_mirror({}, tmp_path / "home", root=tmp_path) == own


def test_mirror_of_another_version_or_computer_does_not_count(tmp_path: Path) -> None:
    mirror_at(tmp_path / "opt" / "old", version="5.99.0")
    mirror_at(tmp_path / "opt" / "strange", computer="plan9_mips")
    assert find_mirror({}, tmp_path / "home", root=tmp_path) is None


def test_mirror_is_written_into_a_private_configuration(tmp_path: Path) -> None:
    mirror = mirror_at(tmp_path / "opt" / 'pro"viders')
    configuration = prepare(tmp_path / "state", {"KEPT": "1"}, tmp_path / "home", root=tmp_path)
    assert configuration.mirror == mirror
    assert stat.S_IMODE(configuration.path.stat().st_mode) == 0o600
    assert 'pro\\"viders"' in configuration.path.read_text()
    assert configuration.environ({"KEPT": "1"}) == {
        "KEPT": "1",
        "TF_CLI_CONFIG_FILE": str(configuration.path),
    }


def test_without_a_mirror_providers_are_cached(tmp_path: Path) -> None:
    configuration = prepare(tmp_path / "state", {}, tmp_path / "home", root=tmp_path)
    assert configuration.mirror is None
    assert "plugin_cache_dir" in configuration.path.read_text()
    assert (tmp_path / "state" / "providers").is_dir()


def test_unchanged_configuration_is_not_written_again(tmp_path: Path) -> None:
    first = write_cli_config(tmp_path, None).stat()
    assert write_cli_config(tmp_path, None).stat().st_mtime_ns == first.st_mtime_ns


@pytest.mark.parametrize(
    "own", [".terraformrc", ".terraform.d/corporate.tfrc", ".terraform.d/corporate.tfrc.json"]
)
def test_the_users_configuration_is_respected(tmp_path: Path, own: str) -> None:
    mirror_at(tmp_path / "opt" / "providers")
    path = tmp_path / "home" / own
    path.parent.mkdir(parents=True)
    path.write_text("")
    configuration = prepare(tmp_path / "state", {}, tmp_path / "home", root=tmp_path)
    assert (configuration.path, configuration.own) == (path, False)
    assert configuration.environ({"KEPT": "1"}) == {"KEPT": "1"}
    assert not (tmp_path / "state").exists()


def test_credentials_alone_are_no_configuration(tmp_path: Path) -> None:
    credentials = tmp_path / "home" / ".terraform.d" / "credentials.tfrc.json"
    credentials.parent.mkdir(parents=True)
    credentials.write_text("{}")
    assert prepare(tmp_path / "state", {}, tmp_path / "home", root=tmp_path).own


def test_named_configuration_is_passed_on_while_it_exists(tmp_path: Path) -> None:
    named = tmp_path / "my.tfrc"
    named.write_text("")
    environ = {"TF_CLI_CONFIG_FILE": str(named)}
    configuration = prepare(tmp_path / "state", environ, tmp_path / "home", root=tmp_path)
    assert not configuration.own
    assert configuration.environ(environ) == environ


def test_named_configuration_that_is_missing_is_dropped(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".terraformrc").write_text("")
    environ = {"TF_CLI_CONFIG_FILE": str(tmp_path / "gone.tfrc"), "KEPT": "1"}
    configuration = prepare(tmp_path / "state", environ, home, root=tmp_path)
    assert configuration.environ(environ) == {"KEPT": "1"}
