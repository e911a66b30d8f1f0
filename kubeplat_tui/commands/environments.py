"""`environments`: which there are and how they stand, and what is in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import checklist, environment_creation, environment_files, text
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.status_line import StatusLine
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import complete_environments, group, verb
from kubeplat_tui.intents import Listing
from kubeplat_tui.services.crew import in_parallel
from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Stop
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


COLUMNS = (
    Column("Name"),
    Column("Lives in"),
    Column("Region"),
    Column("State"),
    Column("Last run"),
    Column("Expires"),
    Column("Problem"),
)
PARALLEL = 16
"""States that are read at the same time."""


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The environments: files in the environments folder.")
    group(verbs, list_environments)
    verb(verbs, "list")(list_environments)
    verb(verbs, "show")(show)
    verb(verbs, "create")(environment_creation.create)
    verb(verbs, "new")(environment_files.new)
    verb(verbs, "copy")(environment_files.copy)
    verb(verbs, "rename")(environment_files.rename)
    verb(verbs, "delete")(environment_files.delete)
    verb(verbs, "check")(environment_files.check)
    verb(verbs, "checklist")(checklist.checklist)
    app.add_typer(verbs, name="environments")


def list_environments(
    session: Session,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the files of this computer only: no state is looked up.")
    ] = False,
) -> None:
    """Show every environment.

    With each comes where it lives, what of it is built as its remote state has it, how its last run on this computer
    ended, and when the first of its certificates expires, as the working copy of its secrets on this computer has it.
    The states are read at the same time; one that cannot be read within seconds is unknown, and says why.
    """
    listings = session.intents.environments()
    standings = {} if offline else _standings(session, listings)
    expiries = {listing.found.name: _expiry(session, listing.found.name) for listing in listings}
    rows = [_Row(one, standings.get(one.found.name), expiries[one.found.name]) for one in listings]
    if session.options.json:
        return session.print_json({"environments": [_document(row) for row in rows]})
    if rows or not session.out.is_terminal:
        now = datetime.now(UTC)
        print_table(session.out, COLUMNS, [_cells(row, now) for row in rows])
    if not rows:
        session.note(f"There are no environments in {session.intents.workplace.environments}.")
        session.note("Make your playground with: kubeplat environments new --playground")
    for row in rows:
        if row.standing is not None and row.standing.built is Built.UNKNOWN and row.standing.why:
            session.note(f"{row.listing.found.name}: {row.standing.why}")
    return None


def _standings(session: Session, listings: list[Listing]) -> dict[str, Standing]:
    """What is built of the sound ones, all asked at the same time."""
    names = [one.found.name for one in listings if one.found.environment is not None]
    line = StatusLine(session.err)
    found: dict[str, Standing] = {}
    try:
        answers = in_parallel(lambda name: (name, session.intents.standing(name)), names, Stop(), PARALLEL)
        for name, standing in answers:
            found[name] = standing
            line.say(f"Reading the states: {len(found)} of {len(names)}")
    finally:
        line.clear()
    return found


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


@dataclass(frozen=True, slots=True)
class _Row:
    listing: Listing
    standing: Standing | None
    expiry: "Expiry | KubeplatError | None"


def _cells(row: _Row, now: datetime) -> list[str]:
    found, last = row.listing.found, row.listing.last_run
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
        _standing_words(row.standing),
        ended,
        _expiry_words(row.expiry, now),
        found.problem.what if found.problem else "",
    ]


def _standing_words(standing: Standing | None) -> str:
    """`built (148), locked by jest`; "" where nobody asked."""
    if standing is None:
        return ""
    counted = f" ({standing.resources})" if standing.resources else ""
    locked = f", locked by {standing.locked_by}" if standing.locked_by else ""
    return f"{standing.built}{counted}{locked}"


def _expiry_words(expiry: "Expiry | KubeplatError | None", now: datetime) -> str:
    """`363 d`, `▲ 41 d` when it is due, `✖ expired`; "" where nothing of it is on this computer."""
    if expiry is None:
        return ""
    if isinstance(expiry, KubeplatError):
        return "▲ unreadable"
    return str(expiry_mark(expiry, now))


def _document(row: _Row) -> dict[str, object]:
    found = row.listing.found
    environment = found.environment
    return {
        "name": found.name,
        "path": found.path,
        "sandbox": environment.sandbox if environment else None,
        "region": environment.region if environment else None,
        "account": environment.account if environment else None,
        "problem": str(found.problem) if found.problem else None,
        "standing": row.standing,
        "last_run": row.listing.last_run,
        "expires": None if isinstance(row.expiry, KubeplatError) else row.expiry,
    }
