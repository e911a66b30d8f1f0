"""Connections through the bastion: the way, the host keys, our keys, and what is said when one of them fails."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.ssh import connections as connections_module
from kubeplat_tui.services.ssh import login, routes
from kubeplat_tui.services.ssh.model import (
    AuthenticationError,
    ConnectStoppedError,
    ConsoleAnswer,
    HostKeyRefusedError,
    LinkState,
    SshError,
    UnreachableError,
    Verdict,
)
from tests.unit.ssh_machines import BRISK, Lab, Person, ecdsa, ed25519, goodbye, host_key, instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubeplat_tui.services.ssh.connection import Connection

    Answer = TypeVar("Answer")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    for thread in threading.enumerate():  # calls that were left to themselves
        if thread.name == "ssh-call":
            thread.join(10)
    made.close()


def said(connection: Connection, text: str = "here") -> bytes:
    """What a command on the machine says."""
    shell = connection.command(f"say {text}")
    try:
        return b"".join(iter(shell.read, b""))
    finally:
        shell.close()


def fingerprints(*keys: object) -> str:
    """A console output as cloud-init writes it."""
    lines = "\n".join(f"<14>May  1 12:00:00 ec2: 256 {key} root@demo (ED25519)" for key in keys)
    return (
        "Booting\n<14>ec2: -----BEGIN SSH HOST KEY FINGERPRINTS-----\n"
        f"{lines}\n<14>ec2: -----END SSH HOST KEY FINGERPRINTS-----\nlogin:"
    )


# --- the way --------------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(routes, "HOP_SECONDS", 0.2)
    monkeypatch.setattr(routes, "PING_SECONDS", 0.2)
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


# --- host keys ------------------------------------------------------------------------------------------------------


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


# --- our keys -------------------------------------------------------------------------------------------------------


def test_when_no_key_is_accepted_it_says_which_were_tried_for_whom(lab: Lab) -> None:
    lab.bastion.accepted = []
    with pytest.raises(AuthenticationError) as refusal:
        lab.connections.connect(lab.bastion.instance, Person())
    assert refusal.value.what == "demo-bastion (i-01) accepts none of our keys for the user ec2-user."
    assert "Tried: demo's key SHA256:" in refusal.value.why
    assert "ssh_user" in refusal.value.todo


def test_the_server_s_own_words_are_passed_on(lab: Lab) -> None:
    lab.bastion.accepted, lab.bastion.most_tries = [], 1
    with pytest.raises(AuthenticationError, match="Too many authentication failures"):
        lab.connections.connect(lab.bastion.instance, Person())


def test_the_user_of_the_environment_s_file_is_used(tmp_path: Path) -> None:
    lab = Lab(tmp_path, extra='ssh_user = "core"\n')
    lab.bastion.user = "core"
    assert lab.connections.connect(lab.bastion.instance, Person()).user == "core"
    lab.close()


# --- stopping and closing -------------------------------------------------------------------------------------------


def test_connecting_stops_while_the_network_is_silent(lab: Lab) -> None:
    lab.network.hang = threading.Event()
    stop = threading.Event()
    ended = in_thread(lambda: lab.connections.connect(lab.bastion.instance, Person(), stop=stop))
    assert lab.network.dialling.wait(10)
    stop.set()
    assert isinstance(ended(5), ConnectStoppedError)
    lab.network.hang.set()  # what comes too late is closed
    for thread in threading.enumerate():
        if thread.name == "ssh-call":
            thread.join(10)
    assert [near.fileno() for near in lab.network.near] == [-1]


def test_connecting_stops_while_the_machine_is_silent(lab: Lab) -> None:
    lab.bastion.silent_from_start = True
    stop = threading.Event()
    ended = in_thread(lambda: lab.connections.connect(lab.bastion.instance, Person(), stop=stop))
    assert lab.network.dialling.wait(10)
    stop.set()
    assert isinstance(ended(5), ConnectStoppedError)


def test_one_who_stops_takes_nobody_along(lab: Lab) -> None:
    lab.network.hang = threading.Event()
    stop = threading.Event()
    first = in_thread(lambda: lab.connections.connect(lab.master.instance, Person(), stop=stop))
    assert lab.network.dialling.wait(10)
    second = in_thread(lambda: lab.connections.connect(lab.master.instance, Person()))
    stop.set()
    assert isinstance(first(5), ConnectStoppedError)
    lab.network.hang.set()
    assert second(10) is None


def test_closing_stops_what_is_being_connected(lab: Lab) -> None:
    lab.bastion.silent_from_start = True
    ended = in_thread(lambda: lab.connections.connect(lab.master.instance, Person()))
    assert lab.network.dialling.wait(10)
    lab.connections.close()
    assert isinstance(ended(5), ConnectStoppedError)
    with pytest.raises(ConnectStoppedError):
        lab.connections.connect(lab.master.instance, Person())


def test_closing_everything_leaves_no_thread_and_no_socket(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    lab = Lab(tmp_path)
    made = at_once(4, lambda: lab.connections.connect(lab.master.instance, Person()))
    shells = [each.command("cat") for each in made]
    for shell in shells:
        shell.write(b"some")
        assert shell.read() == b"some"
    lab.connections.close()
    assert [each.status.state for each in made] == [LinkState.CLOSED] * 4
    assert all(near.fileno() == -1 for near in lab.network.near)
    assert not [each for each in threading.enumerate() if each not in before and each.name.startswith("ssh-")]
    lab.network.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread


def test_closing_one_connection_leaves_the_others(lab: Lab) -> None:
    first, second = (lab.connections.connect(lab.master.instance, Person()) for _ in range(2))
    first.close()
    first.close()
    assert first.status.state is LinkState.CLOSED
    assert said(second) == b"here"


def test_a_front_end_has_one_of_them_for_each_environment(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    intents = Intents(lab.site.workplace, environ={})
    with closing(intents):
        first = intents.ssh(lab.site)
        edited = replace(lab.site, environment=replace(lab.site.environment, values={"ssh_user": "core"}))
        assert intents.ssh(edited) is first
        assert first.site is edited
        moved = replace(lab.site, cloud=Lab(tmp_path).site.cloud)
        second = intents.ssh(moved)
        assert second is not first
        with pytest.raises(ConnectStoppedError):
            first.connect(lab.bastion.instance, Person())
    with pytest.raises(ConnectStoppedError):
        second.connect(lab.bastion.instance, Person())
    lab.close()


def test_nothing_is_printed_over_the_screen(lab: Lab) -> None:
    """With logging left as Python has it: what nobody handles is printed to stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])
        heard: list[object] = []
        patch.setattr(logging, "lastResort", _Listener(heard))
        lab.bastion.hangs_up = True
        with pytest.raises(UnreachableError):
            lab.connections.connect(lab.bastion.instance, Person())
        assert not heard


