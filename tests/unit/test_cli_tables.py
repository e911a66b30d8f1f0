"""What the verbs that only read print, for people, pipes and programs."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kubeplat_tui.commands import text
from kubeplat_tui.commands.tables import NARROWEST, fitted
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Instance, Listener, LoadBalancer, Target, Volume
from kubeplat_tui.services.pki.findings import Expiry
from tests.screens.fakes import INSTANCES, NOW, FakeIntents
from tests.unit.cli_support import Shell, plain_environment

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

BALANCER = LoadBalancer(
    arn="arn:aws:elasticloadbalancing:eu-west-2:123456789012:loadbalancer/net/play-jest-kubeapi/5f1d",
    name="play-jest-kubeapi",
    scheme="internet-facing",
    dns_name="play-jest-kubeapi-5f1d.elb.eu-west-2.amazonaws.com",
    state="active",
    type="network",
    zones=("eu-west-2a",),
    listeners=(
        Listener("TCP", 443, "api", (Target("i-1", 6443, "healthy"), Target("i-2", 6443, "unhealthy"))),
    ),
    created=NOW,
)
VOLUME = Volume(
    id="vol-0123456789abcdef0",
    name="play-jest-etcd-0",
    size=20,
    type="gp3",
    state="in-use",
    zone="eu-west-2a",
    encrypted=True,
    attached_to="i-1",
    device="/dev/xvdf",
    node_id="0",
    created=NOW,
    tags=(("Env", "play-jest"), ("NodeID", "0")),
)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    intents = FakeIntents(tmp_path / "place")
    intents.balancers = [BALANCER]
    intents.disks = [VOLUME]
    return Shell(intents, monkeypatch)


def test_instances_in_a_pipe_are_plain_aligned_text(shell: Shell) -> None:
    lines = shell.run("instances", "-e", "play-jest").out.splitlines()
    assert lines[0].split()[:4] == ["Name", "Private", "IP", "Public"]
    assert len(lines) == 1 + len(INSTANCES)
    column = lines[0].index("State")
    assert [line[column:].split()[0] for line in lines[1:]] == [machine.state for machine in INSTANCES]
    assert all(machine.id in line for machine, line in zip(INSTANCES, lines[1:], strict=True))
    assert "\x1b" not in "".join(lines)
    assert "●" not in "".join(lines)


def test_a_narrow_terminal_cuts_values_in_the_middle_and_keeps_every_line_whole(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = shell.at_terminal("instances", "-e", "play-jest").out.splitlines()
    assert len(lines) == 1 + len(INSTANCES)
    assert "● running" in "\n".join(lines)
    assert "…" in "\n".join(lines)
    assert max(map(cell_len, map(plain, lines))) <= 120


def plain(line: str) -> str:
    """The line without the codes for bold and dim, which NO_COLOR allows."""
    from kubeplat_tui.widgets.safe_text import styled

    return styled(line)[0]


def test_forced_colour_does_not_make_a_pipe_a_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    ran = shell.run("instances", "-e", "play-jest")
    assert "\x1b" not in ran.out
    assert "…" not in ran.out


def test_an_empty_table_keeps_its_titles_in_a_pipe_and_says_so_on_stderr(shell: Shell) -> None:
    shell.intents.machines = []
    ran = shell.run("instances", "-e", "play-jest")
    assert ran.code == 0
    assert ran.out.startswith("Name ")
    assert "play-jest has no machines." in ran.err
    assert shell.at_terminal("instances", "-e", "play-jest").out == ""


def test_json_has_every_field_of_the_data(shell: Shell) -> None:
    document = json.loads(shell.run("instances", "-e", "play-jest", "--json").out)
    assert document["sandbox"] is True
    machine = document["instances"][0]
    assert set(machine) == {field.name for field in dataclasses.fields(Instance)}
    assert machine["tags"]["Env"] == "play-jest"
    assert machine["launched"].endswith("+00:00")


def test_volumes(shell: Shell) -> None:
    line = shell.run("volumes", "-e", "play-jest").out.splitlines()[1]
    for word in ("play-jest-etcd-0", "20 GiB", "gp3", "in-use", "yes", "/dev/xvdf"):
        assert word in line
    document = json.loads(shell.run("volumes", "-e", "play-jest", "--json").out)
    assert document["volumes"][0]["tags"] == {"Env": "play-jest", "NodeID": "0"}


def test_load_balancers(shell: Shell) -> None:
    line = shell.run("elbs", "-e", "play-jest").out.splitlines()[1]
    for word in (BALANCER.name, BALANCER.dns_name, "internet-facing", "TCP:443", "1/2"):
        assert word in line
    document = json.loads(shell.run("elbs", "-e", "play-jest", "--json").out)
    assert document["load_balancers"][0]["listeners"][0]["targets"][1]["health"] == "unhealthy"


def test_a_name_with_escape_codes_cannot_move_the_cursor(shell: Shell) -> None:
    evil = dataclasses.replace(INSTANCES[0], name="nice\x1b[2J\nname\x07")
    shell.intents.machines = [evil]
    for ran in (shell.run("instances", "-e", "play-jest"), shell.at_terminal("instances", "-e", "play-jest")):
        assert "\x1b[2J" not in ran.out
        assert "\x07" not in ran.out
        assert len(ran.out.splitlines()) == 2


def test_outputs_name_sensitive_values_without_showing_them(shell: Shell) -> None:
    first = shell.intents.made_outputs[0]
    secret = dataclasses.replace(first, name="secret", value=None, sensitive=True)
    shell.intents.made_outputs = (first, secret)
    ran = shell.run("output", "-e", "play-jest")
    assert "kubeapi_public" in ran.out
    assert "(sensitive)" in ran.out
    document = json.loads(shell.run("output", "-e", "play-jest", "--json").out)
    assert document["outputs"][-1] == {
        "name": "secret",
        "value": None,
        "sensitive": True,
        "root": "cluster",
        "origin": "",
    }


def test_environments_show_where_they_live_their_last_run_and_their_problem(shell: Shell) -> None:
    lines = shell.run("environments").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["lab", "play-jest", "staging"]
    assert "sandbox" in lines[2]
    assert "run: done" in lines[2]
    assert "account 210987654321" in lines[3]
    assert "lab.tfvars:2" in lines[1]
    document = json.loads(shell.run("environments", "--json").out)["environments"]
    assert [environment["sandbox"] for environment in document] == [None, True, False]
    assert document[1]["last_run"]["outcome"] == "done"


def test_environments_show_what_expires_next_as_this_computer_knows_it(shell: Shell) -> None:
    soon = datetime.now(UTC) + timedelta(days=41, hours=1)
    shell.intents.expiries["play-jest"] = Expiry("secure/apiserver.crt", "apiserver", soon)
    lines = shell.run("environments").out.splitlines()
    assert "▲ 41 d" in lines[2]
    document = json.loads(shell.run("environments", "--json").out)["environments"]
    assert document[1]["expires"] == {
        "key": "secure/apiserver.crt",
        "name": "apiserver",
        "expires": soon.isoformat(),
    }
    assert document[2]["expires"] is None
    shell.intents.behaviour.errors["expiry"] = KubeplatError("secrets.json cannot be read.")
    ran = shell.run("environments")
    assert ran.code == 0
    assert "▲ unreadable" in ran.out


@given(st.lists(st.integers(1, 200), min_size=1, max_size=12), st.integers(0, 300))
def test_columns_fit_or_are_as_narrow_as_they_may_get(widths: list[int], room: int) -> None:
    narrowed = fitted(widths, room)
    assert all(new <= old for new, old in zip(narrowed, widths, strict=True))
    assert sum(narrowed) <= max(room, sum(min(width, NARROWEST) for width in widths))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (-1, "0.0 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (11_400, "3 h 10 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert text.duration(seconds) == words
