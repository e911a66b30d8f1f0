"""The picker: the environment's machines by layer, with what is known of each before connecting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.screens.ssh.looks import HEADINGS, ORDER, count_mark, key_mark
from kubeplat_tui.services.inventory import by_layer
from kubeplat_tui.widgets.cells import Tone, age, aws_state
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.model import KnownHost
    from kubeplat_tui.widgets.cells import Mark


@dataclass(frozen=True, slots=True)
class Machine:
    """A row: the machine, what we know of its host key, and how many sessions are open on it."""

    instance: Instance
    key: Mark
    sessions: int


def machines(
    instances: Sequence[Instance], known: Sequence[KnownHost], sessions: Mapping[str, int]
) -> list[Machine]:
    """The rows, masters first. `sessions` are the open ones by instance id."""
    return [
        Machine(one, key_mark(one, known, instances), sessions.get(one.id, 0))
        for one in by_layer(instances, ORDER)
    ]


def machine_table(now: Callable[[], datetime]) -> ResourceTable[Machine]:
    """The table, with a heading above each layer."""
    return ResourceTable(
        machine_columns(now),
        key=lambda row: row.instance.id,
        noun="Machines",
        section=lambda row: HEADINGS[row.instance.layer],
        id="machines",
    )


def machine_columns(now: Callable[[], datetime]) -> list[Column[Machine]]:
    """The heaviest stay on a narrow screen."""
    return [
        Column("Name", lambda row: row.instance.name, weight=100, shortest=20),
        Column("Private IP", lambda row: row.instance.private_ip, weight=95, shortest=15),
        Column("State", lambda row: aws_state(row.instance.state), weight=90, shortest=10),
        Column("Zone", lambda row: row.instance.zone, weight=75, shortest=10),
        Column(
            "Age",
            lambda row: age(row.instance.launched, now()),
            align="right",
            weight=70,
            sort=lambda row: -row.instance.launched.timestamp(),
            raw=lambda row: row.instance.launched.isoformat(),
        ),
        Column("Host key", lambda row: row.key, weight=85, shortest=10),
        Column("Sessions", lambda row: count_mark(row.sessions), weight=80, raw=lambda row: row.sessions),
        Column("Public IP", lambda row: row.instance.public_ip, weight=40, shortest=15),
        Column("Id", lambda row: row.instance.id, tone=Tone.QUIET, weight=50, shortest=12),
        Column("Type", lambda row: row.instance.type, tone=Tone.QUIET, weight=30, shortest=8),
    ]
