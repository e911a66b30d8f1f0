"""`environments`: which there are, what is in one, whether its file is right, and a new one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import text
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import complete_environments, group, verb
from kubeplat_tui.intents import Listing
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.values import Value
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.expiry import expiry_mark

if TYPE_CHECKING:
    from kubeplat_tui.services.pki.findings import Expiry

NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The environment; the one of --environment if left out.",
        autocompletion=complete_environments,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The environments: files in the environments folder.")
    group(verbs, list_environments)
    verb(verbs, "list")(list_environments)
    verb(verbs, "show")(show)
    verb(verbs, "check")(check)
    verb(verbs, "new")(new)
    app.add_typer(verbs, name="environments")


def list_environments(session: Session) -> None:
    """Show every environment.

    With each comes where it lives, how its last run on this computer ended, and when the first of its certificates
    expires, as the working copy of its secrets on this computer has them.
    """
    listings = session.intents.environments()
    expiries = {listing.found.name: _expiry(session, listing.found.name) for listing in listings}
    if session.options.json:
        documents = [_document(listing, expiries[listing.found.name]) for listing in listings]
        return session.print_json({"environments": documents})
    columns = [
        Column("Name"),
        Column("Lives in"),
        Column("Region"),
        Column("Last run"),
        Column("Expires"),
        Column("Problem"),
    ]
    now = datetime.now(UTC)
    if listings or not session.out.is_terminal:
        rows = [_row(listing, expiries[listing.found.name], now) for listing in listings]
        print_table(session.out, columns, rows)
    if not listings:
        session.note(f"There are no environments in {session.intents.workplace.environments}.")
        session.note("Make your playground with: kubeplat environments new --playground")
    return None


def show(session: Session, name: NameArgument = None) -> None:
    """Show what an environment's file sets."""
    environment = session.environment(name)
    if session.options.json:
        return session.print_json(
            {
                "environment": environment.name,
                "sandbox": environment.sandbox,
                "path": environment.path,
                "values": _hidden(session, environment.name, environment.values),
            }
        )
    widest = max(map(len, environment.values), default=0)
    session.announce(environment)
    session.note(f"{environment.path}")
    for key, value in _hidden(session, environment.name, environment.values).items():
        session.out.print(f"{key:{widest}} = {text.value(value)}", soft_wrap=True)
    return None


def check(session: Session, name: NameArgument = None) -> ExitCode | None:
    """Check an environment's file.

    Its syntax, the types, unknown and missing names, and the validations of the Terraform roots.
    """
    name = name or session.environment_name()
    problems = session.intents.variable_file(name).problems(session.intents.declarations(name))
    if session.options.json:
        session.print_json({"environment": name, "problems": problems})
    else:
        for problem in problems:
            place = f"{name}.tfvars:{problem.line}" if problem.line else f"{name}.tfvars"
            said = (
                problem.message
                if problem.message.startswith(f"{name}.tfvars:")
                else f"{place}: {problem.message}"
            )
            session.out.print(said, soft_wrap=True)
        if not problems:
            session.out.print(f"{name} is right: every value fits what the Terraform roots declare.")
    return ExitCode.BAD_INPUT if problems else None


def new(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Its name; none for --playground.")
    ] = None,
) -> None:
    """Make a new environment's file.

    It is a copy of example.tfvars under its name; with --playground it is your playground, made from another
    template. A file that exists is never overwritten.
    """
    if session.options.playground:
        if name is not None:
            raise InputError(
                "A playground is named after its user.", todo="Leave out the name, or --playground."
            )
        environment = session.intents.playground()
    elif name is None:
        raise InputError("The new environment has no name.", todo="Name it, or use --playground for yours.")
    else:
        environment = session.intents.create_environment(name)
    if session.options.json:
        return session.print_json({"environment": environment.name, "path": environment.path})
    session.out.print(f"{environment.name} is at {environment.path}", soft_wrap=True)
    return session.note(
        f"Look through it, then: kubeplat --environment {environment.name} environments check"
    )


def _hidden(session: Session, name: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values, those that are declared sensitive hidden."""
    declared = session.intents.declarations(name)
    return {
        key: "(sensitive)" if key in declared and declared[key].sensitive else value
        for key, value in values.items()
    }


def _expiry(session: Session, name: str) -> "Expiry | KubeplatError | None":
    """What expires next; an error where the working copy cannot be read, which ends no list."""
    try:
        return session.intents.expiry(name)
    except KubeplatError as error:
        return error


def _row(listing: Listing, expiry: "Expiry | KubeplatError | None", now: datetime) -> list[str]:
    found, last = listing.found, listing.last_run
    environment = found.environment
    lives = (
        "" if environment is None else "sandbox" if environment.sandbox else f"account {environment.account}"
    )
    ended = ""
    if last is not None:
        outcome = last.outcome.value if last.outcome else "not ended"
        ended = f"{last.verb.value}: {outcome}, {cells.age(last.finished or last.started, now)}"
    return [
        found.name,
        lives,
        environment.region if environment else "",
        ended,
        _expiry_words(expiry, now),
        found.problem.what if found.problem else "",
    ]


def _expiry_words(expiry: "Expiry | KubeplatError | None", now: datetime) -> str:
    """`363 d`, `▲ 41 d` when it is due, `✖ expired`; "" where nothing of it is on this computer."""
    if expiry is None:
        return ""
    if isinstance(expiry, KubeplatError):
        return "▲ unreadable"
    return str(expiry_mark(expiry, now))


def _document(listing: Listing, expiry: "Expiry | KubeplatError | None") -> dict[str, object]:
    found, last = listing.found, listing.last_run
    environment = found.environment
    return {
        "name": found.name,
        "path": found.path,
        "sandbox": environment.sandbox if environment else None,
        "region": environment.region if environment else None,
        "account": environment.account if environment else None,
        "problem": str(found.problem) if found.problem else None,
        "last_run": last,
        "expires": None if isinstance(expiry, KubeplatError) else expiry,
    }
