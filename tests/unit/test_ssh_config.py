"""The OpenSSH configuration, as OpenSSH itself understands it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.inventory import Instance, Layer
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.ssh.config_text import openssh_config, quoted
from tests.unit.sites import make_site

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site

needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not installed")
LAUNCHED = datetime(2026, 5, 1, tzinfo=UTC)


class Door(Cloud):
    """A cloud whose bastions are behind ports of this computer."""

    def __init__(self, open_: bool = True) -> None:
        super().__init__("eu-west-2", None)
        self._open = open_

    def address(self, host: str, port: int) -> tuple[str, int]:
        if not self._open:
            raise ConnectionRefusedError(111, "Connection refused")
        return "127.0.0.1", 2200 + int(host.rsplit(".", 1)[1])


def machine(number: int, layer: Layer, zone: str = "a", public: str = "") -> Instance:
    return Instance(
        f"i-0{number}",
        f"demo-{layer}",
        f"10.80.10.{number}",
        public,
        "running",
        zone,
        "t3.small",
        LAUNCHED,
        layer,
    )


MACHINES = [
    machine(31, Layer.COMPUTE, "b"),
    machine(30, Layer.COMPUTE),
    machine(13, Layer.SECURE, "c"),
    machine(12, Layer.SECURE, "b"),
    machine(11, Layer.SECURE, "a"),
    machine(2, Layer.BASTION, public="54.1.1.2"),
    machine(1, Layer.BASTION, public="54.1.1.1"),
    replace(machine(3, Layer.BASTION, public="54.1.1.3"), state="stopped"),
]
NAMES = {
    "i-01": ["demo-bastion", "demo-bastion-a1", "i-01", "10.80.10.1"],
    "i-02": ["demo-bastion-a2", "i-02", "10.80.10.2"],
    "i-011": ["demo-secure", "demo-secure-a", "i-011", "10.80.10.11"],
    "i-012": ["demo-secure-b", "i-012"],
    "i-013": ["demo-secure-c", "i-013"],
    "i-030": ["demo-compute", "demo-compute-a", "i-030"],
    "i-031": ["demo-compute-b", "i-031"],
}


def site_in(folder: Path, extra: str = 'ssh_user = "core"\n', cloud: Cloud | None = None) -> Site:
    """A site with its key here."""
    folder.mkdir(parents=True, exist_ok=True)
    site = replace(make_site(folder, extra=extra), cloud=cloud or Door())
    key = site.folders.secrets / "locked/id_ed25519"
    key.parent.mkdir(parents=True)
    key.write_bytes(keys.generate_ssh())
    return site


def understood(folder: Path, text: str, host: str) -> dict[str, str]:
    """What ssh makes of it for `host`."""
    path = folder / "a config"
    path.write_text(text)
    said = subprocess.run(["ssh", "-G", "-F", path, host], capture_output=True, text=True, check=True)
    return dict(line.partition(" ")[::2] for line in said.stdout.splitlines())


@needs_ssh
@pytest.mark.parametrize("folder", ["plain", "with space", 'quo"te', "per%cent %h", "back\\slash", "it's"])
def test_every_name_leads_to_its_machine_with_its_own_key(tmp_path: Path, folder: str) -> None:
    site = site_in(tmp_path / folder)
    text = openssh_config(site, MACHINES)
    for instance_id, names in NAMES.items():
        for name in names:
            found = understood(tmp_path, text, name)
            assert found["hostkeyalias"] == instance_id
            assert found["user"] == "core"
            assert found["stricthostkeychecking"] == "true"
            assert found["identitiesonly"] == "yes"
            assert found["updatehostkeys"] == "false"
            assert Path(_path(found["identityfile"])) == site.folders.secrets / "locked/id_ed25519"
            assert Path(_path(found["userknownhostsfile"])) == site.folders.ssh / "known_hosts"
            if instance_id in {"i-01", "i-02"}:
                assert "proxyjump" not in found
                assert (found["hostname"], found["port"]) == ("127.0.0.1", f"220{instance_id[-1]}")
            else:
                assert found["proxyjump"] == "demo-bastion"
                assert (found["hostname"], found["port"]) == (f"10.80.10.{instance_id[3:]}", "22")


def _path(value: str) -> str:
    """`ssh -G` shows some paths before their tokens are replaced, and some with quotes of its own."""
    return value.strip('"').replace("%%", "%") if value.startswith('"') else value.replace("%%", "%")


@needs_ssh
def test_other_hosts_are_not_touched(tmp_path: Path) -> None:
    text = openssh_config(site_in(tmp_path), MACHINES)
    elsewhere = understood(tmp_path, text, "github.com")
    assert "hostkeyalias" not in elsewhere
    assert str(tmp_path) not in elsewhere["userknownhostsfile"]


def test_machines_that_do_not_run_are_left_out_and_none_is_fine(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    assert "i-03 " not in openssh_config(site, MACHINES)
    assert "Host" not in openssh_config(site, [])


@needs_ssh
def test_without_the_key_here_the_agent_is_asked(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (site.folders.secrets / "locked/id_ed25519").unlink()
    assert understood(tmp_path, openssh_config(site, MACHINES), "i-01")["identitiesonly"] == "no"


@needs_ssh
def test_without_a_bastion_machines_with_an_address_are_reached_straight(tmp_path: Path) -> None:
    alone = machine(40, Layer.SECURE, public="54.1.1.4")
    text = openssh_config(site_in(tmp_path), [alone, machine(41, Layer.SECURE)])
    assert understood(tmp_path, text, "i-040")["port"] == "2204"
    assert "# No bastion is running" in text


def test_a_sandbox_without_that_bastion_says_so(tmp_path: Path) -> None:
    site = site_in(tmp_path, cloud=Door(open_=False))
    with pytest.raises(KubeplatError, match=r"demo-bastion \(i-01\) has no way in"):
        openssh_config(site, MACHINES)


def test_names_that_mean_something_to_ssh_are_left_out(tmp_path: Path) -> None:
    odd = replace(machine(50, Layer.UNKNOWN), name="all * !not")
    text = openssh_config(site_in(tmp_path), [*MACHINES, odd])
    assert "Host demo-other i-050 10.80.10.50\n" in text


@pytest.mark.parametrize("path", ["/a/${HOME}/b", "/a/line\nbreak"])
def test_a_path_that_cannot_be_said(path: str) -> None:
    with pytest.raises(InputError, match="cannot stand in an OpenSSH configuration"):
        quoted(Path(path))
