"""How a forward looks in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.forward_model import LOOPBACK, ForwardKind, ForwardState
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.cells import Mark, Tone, age, byte_size, moment_and_age
from kubeplat_tui.widgets.columns import Column
from kubeplat_tui.widgets.report import fields
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.services.ssh.forward_model import ForwardStatus
    from kubeplat_tui.widgets.report import ReportLine

STATES = {
    ForwardState.STARTING: cells.changing("starting"),
    ForwardState.OPEN: cells.running("open"),
    ForwardState.FAILING: cells.warned("failing"),
    ForwardState.LOST: cells.failed("lost"),
    ForwardState.CLOSED: cells.none("closed"),
}
KINDS = {ForwardKind.LOCAL: "local", ForwardKind.DYNAMIC: "SOCKS"}


def local_address(status: ForwardStatus) -> str:
    """What a client on this computer connects to; "" before the port is known."""
    port = status.bound_port or status.spec.bind_port
    return f"{LOOPBACK}:{port}" if port else ""


def forward_columns(
    now: Callable[[], datetime], name_of: Callable[[str], str]
) -> list[Column[ForwardStatus]]:
    """The heaviest stay on a narrow screen. `name_of` names the machine that a forward goes through."""
    return [
        Column("Name", lambda row: one_line(row.spec.label) or row.spec.target, weight=60, shortest=14),
        Column("Kind", lambda row: KINDS[row.spec.kind], tone=Tone.QUIET, weight=30),
        Column("Local", local_address, weight=100, shortest=15),
        Column("Target", lambda row: row.spec.target, weight=90, shortest=14),
        Column(
            "Via", lambda row: name_of(row.spec.via) if row.spec.via else "a bastion", weight=40, shortest=9
        ),
        Column("State", lambda row: STATES[row.state], weight=98, shortest=10),
        Column(
            "In", lambda row: byte_size(row.received), align="right", weight=80, raw=lambda row: row.received
        ),
        Column("Out", lambda row: byte_size(row.sent), align="right", weight=79, raw=lambda row: row.sent),
        Column(
            "Clients",
            lambda row: f"{row.open_now} of {row.total}",
            align="right",
            weight=50,
            raw=lambda row: row.total,
        ),
        Column("Probed", lambda row: _probed(row, now()), align="right", weight=70),
        Column("Last error", _error, cut="end", weight=65, shortest=16, longest=80),
    ]


def _probed(row: ForwardStatus, now: datetime) -> str:
    return "not yet" if row.probed is None else age(row.probed, now)


def _error(row: ForwardStatus) -> Mark:
    tone = Tone.WARNING if row.state in {ForwardState.FAILING, ForwardState.LOST} else Tone.QUIET
    return Mark("", one_line(row.error), tone)


def described(status: ForwardStatus, via: str, now: datetime, width: int) -> list[ReportLine]:
    """Everything about a forward. `via` is the machine it goes through, "" for a bastion."""
    return list(
        fields(
            [
                ("Local", local_address(status)),
                ("Kind", KINDS[status.spec.kind]),
                ("Target", status.spec.target),
                ("Through", via or "a bastion"),
                ("State", f"{STATES[status.state]} · {moment_and_age(status.since, now)}"),
                ("Probed", moment_and_age(status.probed, now) if status.probed else "not yet"),
                ("Clients", f"{status.open_now} now, {status.total} in all"),
                ("In", f"{byte_size(status.received)} ({status.received:,} bytes)"),
                ("Out", f"{byte_size(status.sent)} ({status.sent:,} bytes)"),
                ("Last error", one_line(status.error) or "none"),
            ],
            width,
        )
    )
