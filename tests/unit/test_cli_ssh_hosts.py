"""What is asked at a terminal, the hosts that are known, the OpenSSH configuration, and the key in the agent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from keyring.backends import fail

from kubeplat_tui.commands.agent_setup import seconds_of
from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import agent
from kubeplat_tui.services.ssh.host_keys import HostKeys
from tests.unit.cli_support import plain_environment
from tests.unit.keyrings import MemoryKeyring, using
from tests.unit.ssh_verbs import PUBLIC, Place
from tests.unit.ssh_verbs_shell import SshShell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def keyring() -> Iterator[MemoryKeyring]:
    system = MemoryKeyring()
    with using(system):
        yield system


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture
def shell(place: Place, monkeypatch: pytest.MonkeyPatch) -> SshShell:
    return SshShell(place, monkeypatch)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at prompts that show nothing, the first one first."""
    lines: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt="": lines.pop(0))
    return lines


def known(place: Place) -> set[str]:
    return {host.instance_id for host in HostKeys(place.site.folders.ssh).known()}


def protect(place: Place) -> None:
    key = place.site.folders.secrets / "locked" / "id_ed25519"
    place.put_key(ssh_passphrase.protect(key.read_bytes(), PASSPHRASE))


# --- ssh-config, and what it asks -----------------------------------------------------------------------------------


def test_a_person_is_shown_each_new_key_and_what_the_console_says(shell: SshShell, place: Place) -> None:
    place.machines.ec2.consoles[place.master.of.id] = "still booting"
    first = place.master.host_key.fingerprint[len("SHA256:") :][:6]
    ran = shell.at_terminal("ssh-config", "--scan", typed=("yes", first, "yes", "no"))
    assert ran.code == 3
    for machine in place.machines.all:
        assert machine.host_key.fingerprint in ran.err
    assert ran.err.count("The machine's console output shows the same fingerprint.") == 3
    assert ran.err.count("shows no fingerprints yet") == 1
    assert "was not accepted" in ran.err
    assert known(place) == {"i-01", "i-0100", "i-0120"}
    assert re.search(rf"^Host .*\bdemo-bastion\b.*\n  HostName {PUBLIC}\n", ran.out, re.MULTILINE)
    assert "StrictHostKeyChecking yes" in ran.out


def test_a_key_that_no_console_confirms_takes_more_than_a_yes(shell: SshShell, place: Place) -> None:
    for machine in place.machines.all:
        place.machines.ec2.consoles[machine.of.id] = "still booting"
    ran = shell.at_terminal("ssh-config", "--scan", typed=("yes",) * 4)
    assert ran.code == 3
    assert known(place) == set()


def test_a_configuration_names_the_machines_that_ssh_would_refuse(shell: SshShell, place: Place) -> None:
    ran = shell.run("ssh-config")
    assert ran.code == 0
    assert "OpenSSH refuses demo-bastion (i-01), demo-secure (i-0100)" in ran.err
    place.know()
    ran = shell.run("ssh-config", "--scan")  # nothing is new, so nothing is asked
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(shell.run("ssh-config", "--json").out)["unknown"] == []


def test_a_configuration_is_kept_for_its_owner(shell: SshShell, place: Place) -> None:
    place.know()
    ran = shell.run("ssh-config", "--write")
    path = place.site.folders.ssh / "config"
    assert ran.out.decode() == f"ssh -F {path} demo-bastion\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Host demo-secure" in path.read_text()


def test_no_machines_no_configuration(shell: SshShell, place: Place) -> None:
    place.machines.all.clear()
    ran = shell.run("ssh-config")
    assert ran.code == 2
    assert "demo has no machines." in ran.err


# --- the passphrase -------------------------------------------------------------------------------------------------


