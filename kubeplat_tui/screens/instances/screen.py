"""Instances: the environment's machines, and its volumes on a second tab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.instances.columns import instance_columns, volume_columns
from kubeplat_tui.screens.instances.following import Following, FollowingLine
from kubeplat_tui.screens.instances.scaling import ScalingDialogs
from kubeplat_tui.screens.inventory import InventoryScreen
from kubeplat_tui.services.inventory import GOING, RUNNING, Instance, Layer, Volume, by_layer
from kubeplat_tui.services.replacement.events import Standing
from kubeplat_tui.services.replacement.targets import ORDER, Termination
from kubeplat_tui.widgets import descriptions
from kubeplat_tui.widgets.state import StateView
from kubeplat_tui.widgets.table import ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from kubeplat_tui.services.events import Event, Stop

LEAVING = {*GOING, Standing.TERMINATING, Standing.GONE}
MOVING = {"pending", "stopping", "shutting-down", "creating", "deleting", "terminating"}
Read = tuple[list[Instance], list[Volume]]


class InstancesScreen(InventoryScreen):
    """Two tables; `v` changes between them."""

    section = "instances"
    BINDINGS = bindings(
        "instances.volumes",
        "instances.shell",
        "instances.terminate",
        "instances.layer",
        "instances.scale",
        "instances.stop",
    )
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
            instance_columns(now, self._state_of),
            key=lambda row: row.id,
            noun="Instances",
            sort="Name",
            id="instances",
        )
        self._volumes = ResourceTable(
            volume_columns(now, self._name_of),
            key=lambda row: row.id,
            noun="Volumes",
            sort="Name",
            id="volumes",
        )
        line = FollowingLine(now)
        self.following = Following(self, line)
        self._scaling = ScalingDialogs(self)
        yield StateView(self._instances, self._volumes, now=now)
        yield line

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
        return any(self._state_of(row) in MOVING for row in self._instances.rows) or any(
            row.state in MOVING for row in self._volumes.rows
        )

    def moved(self) -> None:
        """A followed machine is somewhere else: show what is known now, and read the rest."""
        if not self.is_mounted or self.opened.site is None:
            return
        self._instances.set_rows(self._instances.rows)
        self.read_again(quiet=True)

    def _state_of(self, machine: Instance) -> str:
        """EC2's word; of a followed machine where it is with its group, which EC2 learns later."""
        standing = self.following.standing(machine.id)
        if standing is Standing.TERMINATING and machine.state not in GOING:
            return standing
        if standing in {Standing.PENDING, Standing.IN_SERVICE} and machine.state == RUNNING:
            return str(standing)
        return machine.state

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
        """Terminating needs a machine that is still there, a shell one that runs; one thing is followed at a time."""
        if action in {"terminate", "terminate_layer", "scale"}:
            return not self._on_volumes and not self.following.running and self._can(action)
        if action == "stop":
            return self.following.said
        if action == "machine_shell":
            return self._can_open(self._instances.current)
        if action == "other":
            return self.state.has_content or bool(self._instances.rows or self._volumes.rows)
        return super().check_action(action, parameters)

    def _can(self, action: str) -> bool:
        """Whether terminating or scaling has something to work on."""
        if action == "terminate":
            return bool(self._chosen)
        if action == "scale":
            return self.opened.site is not None and self.state.has_content
        row = self._instances.current
        return row is not None and row.layer is not Layer.UNKNOWN and self._may_go(row)

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

    async def action_machine_shell(self) -> None:
        """Open a shell on the machine under the cursor, on the SSH screen."""
        from kubeplat_tui.screens.ssh.screen import SshScreen

        machine = self._instances.current
        if machine is None:
            return
        await self.kubeplat.go(self.opened.name, "ssh")
        screen = self.opened.screens["ssh"]
        if isinstance(screen, SshScreen):
            screen.open_session(machine)

    # --- terminating and scaling ------------------------------------------------------------------

    def action_terminate(self) -> None:
        """Terminate the marked machines, or the one under the cursor, once the environment's name was typed."""
        self._ask_to_terminate(self._chosen)

    def action_terminate_layer(self) -> None:
        """Terminate every machine of the layer that the one under the cursor belongs to."""
        row = self._instances.current
        if row is not None:
            self._ask_to_terminate([one for one in self._instances.rows if one.layer is row.layer])

    def action_scale(self) -> None:
        """Ask for the size of a pool: of the machine under the cursor, of the only one, or of one that is chosen."""
        row = self._instances.current
        of_row = dict(row.tags).get("Pool", "") if row is not None and row.layer is Layer.COMPUTE else ""
        self._scaling.begin(of_row)

    def action_stop(self) -> None:
        """Stop waiting; or close the line that says how it ended."""
        if self.following.running:
            self.following.stop()
        else:
            self.following.forget()

    @property
    def _chosen(self) -> list[Instance]:
        marked = self._instances.marked
        row = self._instances.current
        return [one for one in marked or ([row] if row else []) if self._may_go(one)]

    def _may_go(self, machine: Instance) -> bool:
        return self._state_of(machine) not in LEAVING

    def _ask_to_terminate(self, machines: list[Instance]) -> None:
        from kubeplat_tui.screens.instances.asking import ask_to_terminate

        looked_at = Termination(tuple(by_layer((one for one in machines if self._may_go(one)), ORDER)))
        if looked_at.machines:
            ask_to_terminate(self, looked_at)

    def follow(self, doing: str, work: Callable[[Stop], Iterator[Event]]) -> None:
        """Do this in the background; the rows and a line below them say what happens."""
        self.following.start(doing, work)
        self.refresh_bindings()

    def on_unmount(self) -> None:
        """The application ends: nobody waits any more. AWS goes on by itself."""
        self.following.stop()
