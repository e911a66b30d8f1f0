"""The way to a machine: through which bastion, and what is said when there is none."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.ssh import login, routes
from kubeplat_tui.services.ssh.model import LinkState, SshError, UnreachableError
from tests.unit.ssh_machines import Lab, Person
from tests.unit.ssh_servers import instance
from tests.unit.ssh_waiting import at_once, said, watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


def test_a_private_machine_is_reached_through_the_bastion(lab: Lab) -> None:
    steps: list[str] = []
    connection = lab.connections.connect(lab.master.instance, Person(), say=steps.append)
    assert said(connection) == b"here"
    assert (connection.user, connection.route) == ("ec2-user", "through demo-bastion (i-01)")
    assert connection.status.state is LinkState.UP
    assert steps == [
        "connecting to demo-bastion (i-01) at 54.1.2.3",
        "asking AWS for the console output of demo-bastion (i-01)",
        "logging in to demo-bastion (i-01) as ec2-user",
        "through demo-bastion (i-01) to demo-secure (i-0100) at 10.80.10.100",
        "asking AWS for the console output of demo-secure (i-0100)",
        "logging in to demo-secure (i-0100) as ec2-user",
    ]


def test_a_bastion_is_reached_straight_and_without_waiting_for_more_to_send(lab: Lab) -> None:
    connection = lab.connections.connect(lab.bastion.instance, Person())
    assert said(connection) == b"here"
    assert connection.route == "straight to 54.1.2.3"
    assert lab.network.near[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_eight_at_once_share_one_connection_to_the_bastion_and_ask_once_for_each_machine(lab: Lab) -> None:
    person = Person()
    made = at_once(8, lambda: lab.connections.connect(lab.master.instance, person))
    assert [said(each) for each in made] == [b"here"] * 8
    assert lab.network.dialled == ["54.1.2.3"]
    assert [question.instance.id for question in person.asked] == ["i-01", "i-0100"]


def test_the_second_connection_asks_nothing_and_lists_no_machines(lab: Lab) -> None:
    lab.connections.connect(lab.master.instance, Person())
    person = Person()
    lab.network.machines.remove(lab.bastion)
    connection = lab.connections.connect(lab.master.instance, person)
    assert said(connection) == b"here"
    assert not person.asked
    lab.bastion.close()


def test_the_next_bastion_is_taken_when_the_first_is_dead(lab: Lab) -> None:
    lab.add(instance(2, Layer.BASTION, public="54.1.2.4"))
    lab.network.dead.add("54.1.2.3")
    connection = lab.connections.connect(lab.master.instance, Person())
    assert connection.route == "through demo-bastion (i-02)"
    assert lab.network.dialled == ["54.1.2.3", "54.1.2.4"]


def test_a_bastion_whose_connection_died_is_reconnected_by_the_next(lab: Lab) -> None:
    first = lab.connections.connect(lab.master.instance, Person())
    lost = watched(first, LinkState.LOST)
    lab.bastion.cut()
    assert lost.wait(10)
    assert first.status.why == "demo-bastion (i-01) closed the connection."
    assert said(lab.connections.connect(lab.master.instance, Person())) == b"here"
    assert lab.network.dialled == ["54.1.2.3"] * 2


def test_a_bastion_that_stopped_answering_is_left_for_another_one_in_the_middle_of_a_hop(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "HOP_SECONDS", 1.0)
    monkeypatch.setattr(routes, "PING_SECONDS", 0.5)
    old = lab.connections.connect(lab.master.instance, Person())
    other = lab.add(instance(2, Layer.BASTION, public="54.1.2.4"))
    lab.network.dead.add("54.1.2.3")
    lab.bastion.swallows.set()
    connection = lab.connections.connect(lab.master.instance, Person())
    assert connection.route == "through demo-bastion (i-02)"
    assert other.served
    assert old.status.state is LinkState.UP  # it may come back, and its users decide


def test_bastions_that_are_all_dead_are_named_with_the_usual_cause(tmp_path: Path) -> None:
    lab = Lab(tmp_path, extra='ssh_access_list = ["198.51.100.0/24"]\n')
    lab.add(instance(2, Layer.BASTION, public="54.1.2.4"))
    lab.network.dead.update({"54.1.2.3", "54.1.2.4"})
    with pytest.raises(UnreachableError) as refusal:
        lab.connections.connect(lab.master.instance, Person())
    assert refusal.value.what == "None of 2 bastions can be reached."
    assert "The bastion demo-bastion (i-01) cannot be reached at 54.1.2.3." in refusal.value.why
    assert "203.0.113.7, is not in ssh_access_list (198.51.100.0/24)" in refusal.value.why
    assert "ssh_access_list" in refusal.value.todo
    lab.close()


@pytest.mark.parametrize(
    ("listed", "own", "words"),
    [
        ('["203.0.113.0/24"]', "203.0.113.7/32", "203.0.113.7, is in ssh_access_list"),
        ('["203.0.113.0/24"]', None, "Only the networks of ssh_access_list may connect: 203.0.113.0/24."),
        ("[]", "203.0.113.7/32", "ssh_access_list is empty"),
        ('["2001:db8::/32"]', "203.0.113.7/32", "is not in ssh_access_list"),
    ],
)
def test_a_bastion_out_of_reach_is_explained_by_the_access_list(
    tmp_path: Path, listed: str, own: str | None, words: str
) -> None:
    lab = Lab(tmp_path, extra=f"ssh_access_list = {listed}\n")
    lab.own_network = own
    lab.network.dead.add("54.1.2.3")
    with pytest.raises(UnreachableError) as refusal:
        lab.connections.connect(lab.bastion.instance, Person())
    assert words in refusal.value.why
    lab.close()


def test_a_bastion_that_refuses_is_starting(lab: Lab) -> None:
    lab.network.refused.add("54.1.2.3")
    with pytest.raises(UnreachableError) as refusal:
        lab.connections.connect(lab.bastion.instance, Person())
    assert refusal.value.why == "Connection refused."
    assert "starting" in refusal.value.todo


def test_without_a_bastion_it_says_what_became_of_them(lab: Lab) -> None:
    lab.network.machines.remove(lab.bastion)
    with pytest.raises(UnreachableError, match="has no bastion"):
        lab.connections.connect(lab.master.instance, Person())
    lab.add(instance(2, Layer.BASTION, state="pending"))
    lab.add(instance(3, Layer.BASTION))
    with pytest.raises(UnreachableError) as refusal:
        lab.connections.connect(lab.master.instance, Person())
    assert "demo-bastion (i-02) is pending, demo-bastion (i-03) has no public address" in refusal.value.why
    with pytest.raises(UnreachableError, match="No bastion can be used"):
        lab.connections.bastion(Person())


def test_without_a_bastion_a_machine_with_a_public_address_is_reached_straight(lab: Lab) -> None:
    lab.network.machines.remove(lab.bastion)
    lone = lab.add(instance(7, Layer.COMPUTE, public="54.1.2.9"))
    assert lab.connections.connect(lone.instance, Person()).route == "straight to 54.1.2.9"


@pytest.mark.parametrize("state", ["pending", "stopped", "shutting-down"])
def test_a_machine_that_does_not_run_is_not_dialled(lab: Lab, state: str) -> None:
    with pytest.raises(UnreachableError, match=f"demo-secure .i-09. is {state}, not running"):
        lab.connections.connect(instance(9, state=state), Person())
    assert not lab.network.dialled


def test_a_hop_that_is_refused_says_whose_fault_it_is(lab: Lab) -> None:
    lab.network.refused.add("10.80.10.100")
    with pytest.raises(UnreachableError) as refusal:
        lab.connections.connect(lab.master.instance, Person())
    assert refusal.value.what == (
        "demo-secure (i-0100) at 10.80.10.100 cannot be reached from demo-bastion (i-01)."
    )
    lab.bastion.passes_on = False
    with pytest.raises(UnreachableError, match="does not pass connections on"):
        lab.connections.connect(lab.master.instance, Person())


def test_several_hops_that_fail_at_once_each_get_their_own_reason(lab: Lab) -> None:
    lab.connections.connect(lab.master.instance, Person())
    lab.network.refused.add("10.80.10.100")

    def refused() -> str:
        with pytest.raises(UnreachableError) as refusal:
            lab.connections.connect(lab.master.instance, Person())
        return refusal.value.what

    assert {*at_once(8, refused)} == {
        "demo-secure (i-0100) at 10.80.10.100 cannot be reached from demo-bastion (i-01)."
    }


def test_a_machine_that_says_nothing_or_hangs_up_is_told_apart(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.connections.bastion(Person())
    monkeypatch.setattr(login, "HANDSHAKE_SECONDS", 0.2)
    lab.master.silent_from_start = True
    with pytest.raises(UnreachableError, match=r"then said nothing for 0\.2 seconds"):
        lab.connections.connect(lab.master.instance, Person())
    lab.master.hangs_up = True
    with pytest.raises(UnreachableError, match="closed it before keys were exchanged"):
        lab.connections.connect(lab.master.instance, Person())


def test_the_shared_connection_stays_when_one_of_its_users_closes(lab: Lab) -> None:
    mine, theirs = lab.connections.bastion(Person()), lab.connections.bastion(Person())
    assert lab.network.dialled == ["54.1.2.3"]
    mine.close()
    assert said(theirs) == b"here"
    with pytest.raises(SshError, match="is over"):
        mine.command("say it")
