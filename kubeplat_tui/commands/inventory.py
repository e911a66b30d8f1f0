"""`instances`, `volumes`, `elbs`: what of the environment exists in AWS."""

from datetime import UTC, datetime

import typer

from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.inventory import LoadBalancer
from kubeplat_tui.services.site import Site
from kubeplat_tui.widgets import cells


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verb(app, "instances", also="aws-instances")(instances)
    verb(app, "volumes", also="aws-volumes")(volumes)
    verb(app, "elbs", also="aws-elbs")(load_balancers)


def instances(session: Session) -> None:
    """Show the environment's machines."""
    site = session.open()
    found = session.intents.instances(site)
    if session.options.json:
        return session.print_json(_document(site, "instances", found))
    now = datetime.now(UTC)
    columns = [
        Column("Name"),
        Column("Private IP"),
        Column("Public IP"),
        Column("Id", dim=True),
        Column("State", state=True),
        Column("Zone"),
        Column("Type"),
        Column("Layer"),
        Column("Age", right=True),
        Column("Launched", dim=True),
    ]
    rows = [
        [
            machine.name,
            machine.private_ip,
            machine.public_ip,
            machine.id,
            machine.state,
            machine.zone,
            machine.type,
            machine.layer.value,
            cells.age(machine.launched, now),
            cells.moment(machine.launched),
        ]
        for machine in found
    ]
    return _show(session, columns, rows, f"{site.environment.name} has no machines.")


def volumes(session: Session) -> None:
    """Show the environment's volumes."""
    site = session.open()
    found = session.intents.volumes(site)
    if session.options.json:
        return session.print_json(_document(site, "volumes", found))
    columns = [
        Column("Name"),
        Column("Id", dim=True),
        Column("Size", right=True),
        Column("Type"),
        Column("State", state=True),
        Column("Zone"),
        Column("Encrypted"),
        Column("Node"),
        Column("Attached to", dim=True),
        Column("Device"),
    ]
    rows = [
        [
            volume.name,
            volume.id,
            f"{volume.size} GiB",
            volume.type,
            volume.state,
            volume.zone,
            "yes" if volume.encrypted else "no",
            volume.node_id,
            volume.attached_to,
            volume.device,
        ]
        for volume in found
    ]
    return _show(session, columns, rows, f"{site.environment.name} has no volumes.")


def load_balancers(session: Session) -> None:
    """Show the environment's load balancers.

    With each comes how many of its targets are healthy.
    """
    site = session.open()
    found = session.intents.load_balancers(site)
    if session.options.json:
        return session.print_json(_document(site, "load_balancers", found))
    columns = [
        Column("Name"),
        Column("DNS name"),
        Column("Scheme"),
        Column("State", state=True),
        Column("Listeners"),
        Column("Healthy", right=True),
    ]
    rows = [
        [
            balancer.name,
            balancer.dns_name,
            balancer.scheme,
            balancer.state,
            _listeners(balancer),
            f"{balancer.healthy()}/{balancer.targets()}",
        ]
        for balancer in found
    ]
    return _show(session, columns, rows, f"{site.environment.name} has no load balancers.")


def _document(site: Site, name: str, found: object) -> dict[str, object]:
    return {"environment": site.environment.name, "sandbox": site.environment.sandbox, name: found}


def _show(session: Session, columns: list[Column], rows: list[list[str]], empty: str) -> None:
    if rows or not session.out.is_terminal:
        print_table(session.out, columns, rows)
    if not rows:
        session.note(empty)


def _listeners(balancer: LoadBalancer) -> str:
    return ", ".join(f"{listener.protocol}:{listener.port}" for listener in balancer.listeners)
