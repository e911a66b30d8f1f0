"""Host keys while connecting: nothing is sent to a machine whose key is not known to be its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh.model import ConsoleAnswer, HostKeyRefusedError, Verdict
from tests.unit.ssh_machines import Lab, Person
from tests.unit.ssh_servers import ecdsa, ed25519, host_key, instance
from tests.unit.ssh_waiting import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fingerprints(*keys: object) -> str:
    """A console output as cloud-init writes it."""
    lines = "\n".join(f"<14>May  1 12:00:00 ec2: 256 {key} root@demo (ED25519)" for key in keys)
    return (
        "Booting\n<14>ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n"
        f"{lines}\n<14>ec2: -----END SSH HOST KEY FINGERPRINTS-----\nlogin:"
    )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


def test_a_new_machine_is_asked_about_with_what_its_console_says(lab: Lab) -> None:
    key = host_key(lab.bastion.host_keys[0])
    lab.ec2.consoles["i-01"] = fingerprints(key.fingerprint)
    person = Person()
    lab.connections.connect(lab.bastion.instance, person)
    assert [(each.verdict, each.key, each.console) for each in person.asked] == [
        (Verdict.NEW, key, ConsoleAnswer.MATCHES)
    ]
    assert [host.instance_id for host in lab.connections.host_keys.known()] == ["i-01"]


def test_a_key_that_nobody_trusts_gets_no_login(lab: Lab) -> None:
    with pytest.raises(HostKeyRefusedError, match="was not accepted"):
        lab.connections.connect(lab.bastion.instance, Person(trusts=False))
    assert not lab.bastion.offered
    assert not lab.connections.host_keys.known()


def test_a_key_that_the_console_does_not_show_is_refused_without_asking(lab: Lab) -> None:
    lab.ec2.consoles["i-01"] = fingerprints(host_key(ed25519()).fingerprint)
    person = Person()
    with pytest.raises(HostKeyRefusedError, match="shows a host key that is not its own"):
        lab.connections.connect(lab.bastion.instance, person)
    assert not person.asked
    assert not lab.bastion.offered


def test_a_changed_key_is_refused_without_asking(lab: Lab) -> None:
    first = lab.connections.connect(lab.bastion.instance, Person())
    first.close()
    offered, before = len(lab.bastion.offered), host_key(lab.bastion.host_keys[0])
    lab.bastion.host_keys = [ed25519()]
    person = Person()
    with pytest.raises(HostKeyRefusedError) as refusal:
        lab.connections.connect(lab.bastion.instance, person)
    assert refusal.value.what == ("The host key of demo-bastion (i-01) has changed. Nothing was sent to it.")
    assert before.fingerprint in refusal.value.why
    assert host_key(lab.bastion.host_keys[0]).fingerprint in refusal.value.why
    assert "ssh-keygen -R i-01" in refusal.value.todo
    assert not person.asked
    assert len(lab.bastion.offered) == offered


def test_a_machine_in_the_place_of_another_is_recognised_as_its_replacement(lab: Lab) -> None:
    lab.connections.connect(lab.master.instance, Person())
    lab.network.machines.remove(lab.master)
    lab.master.close()
    fresh = lab.add(replace(instance(100), id="i-0fresh"))
    person = Person()
    lab.connections.connect(fresh.instance, person)
    (question,) = person.asked
    assert question.verdict is Verdict.REPLACED
    assert question.before is not None
    assert question.before.instance_id == "i-0100"
    assert {host.instance_id for host in lab.connections.host_keys.known()} == {"i-01", "i-0fresh"}


def test_a_machine_with_several_keys_is_asked_for_the_one_that_is_known(lab: Lab) -> None:
    lab.bastion.host_keys = [ecdsa()]
    lab.connections.connect(lab.bastion.instance, Person()).close()
    lab.bastion.host_keys = [ed25519(), *lab.bastion.host_keys]
    person = Person()
    lab.connections.connect(lab.bastion.instance, person)
    assert not person.asked


def test_a_connection_that_died_while_a_person_thought_is_made_again(lab: Lab) -> None:
    person = Person()
    person.before = lab.bastion.cut
    connection = lab.connections.connect(lab.bastion.instance, person)
    assert said(connection) == b"here"
    assert len(person.asked) == 1
    assert lab.network.dialled == ["54.1.2.3"] * 2


def test_a_broken_line_is_said_with_its_file_and_number(lab: Lab) -> None:
    path = lab.connections.host_keys.path
    path.parent.mkdir(parents=True)
    path.write_text("# ours\ni-09 ssh-ed25519 AAAA%\n")
    steps: list[str] = []
    lab.connections.connect(lab.bastion.instance, Person(), say=steps.append)
    assert steps[0].startswith(f"{path}, line 2: ")
    assert "i-09 ssh-ed25519 AAAA%\n" in path.read_text()
