"""`unlock`: takes away a lock on Terraform's state whose holder is gone."""

from datetime import UTC, datetime

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Question, Root
from kubeplat_tui.services.terraform.remote_state import StateLock
from kubeplat_tui.widgets import cells


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "unlock")(unlock)


def unlock(session: Session) -> ExitCode | None:
    """Take away locks on the Terraform state.

    Shows who holds each lock since when, and asks. For a run that was killed, never for one that is at work.
    """
    site = session.open()
    locks = session.intents.locks(site)
    released: list[dict[str, object]] = []
    for root, lock in locks.items():
        if not prompts.confirmed(session, _question(root, lock)):
            session.note(f"Not confirmed; the {root} stays locked.")
            continue
        session.intents.unlock(site, root, lock)
        released.append({"root": root, "id": lock.id, "who": lock.who, "created": lock.created})
    if session.options.json:
        session.print_json({"environment": site.environment.name, "released": released})
    else:
        session.out.print(
            f"{len(released)} of {len(locks)} locks taken away." if locks else "Nothing is locked."
        )
    return ExitCode.FAILED if len(released) < len(locks) else None


def _question(root: Root, lock: StateLock) -> Question:
    since = cells.moment_and_age(lock.created, datetime.now(UTC)) if lock.created else "an unknown time"
    return Question(
        topic=f"unlock-{root}",
        title=f"Take away the lock on the state of the {root}?",
        detail=(
            f"{lock.who or 'Somebody'} has held it for {lock.operation or 'some work'} since {since}.\n"
            "If they are still at work, both of you will write the state, and it will be wrong."
        ),
    )
