"""Instances: the environment's machines, and its volumes on a second tab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.inventory import InventoryScreen
from kubeplat_tui.services.inventory import GOING, Instance, Volume
from kubeplat_tui.widgets import descriptions
from kubeplat_tui.widgets.cells import Tone, age, aws_state
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from kubeplat_tui.widgets.state import StateView
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.app import ComposeResult

MOVING = {"pending", "stopping", "shutting-down", "creating", "deleting"}
Read = tuple[list[Instance], list[Volume]]


class InstancesScreen(InventoryScreen):
    """Two tables; `v` changes between them."""

    section = "instances"
    BINDINGS = bindings("instances.volumes", "instances.shell", "instances.terminate")
    DEFAULT_CSS = """
    InstancesScreen #volumes { display: none; }
    InstancesScreen.-volumes #volumes { display: block; }
    InstancesScreen.-volumes #instances { display: none; }
    InstancesScreen StateView.-notice #volumes { display: none; }
    """

    def compose_body(self) -> ComposeResult:
        """Both tables behind one state."""
        now = self.kubeplat.now
        self._instances = ResourceTable(
            instance_columns(now), key=lambda row: row.id, noun="Instances", sort="Name", id="instances"
        )
        self._volumes = ResourceTable(
            volume_columns(now, self._name_of),
            key=lambda row: row.id,
            noun="Volumes",
            sort="Name",
            id="volumes",
        )
        yield StateView(self._instances, self._volumes, now=now)

    # --- reading ---------------------------------------------------------------------------------

    def read_again(self, *, quiet: bool) -> None:
        """Machines and volumes together: each names the other."""
        site, intents = self.site, self.kubeplat.intents

        def read() -> Read:
            return intents.instances(site), intents.volumes(site)

        self.fetch("Reading instances and volumes", read, self._show, quiet=quiet)

    def _show(self, read: Read) -> None:
        machines, volumes = read
        self._instances.set_rows(machines)
        self._volumes.set_rows(volumes)
        self._show_table()

    def _show_table(self) -> None:
        name = self.opened.name
        if self._on_volumes:
            self.shown(self._volumes, f"{name} has no volumes.")
        else:
            self.shown(self._instances, f"{name} has no instances.")

    @property
    def changing(self) -> bool:
        """Whether a machine or volume is on its way."""
        return any(row.state in MOVING for row in self._instances.rows) or any(
            row.state in MOVING for row in self._volumes.rows
        )

    def _name_of(self, instance: str) -> str:
        return next((row.name for row in self._instances.rows if row.id == instance), "")

    # --- keys ------------------------------------------------------------------------------------

    @property
    def _on_volumes(self) -> bool:
        return self.has_class("-volumes")

    @property
    def filter_target(self) -> ResourceTable[Any] | None:
        """The table that is seen."""
        table = self._volumes if self._on_volumes else self._instances
        return table if table.rows else None

    def focus_content(self) -> None:
        """The table that is seen takes the keys."""
        (self._volumes if self._on_volumes else self._instances).focus(scroll_visible=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Terminating needs a machine that is still there, a shell one that runs."""
        if action == "terminate":
            row = self._instances.current
            return not self._on_volumes and row is not None and row.state not in GOING
        if action == "shell":
            return self._can_open(self._instances.current)
        if action == "other":
            return self.state.has_content or bool(self._instances.rows or self._volumes.rows)
        return super().check_action(action, parameters)

    def action_other(self) -> None:
        """Instances or volumes."""
        self.toggle_class("-volumes")
        self._show_table()

    def on_resource_table_highlighted(self) -> None:
        """Another row: other things can be done with it."""
        self.refresh_bindings()

    def on_resource_table_opened(self, event: ResourceTable.Opened[Any]) -> None:
        """Describe the row."""
        from kubeplat_tui.screens.describe import DescribeDialog

        now, row = self.kubeplat.now(), event.row
        if isinstance(row, Instance):
            make = partial(descriptions.instance, row, self._volumes.rows, now)
        else:
            make = partial(descriptions.volume, row, self._instances.rows, now)
        self.app.push_screen(DescribeDialog(row.name or row.id, make))

    def _can_open(self, machine: Instance | None) -> bool:
        from kubeplat_tui.screens.ssh.looks import can_open

        return not self._on_volumes and machine is not None and can_open(machine)

    async def action_shell(self) -> None:
        """Open a shell on the machine under the cursor, on the SSH screen."""
        from kubeplat_tui.screens.ssh.screen import SshScreen

        machine = self._instances.current
        if machine is None:
            return
        await self.kubeplat.go(self.opened.name, "ssh")
        screen = self.opened.screens["ssh"]
        if isinstance(screen, SshScreen):
            screen.open_session(machine)

    def action_terminate(self) -> None:
        """Terminate the machine under the cursor, once its environment's name was typed."""
        machine = self._instances.current
        if machine is None:
            return
        group = machine.auto_scaling_group
        after = (
            f"Its auto-scaling group {group} starts another one." if group else "Nothing starts another one."
        )
        decision = Decision(
            title=f"Terminate {machine.name}?",
            text=f"{machine.id} at {machine.private_ip or 'no address'} stops for good. {after}",
            yes="Terminate",
            expected=self.opened.name,
            destructive=True,
        )

        def decided(answer: str | None) -> None:
            if answer == self.opened.name:
                self._terminate(machine)

        self.app.push_screen(ConfirmDialog(decision), decided)

    def _terminate(self, machine: Instance) -> None:
        site, intents = self.site, self.kubeplat.intents

        def terminated(_: None) -> None:
            self.app.notify(f"{machine.id} is being terminated.", markup=False)
            self.read_again(quiet=True)

        self.fetch(f"Terminating {machine.id}", lambda: intents.terminate(site, machine.id), terminated)


def instance_columns(now: Callable[[], datetime]) -> list[Column[Instance]]:
    """The columns of the machines; the heaviest stay on a narrow screen."""
    return [
        Column("Name", lambda row: row.name, weight=100, shortest=24),
        Column("Private IP", lambda row: row.private_ip, weight=90, shortest=15, sort=_by_address),
        Column("Public IP", lambda row: row.public_ip, weight=40, shortest=15),
        Column("Id", lambda row: row.id, tone=Tone.QUIET, weight=50, shortest=12),
        Column("State", lambda row: aws_state(row.state), weight=95, shortest=10),
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
