"""All machines of a sandbox: which there are, where they are reached, and when they go."""

from __future__ import annotations

import errno
import ipaddress
import threading
from typing import TYPE_CHECKING, Any

from kubeplat_tui.sandbox.corrections import ec2_console_output, instance_events
from kubeplat_tui.sandbox.corrections.instance_events import Ending
from kubeplat_tui.sandbox.machines import home, host_key, instances, processes
from kubeplat_tui.sandbox.machines.doors import Door
from kubeplat_tui.sandbox.machines.machine import Machine
from kubeplat_tui.services.ssh.model import SSH_PORT

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from kubeplat_tui.sandbox.machines.instances import Instance


class Network:
    """The machines, made when they are first needed."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        """`folder` is for the machines' folders, `sockets` for those of what listens on them.

        What a killed predecessor left in them is ended and removed.
        """
        self._folder = folder
        self._sockets = sockets
        self._machines: dict[str, Machine] = {}
        self._doors: dict[str, Door] = {}
        self._lock = threading.Lock()
        self._clean()
        instance_events.listen(self.ended)
        ec2_console_output.show(self.console)

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Where on this computer the simulated `host`:`port` is. Raises `OSError` as connecting would."""
        if _is_private(host):
            raise OSError(errno.EHOSTUNREACH, f"no route to {host} from outside its network")
        instance = instances.bastion_at(host)
        if instance is None or port != SSH_PORT:
            raise OSError(errno.ECONNREFUSED, f"nothing listens on {host}:{port} in the sandbox")
        machine = self.machine(instance)
        with self._lock:
            if instance.id not in self._doors:
                self._doors[instance.id] = Door(lambda client: _admit(machine, client))
            return self._doors[instance.id].address

    def machine(self, instance: Instance) -> Machine:
        """The machine behind `instance`."""
        with self._lock:
            if instance.id not in self._machines:
                own = (self._folder / instance.id, self._sockets / instance.id)
                self._machines[instance.id] = Machine(instance.id, *own, self._reach)
            return self._machines[instance.id]

    def console(self, found: Any) -> str:
        """What the console of moto's instance shows."""
        instance = instances.described(found)
        name = found.private_dns_name.split(".")[0]
        return host_key.console(self.machine(instance).host_key, name, found.launch_time)

    def ended(self, instance_id: str, how: Ending) -> None:
        """The instance is rebooted, stopped or terminated."""
        with self._lock:
            machine = self._machines.get(instance_id)
            door = self._doors.pop(instance_id, None) if how is not Ending.REBOOT else None
            if how is Ending.TERMINATE:
                self._machines.pop(instance_id, None)
        if door is not None:
            door.close()
        if machine is not None:
            (machine.remove if how is Ending.TERMINATE else machine.end_sessions)()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            machines, self._machines = list(self._machines.values()), {}
            doors, self._doors = list(self._doors.values()), {}
        for door in doors:
            door.close()
        for machine in machines:
            machine.end_sessions()
        self._clean()

    def _reach(self, source: Instance, host: str) -> Machine | None:
        """The machine that `source` reaches at `host`: from a bastion every one in its network."""
        if not source.is_bastion:
            return None
        neighbour = instances.neighbour_at(source.vpc, host)
        return None if neighbour is None else self.machine(neighbour)

    def _clean(self) -> None:
        for folder in (self._folder, self._sockets):
            if folder.is_dir():
                processes.end_all(folder)
                home.remove(folder)


def _admit(machine: Machine, client: socket.socket) -> None:
    from kubeplat_tui.sandbox.machines.streams import FromOutside

    machine.serve(FromOutside(client))


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
