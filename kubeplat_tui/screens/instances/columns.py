"""The columns of machines and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.widgets import descriptions
from kubeplat_tui.widgets.cells import Tone, age, aws_state
from kubeplat_tui.widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.services.inventory import Instance, Volume


def instance_columns(
    now: Callable[[], datetime], state_of: Callable[[Instance], str]
) -> list[Column[Instance]]:
    """The columns of the machines; the heaviest stay on a narrow screen. `state_of` gives the word of a state."""
    return [
        Column("Name", lambda row: row.name, weight=100, shortest=24),
        Column("Private IP", lambda row: row.private_ip, weight=90, shortest=15, sort=_by_address),
        Column("Public IP", lambda row: row.public_ip, weight=40, shortest=15),
        Column("Id", lambda row: row.id, tone=Tone.QUIET, weight=50, shortest=10),
        Column("State", lambda row: aws_state(state_of(row)), weight=95, shortest=13),
        Column("Zone", lambda row: row.zone, weight=70, shortest=10),
        Column("Type", lambda row: row.type, tone=Tone.QUIET, weight=45, shortest=12),
        Column(
            "Age",
            lambda row: age(row.launched, now()),
            align="right",
            weight=80,
            sort=lambda row: -row.launched.timestamp(),
            raw=lambda row: row.launched.isoformat(),
        ),
        Column("Layer", lambda row: str(row.layer), weight=30),
    ]


def volume_columns(now: Callable[[], datetime], name_of: Callable[[str], str]) -> list[Column[Volume]]:
    """The columns of the volumes. `name_of` gives the name of the machine with an id."""
    return [
        Column("Name", lambda row: row.name, weight=100, shortest=24),
        Column("Id", lambda row: row.id, tone=Tone.QUIET, weight=50, shortest=12),
        Column(
            "Size",
            lambda row: f"{row.size} GiB",
            align="right",
            weight=85,
            sort=lambda row: row.size,
            raw=lambda row: row.size,
        ),
        Column("Type", lambda row: row.type, tone=Tone.QUIET, weight=40, shortest=4),
        Column("State", lambda row: aws_state(row.state), weight=95, shortest=10),
        Column("Zone", lambda row: row.zone, weight=60, shortest=10),
        Column("NodeID", lambda row: row.node_id, weight=55, shortest=6),
        Column(
            "Attached to",
            lambda row: name_of(row.attached_to) or row.attached_to,
            weight=70,
            shortest=12,
            raw=lambda row: row.attached_to,
        ),
        Column("Encrypted", descriptions.encrypted, weight=65, raw=lambda row: row.encrypted),
        Column(
            "Age",
            lambda row: age(row.created, now()),
            align="right",
            weight=30,
            sort=lambda row: -row.created.timestamp(),
            raw=lambda row: row.created.isoformat(),
        ),
    ]


def _by_address(row: Instance) -> float:
    """Addresses in the order of their numbers, not of their digits."""
    number = 0
    for part in row.private_ip.split("."):
        number = number * 256 + (int(part) if part.isdigit() else 0)
    return float(number)
