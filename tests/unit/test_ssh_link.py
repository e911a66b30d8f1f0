"""How a connection stands: up, silent, lost, and who is told."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.services.ssh.model import LinkState, SshError
from tests.unit.ssh_machines import BRISK, Lab, Person
from tests.unit.ssh_servers import goodbye
from tests.unit.ssh_waiting import watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


BRISK_BUT_PATIENT = replace(BRISK, lost=60)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with closing(Lab(tmp_path)) as made:
        yield made


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