def test_a_passphrase_is_asked_for_unseen_again_and_remembered(
    shell: SshShell, place: Place, typed: list[str], keyring: MemoryKeyring
) -> None:
    place.know()
    protect(place)
    place.site.folders.ssh.joinpath("known_hosts").write_text("")
    typed += ["a wrong one", PASSPHRASE]
    ran = shell.at_terminal("ssh-config", "--scan", "--yes", typed=("yes",))
    assert ran.code == 0
    assert "That passphrase does not open the key." in ran.err
    assert "keyring?" in ran.err
    assert PASSPHRASE not in ran.err + ran.out
    assert list(keyring.entries.values()) == [PASSPHRASE], ran.err
    # Now nobody has to be asked.
    assert shell.run("ssh", "master", "--", "true").code == 0


def test_without_a_keyring_nothing_is_said_of_it(shell: SshShell, place: Place, typed: list[str]) -> None:
    protect(place)
    typed.append(PASSPHRASE)
    with using(fail.Keyring()):  # type: ignore[no-untyped-call]  # the package leaves it without types
        ran = shell.at_terminal("ssh-config", "--scan", "--yes")
    assert ran.code == 0
    assert "keyring?" not in ran.err


def test_no_passphrase_gives_up(shell: SshShell, place: Place, typed: list[str]) -> None:
    protect(place)
    typed.append("")
    ran = shell.at_terminal("ssh-config", "--scan", "--yes")
    assert ran.code == 2
    assert "was not given" in ran.err


# --- ssh-hosts ------------------------------------------------------------------------------------------------------


def test_known_hosts_are_listed_and_forgotten(shell: SshShell, place: Place) -> None:
    ran = shell.run("ssh-hosts")
    assert (ran.code, ran.out) == (0, b"")
    assert "No host key of demo was accepted" in ran.err
    place.know()
    ran = shell.run("ssh-hosts", "list")
    assert place.master.host_key.fingerprint.encode() in ran.out
    listed = json.loads(shell.run("ssh-hosts", "--json").out)["hosts"]
    assert {host["id"] for host in listed} == {"i-01", "i-0100", "i-0120", "i-0121"}
    assert shell.run("ssh-hosts", "forget", "i-0100").code == 2
    assert shell.at_terminal("ssh-hosts", "forget", "i-0100", typed=("no",)).code == 1
    assert known(place) == {"i-01", "i-0100", "i-0120", "i-0121"}
    assert shell.at_terminal("ssh-hosts", "forget", "demo-compute", typed=("yes",)).code == 0
    ran = shell.run("ssh-hosts", "forget", "10.80.10.100", "--yes", "--json")
    assert json.loads(ran.out) == {"environment": "demo", "forgotten": ["i-0100"]}
    assert known(place) == {"i-01"}
    ran = shell.run("ssh-hosts", "forget", "i-0100", "--yes")
    assert ran.code == 1
    assert "No host key of i-0100 is known here." in ran.err


# --- agent-setup ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("8h", 28_800), ("2 d", 172_800)]
)
def test_a_lifetime(lifetime: str, seconds: int) -> None:
    assert seconds_of(lifetime) == seconds


@pytest.mark.parametrize("lifetime", ["", "0", "-1", "8x", "h", "1.5h", "9999w", "99999999999"])
def test_a_lifetime_that_is_none(lifetime: str) -> None:
    with pytest.raises(InputError, match="is no time"):
        seconds_of(lifetime)


def test_without_an_agent_it_says_how_to_start_one(shell: SshShell) -> None:
    ran = shell.run("agent-setup")
    assert ran.code == 2
    assert "There is no ssh-agent." in ran.err
    assert "eval $(ssh-agent)" in ran.err


def test_the_key_goes_to_the_agent_without_its_passphrase(
    shell: SshShell, place: Place, typed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[tuple[bytes, str, int]] = []
    monkeypatch.setattr(agent, "keys", lambda environ: ())
    monkeypatch.setattr(
        agent, "add_key", lambda environ, key, comment, seconds: added.append((key, comment, seconds))
    )
    plain = (place.site.folders.secrets / "locked" / "id_ed25519").read_bytes()
    protect(place)
    typed.append(PASSPHRASE)
    ran = shell.at_terminal("agent-setup", "--lifetime", "30m", typed=("no",))
    assert ran.code == 0
    assert "has the key of demo for 30 min" in ran.out
    assert PASSPHRASE not in ran.out + ran.err
    assert added == [(plain, "kubeplat demo", 1800)]
