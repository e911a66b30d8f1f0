"""Which machine a verb is about: the one that was named, or one chosen from the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import RUNNING, by_layer
from kubeplat_tui.services.ssh.host_keys import HostKeys, address_of
from kubeplat_tui.services.ssh.names import short_names

if TYPE_CHECKING:
    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.model import KnownHost

COLUMNS = (
    Column("Name"),
    Column("Address"),
    Column("Id", dim=True),
    Column("Type"),
    Column("Zone"),
    Column("Host key", dim=True),
)


def existing(session: Session, site: Site) -> list[Instance]:
    """The environment's machines. Raises `InputError` where it has none."""
    found = session.intents.instances(site)
    if not found:
        raise InputError(
            f"{site.environment.name} has no machines.",
            todo="Build it first: kubeplat run. Nothing was done.",
        )
    return found


def chosen(session: Session, site: Site, target: str | None) -> Instance:
    """The machine `target` (a short name, `Name` tag, id, address or layer); without one the person chooses.

    Raises `InputError` where there is no such machine, several are meant, or nobody can be asked.
    """
    found = existing(session, site)
    connections = session.intents.ssh(site)
    if target is not None:
        return connections.find(target, found)
    running = by_layer(machine for machine in found if machine.state == RUNNING)
    names = short_names(found)
    if not session.can_ask:
        listed = ", ".join(names[machine.id] for machine in running)
        raise InputError("No machine was named.", todo=f"Name one: {listed or 'none runs'}.")
    print_table(
        session.err,
        [Column("", right=True), *COLUMNS],
        [[str(number), *row] for number, row in enumerate(_rows(site, running, names), 1)],
    )
    typed = _typed(session, len(running))
    if typed.isdecimal() and 1 <= int(typed) <= len(running):
        return running[int(typed) - 1]
    if not typed:
        raise InputError("No machine was chosen.")
    return connections.find(typed, found)


def print_document(session: Session, site: Site) -> None:
    """The machines and what is known of their host keys, for programs."""
    known = known_hosts(site)
    found = session.intents.instances(site)
    names = short_names(found)
    session.print_json(
        {
            "environment": site.environment.name,
            "sandbox": site.environment.sandbox,
            "machines": [
                {
                    "id": machine.id,
                    "short": names[machine.id],
                    "name": machine.name,
                    "layer": machine.layer,
                    "state": machine.state,
                    "private_ip": machine.private_ip,
                    "public_ip": machine.public_ip,
                    "zone": machine.zone,
                    "host_key": document(known[machine.id]) if machine.id in known else None,
                }
                for machine in by_layer(found)
            ],
        }
    )


def known_hosts(site: Site) -> dict[str, KnownHost]:
    """Every accepted host key of the environment, by instance id."""
    return {host.instance_id: host for host in HostKeys(site.folders.ssh).known()}


def document(host: KnownHost) -> dict[str, object]:
    """A known host for programs."""
    return {
        "id": host.instance_id,
        "name": host.name,
        "address": host.address,
        "kind": host.key.kind,
        "fingerprint": host.key.fingerprint,
        "accepted": host.accepted,
    }


def _typed(session: Session, count: int) -> str:
    session.err.print(f"Which machine? (1-{count}, a name, an id or an address) ", end="")
    session.err.file.flush()
    try:
        return input().strip()
    except EOFError:
        session.err.print()
        return ""


def _rows(site: Site, machines: list[Instance], names: dict[str, str]) -> list[list[str]]:
    known = known_hosts(site)
    return [
        [
            names[machine.id],
            address_of(machine),
            machine.id,
            machine.type,
            machine.zone,
            "known" if machine.id in known else "new",
        ]
        for machine in machines
    ]
