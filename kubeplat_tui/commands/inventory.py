"""`instances`, `volumes`, `elbs`, `terminate`: what of the environment exists in AWS."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import ConfirmOption, verb
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.inventory import LoadBalancer
from kubeplat_tui.services.site import Site
from kubeplat_tui.widgets import cells


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verb(app, "instances")(instances)
    verb(app, "volumes")(volumes)
    verb(app, "elbs")(load_balancers)
    verb(app, "terminate")(terminate)


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


def terminate(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="ID", help="The machine's id, as `instances` shows it.")],
    confirm: ConfirmOption = None,
) -> ExitCode | None:
    """Terminate one of the environment's machines.

    Asks for the environment's name, twice outside a playground. Its auto-scaling group replaces it.
    """
    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    site = session.open()
    machine = next((found for found in session.intents.instances(site) if found.id == instance), None)
    if machine is None:
        raise InputError(
            f"{environment.name} has no machine {instance}.",
            todo="See `kubeplat instances` for its machines.",
        )
    for question in prompts.termination(environment, machine):
        if decisions.answer(question) != question.expected:
            session.note("Not confirmed; nothing was changed.")
            return ExitCode.FAILED
    session.intents.terminate(site, instance)
    if session.options.json:
        session.print_json(
            {"environment": environment.name, "sandbox": environment.sandbox, "terminated": instance}
        )
    else:
        session.out.print(
            f"{machine.name} ({instance}) terminates; its auto-scaling group starts another one."
        )
    return None


def _document(site: Site, name: str, found: object) -> dict[str, object]:
    return {"environment": site.environment.name, "sandbox": site.environment.sandbox, name: found}


def _show(session: Session, columns: list[Column], rows: list[list[str]], empty: str) -> None:
    if rows or not session.out.is_terminal:
        print_table(session.out, columns, rows)
    if not rows:
        session.note(empty)


def _listeners(balancer: LoadBalancer) -> str:
    return ", ".join(f"{listener.protocol}:{listener.port}" for listener in balancer.listeners)