def test_every_step_has_an_end() -> None:
    """Nobody waits longer than a person would."""
    assert 0 < routes.DIAL_SECONDS <= 15
    assert 0 < routes.HOP_SECONDS <= 15
    assert 0 < login.HANDSHAKE_SECONDS <= 30
    assert 0 < login.AUTHENTICATION_SECONDS <= 30
    assert 0 < connections_module.CLOSE_SECONDS <= 5


# --- how a connection stands ----------------------------------------------------------------------------------------


def test_a_machine_that_falls_silent_and_answers_again_is_said(lab: Lab) -> None:
    with closing(lab.connect_with(BRISK_BUT_PATIENT)) as connections:
        connection = connections.connect(lab.bastion.instance, Person())
        silent, up = watched(connection, LinkState.SILENT), watched(connection, LinkState.UP)
        lab.bastion.swallows.set()
        assert silent.wait(10)
        assert "has not answered for" in connection.status.why
        lab.bastion.swallows.clear()
        assert up.wait(10)
        assert connection.status.why == ""


def test_a_machine_that_stays_silent_is_lost_and_its_shells_end(lab: Lab) -> None:
    with closing(lab.connect_with(BRISK)) as connections:
        connection = connections.connect(lab.bastion.instance, Person())
        shell = connection.command("cat")
        lost = watched(connection, LinkState.LOST)
        lab.bastion.swallows.set()
        assert shell.read() == b""
        assert lost.wait(10)
        end = shell.wait(10)
        assert end is not None
        assert (end.lost, end.exit_code) == (True, None)
        assert end.why == connection.status.why
        assert "demo-bastion (i-01) has not answered" in end.why
        with pytest.raises(SshError, match="is over"):
            connection.ping(1)


def test_a_machine_that_hangs_up_is_lost_with_its_own_words(lab: Lab) -> None:
    connection = lab.connections.connect(lab.bastion.instance, Person())
    lost = watched(connection, LinkState.LOST)
    goodbye(lab.bastion.served[-1], "The system is going down")
    assert lost.wait(10)
    assert connection.status.why == ("The connection to demo-bastion (i-01) ended: The system is going down.")


def test_a_ping_has_its_time(lab: Lab) -> None:
    connection = lab.connections.connect(lab.bastion.instance, Person())
    assert 0 < connection.ping(10) < 10
    lab.bastion.swallows.set()
    with pytest.raises(SshError, match=r"did not answer within 0\.1 seconds"):
        connection.ping(0.1)


def test_a_listener_that_fails_or_stops_listening_ends_nothing(lab: Lab) -> None:
    connection = lab.connections.connect(lab.bastion.instance, Person())
    heard: list[object] = []

    def fails(status: object) -> None:
        raise ZeroDivisionError

    connection.when_changed(fails)
    connection.when_changed(heard.append)()
    lost = watched(connection, LinkState.LOST)
    lab.bastion.cut()
    assert lost.wait(10)
    assert not heard


# --- helpers --------------------------------------------------------------------------------------------------------


BRISK_BUT_PATIENT = replace(BRISK, lost=60)


def watched(connection: Connection, state: LinkState) -> threading.Event:
    """Set when the connection has come to `state`."""
    seen = threading.Event()
    connection.when_changed(lambda status: seen.set() if status.state is state else None)
    if connection.status.state is state and state is not LinkState.UP:
        seen.set()
    return seen


class _Listener(logging.Handler):
    """Remembers what it is told."""

    def __init__(self, heard: list[object]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record)


def at_once(count: int, call: Callable[[], Answer]) -> list[Answer]:
    """What `call` returns in as many threads."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == count
    return answers


def in_thread(call: Callable[[], object]) -> Callable[[float], Exception | None]:
    """Run `call` in a thread; what is returned waits for its error."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait(seconds: float) -> Exception | None:
        thread.join(seconds)
        assert not thread.is_alive()
        return errors[0] if errors else None

    return wait
