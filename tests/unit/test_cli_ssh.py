"""`ssh MACHINE -- COMMAND`: bytes and exit codes as they are, and a sentence for everything that is in the way."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.commands import carrier
from kubeplat_tui.sandbox.machines.host_key import HostKey
from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.ssh.host_keys import HostKeys
from tests.unit.cli_support import plain_environment
from tests.unit.ssh_verbs import Place
from tests.unit.ssh_verbs_shell import SshShell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

EVERY_BYTE = bytes(range(256))
UNKNOWN = "SHA256:" + "A" * 43


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture
def shell(place: Place, monkeypatch: pytest.MonkeyPatch) -> SshShell:
    place.know()
    return SshShell(place, monkeypatch)


@pytest.fixture
def stranger(place: Place, monkeypatch: pytest.MonkeyPatch) -> SshShell:
    """Where no machine was ever connected to."""
    return SshShell(place, monkeypatch)


def known(place: Place) -> set[str]:
    return {host.instance_id for host in HostKeys(place.site.folders.ssh).known()}


# --- bytes and exit codes -------------------------------------------------------------------------------------------


def test_a_command_has_its_own_input_output_and_error(shell: SshShell) -> None:
    data = EVERY_BYTE + os.urandom(400_000)
    ran = shell.run("ssh", "master", "--", "cat; echo done >&2", typed=data)
    assert (ran.code, ran.err) == (0, "done\n")
    assert ran.out == data


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 5", 5),
        ("exit 130", 130),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
    ],
)
def test_the_exit_code_is_the_commands(shell: SshShell, command: str, code: int) -> None:
    ran = shell.run("ssh", "master", "--", command)
    assert (ran.code, ran.out, ran.err) == (code, b"", "")


def test_words_are_joined_as_ssh_joins_them(shell: SshShell) -> None:
    assert shell.run("ssh", "10.80.10.100", "--", "echo", "a  b", "$HOSTNAME").out == b"a b demo-secure\n"


def test_a_command_that_reads_no_more_ends_although_more_is_there(
    shell: SshShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "WAITING_LIMIT", 64 * 1024)
    ran = shell.run("ssh", "master", "--", "head -c 5", typed=b"01234" * 1_000_000)
    assert (ran.code, ran.out, ran.err) == (0, b"01234", "")


def test_commands_are_read_from_stdin_where_there_is_no_terminal(shell: SshShell) -> None:
    ran = shell.run("ssh", "master", typed=b"echo one\necho two >&2\nexit 3\n")
    assert (ran.code, ran.out, ran.err) == (3, b"one\n", "two\n")


def test_a_command_gets_a_terminal_only_when_it_is_wanted(shell: SshShell) -> None:
    assert shell.run("ssh", "master", "--", "test -t 1").code == 1
    ran = shell.run("ssh", "-t", "master", "--", "test -t 1 && stty size")
    assert (ran.code, ran.out) == (0, b"24 80\r\n")


def test_nobody_reading_ends_it_as_a_broken_pipe_does(shell: SshShell) -> None:
    nobody, out = os.pipe()
    os.close(nobody)
    ran = shell.run("ssh", "master", "--", "yes", out=out)
    assert ran.code == 141
    assert ran.err == ""


def test_a_lost_connection_is_said(shell: SshShell, place: Place) -> None:
    reader, out = os.pipe()
    said: list[bytes] = []

    def cut_when_it_speaks() -> None:
        said.append(os.read(reader, 100))
        place.master.cut()

    watching = threading.Thread(target=cut_when_it_speaks)
    watching.start()
    ran = shell.run("ssh", "master", "--", "echo here; exec sleep 1000", out=out)
    watching.join()
    os.close(reader)
    assert said == [b"here\n"]
    assert ran.code == 255
    assert "The connection to demo-secure (i-0100) was lost." in ran.err


# --- which machine --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["i-0100", "demo-secure", "master", "secure-a"])
def test_a_machine_has_many_names(shell: SshShell, target: str) -> None:
    assert shell.run("ssh", target, "--", "echo", "$HOSTNAME").out == b"demo-secure\n"


@pytest.mark.parametrize(
    ("target", "sentences"),
    [
        ("demo-secur3", ["There is no machine demo-secur3.", "Did you mean demo-secure?"]),
        ("demo-compute", ["demo-compute fits 2 machines.", "i-0120", "i-0121"]),
        ("bastion1", ["Did you mean bastion?"]),
    ],
)
def test_a_machine_that_is_none_or_several_is_told_with_those_there_are(
    shell: SshShell, target: str, sentences: list[str]
) -> None:
    ran = shell.run("ssh", target, "--", "true")
    assert (ran.code, ran.out) == (255, b"")
    for sentence in sentences:
        assert sentence in ran.err


def test_without_a_machine_they_are_listed(shell: SshShell) -> None:
    ran = shell.run("ssh")
    assert ran.code == 255
    assert "No machine was named." in ran.err
    assert "Name one: secure-a, compute-a1, compute-a2, bastion-a." in ran.err


def test_the_machines_and_what_is_known_of_them_as_json(stranger: SshShell, place: Place) -> None:
    stranger.run("--yes", "ssh", "master", "--", "true")
    document = json.loads(stranger.run("ssh", "--json").out)
    assert document["environment"] == "demo"
    found = {machine["id"]: machine for machine in document["machines"]}
    assert list(found) == ["i-0100", "i-0120", "i-0121", "i-01"]
    assert found["i-0100"]["host_key"]["fingerprint"] == place.master.host_key.fingerprint
    assert (found["i-0100"]["short"], found["i-0100"]["layer"]) == ("secure-a", "secure")
    assert found["i-0120"]["host_key"] is None


def test_json_of_a_command_is_refused(shell: SshShell) -> None:
    ran = shell.run("ssh", "--json", "master", "--", "true")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["exit_code"] == 2


def test_a_machine_that_does_not_run(shell: SshShell, place: Place) -> None:
    place.master.of = replace(place.master.of, state="stopped")
    ran = shell.run("ssh", "10.80.10.100", "--", "true")
    assert ran.code == 255
    assert "demo-secure (i-0100) is stopped, not running." in ran.err


def test_no_bastion(shell: SshShell, place: Place) -> None:
    place.machines.all.remove(place.bastion)
    ran = shell.run("ssh", "master", "--", "true")
    assert ran.code == 255
    assert "The environment has no bastion." in ran.err


def test_an_environment_that_is_not_built(shell: SshShell, place: Place) -> None:
    place.machines.all.clear()
    ran = shell.run("ssh", "master", "--", "true")
    assert ran.code == 255
    assert "demo has no machines." in ran.err
    assert "kubeplat run" in ran.err


def test_no_environment(shell: SshShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBEPLAT_ENVIRONMENT")
    ran = shell.run("ssh", "master", "--", "true")
    assert ran.code == 255
    assert "No environment was named." in ran.err


# --- host keys ------------------------------------------------------------------------------------------------------


def test_a_key_nobody_knows_is_refused_where_nobody_can_be_asked(stranger: SshShell, place: Place) -> None:
    ran = stranger.run("ssh", "master", "--", "true")
    assert (ran.code, ran.out) == (255, b"")
    assert f"(i-01) is not known here: {place.bastion.host_key.fingerprint}." in ran.err
    assert "no terminal to ask at" in ran.err
    assert "--host-key" in ran.err
    assert known(place) == set()


def test_yes_takes_only_what_the_console_shows_and_says_so(stranger: SshShell, place: Place) -> None:
    place.machines.ec2.consoles[place.master.of.id] = "still booting"
    ran = stranger.run("ssh", "--yes", "master", "--", "true")
    assert ran.code == 255
    assert f"{place.bastion.host_key.fingerprint}, is accepted: its console output shows it." in ran.err
    assert "shows no fingerprints yet" in ran.err
    assert known(place) == {"i-01"}


def test_a_named_key_is_accepted_and_no_other(stranger: SshShell, place: Place) -> None:
    ours = [
        part
        for machine in (place.bastion, place.master)
        for part in ("--host-key", machine.host_key.fingerprint)
    ]
    ran = stranger.run("ssh", "master", "--yes", *ours[:2], "--", "true")
    assert ran.code == 255
    assert f"{place.master.host_key.fingerprint}, which --host-key does not name" in ran.err
    assert known(place) == {"i-01"}
    assert stranger.run("ssh", "master", *ours, "--", "true").code == 0
    assert known(place) == {"i-01", "i-0100"}
    # It is about first contacts: a machine that is known is as it was.
    assert stranger.run("ssh", "master", "--host-key", UNKNOWN, "--", "true").code == 0


@pytest.mark.parametrize("given", ["MD5:aa:bb", "SHA256:short", UNKNOWN + "A", ""])
def test_a_host_key_that_is_none(stranger: SshShell, given: str) -> None:
    ran = stranger.run("ssh", "master", "--host-key", given, "--", "true")
    assert ran.code == 255
    assert "no fingerprint of a host key" in ran.err


def test_a_changed_key_is_refused_whatever_is_said(shell: SshShell, place: Place) -> None:
    place.master.host_key = HostKey()
    for more in ([], ["--yes"], ["--host-key", place.master.host_key.fingerprint]):
        ran = shell.run("ssh", "master", *more, "--", "true")
        assert (ran.code, ran.out) == (255, b"")
        assert "has changed" in ran.err


def test_a_passphrase_cannot_be_asked_for_without_a_terminal(shell: SshShell, place: Place) -> None:
    key = place.site.folders.secrets / "locked" / "id_ed25519"
    place.put_key(ssh_passphrase.protect(key.read_bytes(), "correct horse battery"))
    ran = shell.run("ssh", "master", "--", "true")
    assert ran.code == 255
    assert "has a passphrase, and there is no terminal to ask at" in ran.err
