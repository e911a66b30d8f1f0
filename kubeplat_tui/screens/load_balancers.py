"""Load balancers: the doors of the environment, and whether somebody answers behind them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kubeplat_tui.screens.inventory import InventoryScreen
from kubeplat_tui.widgets import descriptions
from kubeplat_tui.widgets.cells import Tone, age, aws_state
from kubeplat_tui.widgets.state import StateView
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.services.inventory import LoadBalancer
    from kubeplat_tui.services.values import Value


class LoadBalancersScreen(InventoryScreen):
    """One table; Enter shows the targets with the reasons of their health."""

    section = "load_balancers"

    def compose_body(self) -> ComposeResult:
        """The table behind its state."""
        now = self.kubeplat.now
        self._table = ResourceTable(columns(now), key=lambda row: row.arn, noun="Load balancers", sort="Name")
        yield StateView(self._table, now=now)

    def read_again(self, *, quiet: bool) -> None:
        """Read them with the health of their targets."""
        site, intents = self.site, self.kubeplat.intents
        self.fetch("Reading load balancers", lambda: intents.load_balancers(site), self._show, quiet=quiet)

    def _show(self, balancers: list[LoadBalancer]) -> None:
        self._table.set_rows(balancers)
        self.shown(self._table, f"{self.opened.name} has no load balancers.")

    @property
    def changing(self) -> bool:
        """Whether one is on its way, or a target is looked at for the first time."""
        return any(
            row.state == "provisioning"
            or any(target.health in {"initial", "draining"} for target in _targets(row))
            for row in self._table.rows
        )

    def on_resource_table_opened(self, event: ResourceTable.Opened[Any]) -> None:
        """Describe the load balancer."""
        from kubeplat_tui.screens.describe import DescribeDialog

        make = partial(descriptions.load_balancer, event.row, self.kubeplat.now())
        self.app.push_screen(DescribeDialog(event.row.name, make))


def columns(now: Callable[[], datetime]) -> list[Column[LoadBalancer]]:
    """The heaviest stay on a narrow screen."""
    return [
        Column("Name", lambda row: row.name, weight=100, shortest=24),
        Column("Scheme", lambda row: row.scheme, weight=50, shortest=15),
        Column("DNS name", lambda row: row.dns_name, tone=Tone.QUIET, weight=92, shortest=16, longest=80),
        Column("Listeners", _listeners, weight=70, shortest=8, raw=_listeners_raw),
        Column("Health", descriptions.health, weight=95, shortest=8, sort=_share_healthy, raw=_health_raw),
        Column("State", lambda row: aws_state(row.state), weight=90, shortest=10),
        Column(
            "Age",
            lambda row: age(row.created, now()),
            align="right",
            weight=65,
            sort=lambda row: -row.created.timestamp(),
            raw=lambda row: row.created.isoformat(),
        ),
    ]


def _targets(row: LoadBalancer) -> list[Any]:
    return [target for listener in row.listeners for target in listener.targets]


def _listeners(row: LoadBalancer) -> str:
    return ", ".join(f"{one.protocol} {one.port}" for one in sorted(row.listeners, key=lambda one: one.port))


def _listeners_raw(row: LoadBalancer) -> Value:
    return [
        {
            "protocol": one.protocol,
            "port": one.port,
            "targets": [
                {"id": t.id, "port": t.port, "health": t.health, "reason": t.reason} for t in one.targets
            ],
        }
        for one in row.listeners
    ]


def _health_raw(row: LoadBalancer) -> Value:
    return {"healthy": row.healthy(), "targets": row.targets()}


def _share_healthy(row: LoadBalancer) -> float:
    """The sickest first; those without targets last."""
    return row.healthy() / row.targets() if row.targets() else 2.0
