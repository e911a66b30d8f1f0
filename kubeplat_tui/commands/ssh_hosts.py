"""`ssh-hosts`: the host keys that were accepted, and forgetting one."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kubeplat_tui.commands import machines, prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.errors import ExitCode, NotFoundError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.ssh.host_keys import HostKeys
from kubeplat_tui.services.ssh.model import KnownHost
from kubeplat_tui.widgets import cells


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The host keys that were accepted here.")
    group(verbs, show)
    verb(verbs, "list")(show)
    verb(verbs, "forget")(forget)
    app.add_typer(verbs, name="ssh-hosts")


def show(session: Session) -> None:
    """Show the host keys that were accepted. Asks no cloud."""
    environment = session.environment()
    found = _known(session, environment.name)
    if session.options.json:
        return session.print_json(
            {"environment": environment.name, "hosts": [machines.document(host) for host in found]}
        )
    if not found:
        session.note(f"No host key of {environment.name} was accepted on this computer yet.")
        return None
    now = datetime.now(UTC)
    columns = [
        Column("Name"),
        Column("Id", dim=True),
        Column("Address"),
        Column("Fingerprint"),
        Column("Kind"),
        Column("Age", right=True),
        Column("Accepted", dim=True),
    ]
    rows = [
        [
            host.name,
            host.instance_id,
            host.address,
            host.key.fingerprint,
            host.key.kind,
            cells.age(host.accepted, now),
            cells.moment(host.accepted),
        ]
        for host in found
    ]
    return print_table(session.out, columns, rows)


def forget(
    session: Session,
    machine: Annotated[
        str, typer.Argument(metavar="MACHINE", help="Its id, address or name, as `ssh-hosts` shows it.")
    ],
) -> ExitCode | None:
    """Forget a machine's host key: the next connection asks again.

    A name that several machines have means all of them.
    """
    environment = session.environment()
    found = [
        host
        for host in _known(session, environment.name)
        if machine in {host.instance_id, host.address, host.name}
    ]
    if not found:
        raise NotFoundError(
            f"No host key of {machine} is known here.", todo="See them with `kubeplat ssh-hosts`."
        )
    listed = "\n".join(f"{host.name} ({host.instance_id})  {host.key.fingerprint}" for host in found)
    question = Question(topic="forget-host-key", title="Forget what is known of it?", detail=listed)
    if not prompts.confirmed(session, question):
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    keys = _keys(session, environment.name)
    for host in found:
        keys.forget(host.instance_id)
    if session.options.json:
        session.print_json(
            {"environment": environment.name, "forgotten": [host.instance_id for host in found]}
        )
    else:
        session.out.print(f"Forgotten: {', '.join(host.instance_id for host in found)}.", soft_wrap=True)
    return None


def _keys(session: Session, environment: str) -> HostKeys:
    return HostKeys(session.intents.workplace.folders(environment).ssh)


def _known(session: Session, environment: str) -> tuple[KnownHost, ...]:
    return _keys(session, environment).known()
