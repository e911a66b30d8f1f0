"""Whom a machine is taken for, by its host key."""

from __future__ import annotations

import subprocess
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.pki.once import SSH_KEY
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.model import (
    AuthenticationError,
    ConsoleAnswer,
    HostKeyRefusedError,
    NoKeyError,
    Passphrase,
    Verdict,
)
from kubeplat_tui.services.ssh_passphrase import protect
from tests.ssh.debian import program
from tests.ssh.driving import Place, output
from tests.ssh.farm import INSTANCES, make_key
from tests.terminal.driver import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ssh.farm import Farm, Server

CONSOLE = """\
[   12.345678] cloud-init[812]: Cloud-init v. 22.2.2 running 'modules:final'
-----BEGIN SSH HOST KEY FINGERPRINTS-----
256 {fingerprint} root@ip-10-80-10-101 (ED25519)
-----END SSH HOST KEY FINGERPRINTS-----
-----BEGIN SSH HOST KEY KEYS-----
{key} root@ip-10-80-10-101
-----END SSH HOST KEY KEYS-----
"""


@pytest.fixture
def rekeyed(farm: Farm) -> Iterator[Server]:
    """A machine whose server has another host key than before."""
    server = farm.servers["secure-1"]
    yield server
    server.restart()


def fingerprint(server: Server) -> str:
    """As `ssh-keygen -l` shows it."""
    public = server.folder / "host_key.pub"
    said = subprocess.run(
        [program("ssh-keygen"), "-l", "-f", public], capture_output=True, text=True, check=True
    )
    return said.stdout.split()[1]


def console(server: Server) -> str:
    """What cloud-init writes on a machine's console."""
    return CONSOLE.format(fingerprint=fingerprint(server), key=server.host_key)


def test_unknown_hosts_are_asked_about_once_each_and_remembered(place: Place, farm: Farm) -> None:
    place.connect("secure-1")
    asked = {question.instance.name: question for question in place.person.hosts}
    assert list(asked) == ["demo-bastion-1", "demo-secure-1"]
    for name, question in asked.items():
        assert question.verdict is Verdict.NEW
        assert question.key.kind == "ssh-ed25519"
        assert question.key.fingerprint == fingerprint(farm.servers[name.removeprefix("demo-")])
        assert question.console is ConsoleAnswer.NOT_YET
    place.person.hosts.clear()
    other = place.front_end()
    with closing(other.connect(place.instance("secure-1"), place.person).command("hostname")) as command:
        assert output(command) == b"secure-1\n"
    assert place.person.hosts == []
    known = {each.instance_id: each for each in HostKeys(place.site.folders.ssh).known()}
    assert set(known) == {INSTANCES["bastion-1"], INSTANCES["secure-1"]}


def test_a_no_refuses_and_nothing_is_remembered(place: Place, farm: Farm) -> None:
    place.person.trusts = False
    with pytest.raises(HostKeyRefusedError):
        place.connect("secure-1")
    assert len(place.person.hosts) == 1
    assert HostKeys(place.site.folders.ssh).known() == ()
    assert until(lambda: farm.bastion.connections(22) == 0)


def test_what_the_console_says_is_compared(place: Place, farm: Farm) -> None:
    for name in ("bastion-1", "secure-1"):
        place.cloud.ec2.consoles[INSTANCES[name]] = console(farm.servers[name])
    place.connect("secure-1")
    assert [question.console for question in place.person.hosts] == [ConsoleAnswer.MATCHES] * 2


def test_a_key_that_the_console_does_not_name_is_refused_and_not_asked(place: Place, farm: Farm) -> None:
    place.cloud.ec2.consoles[INSTANCES["secure-1"]] = console(farm.servers["compute-1"])
    with pytest.raises(HostKeyRefusedError, match="console"):
        place.connect("secure-1")
    assert [question.instance.name for question in place.person.hosts] == ["demo-bastion-1"]


def test_a_changed_key_is_refused_and_not_asked(place: Place, rekeyed: Server) -> None:
    place.connect("secure-1")
    place.person.hosts.clear()
    before = fingerprint(rekeyed)
    rekeyed.make_host_key()
    rekeyed.restart()
    with pytest.raises(HostKeyRefusedError) as refused:
        place.connect("secure-1")
    assert before in str(refused.value)
    assert fingerprint(rekeyed) in str(refused.value)
    assert place.person.hosts == []


def test_a_replaced_machine_is_recognised_and_asked_about(place: Place, rekeyed: Server) -> None:
    """Its auto-scaling group gave another instance the address."""
    place.connect("secure-1")
    place.person.hosts.clear()
    before = fingerprint(rekeyed)
    rekeyed.make_host_key()
    rekeyed.restart()
    place.instances = [
        replace(each, id="i-05000000000000fff") if each.name == "demo-secure-1" else each
        for each in place.instances
    ]
    place.connect("secure-1")
    (question,) = place.person.hosts
    assert question.verdict is Verdict.REPLACED
    assert question.before is not None
    assert question.before.instance_id == INSTANCES["secure-1"]
    assert question.before.key.fingerprint == before
    assert question.key.fingerprint == fingerprint(rekeyed)


def test_a_key_that_no_machine_takes_says_so(place: Place, tmp_path: Path) -> None:
    make_key(tmp_path / "other", "other")
    place.use_key(tmp_path / "other")
    with pytest.raises(AuthenticationError) as refused:
        place.connect()
    assert "demo-bastion-1" in str(refused.value)
    assert "root" in str(refused.value)


def test_without_any_key_it_says_what_to_do(place: Place) -> None:
    place.forget_key()
    with pytest.raises(NoKeyError):
        place.connect()


def test_a_passphrase_is_asked_for_until_it_opens_the_key(place: Place) -> None:
    """Once for both machines on the way, and never again while the front end lives."""
    place.commit({SSH_KEY: protect(place.farm.key.read_bytes(), "open sesame")})
    place.person.passphrases = [Passphrase("wrong"), Passphrase("open sesame")]
    place.connect("secure-1")
    place.connect("compute-1")
    assert [question.wrong for question in place.person.locks] == [False, True]
    with pytest.raises(NoKeyError, match="passphrase"):
        place.front_end().connect(place.instance("secure-1"), place.person)
