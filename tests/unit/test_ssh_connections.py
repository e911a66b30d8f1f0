"""Connections as their front ends have them: logged in, stopped, closed, with nothing left behind."""

from __future__ import annotations

import logging
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.services.ssh import connections as connections_module
from kubeplat_tui.services.ssh import login, routes
from kubeplat_tui.services.ssh.model import (
    AuthenticationError,
    ConnectStoppedError,
    LinkState,
    UnreachableError,
)
from tests.unit.ssh_machines import Lab, Person
from tests.unit.ssh_waiting import at_once, in_thread, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Listener(logging.Handler):
    """Remembers what it is told."""

    def __init__(self, heard: list[object]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


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
