"""`environments checklist`: what an environment needs before its first run, and what can be done about it."""

from typing import Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.prerequisites import Key, Prerequisite, State
from kubeplat_tui.services.site import Site

DoOption = Annotated[
    list[Key] | None,
    typer.Option(
        "--do",
        metavar="PART",
        help=f"Do what is offered for this part; may be given again. {', '.join(Key)}.",
    ),
]
COLUMNS = (Column("Part"), Column("State"), Column("What"), Column("Detail"))
FINE = {State.DONE, State.LATER}


def checklist(session: Session, do: DoOption = None) -> ExitCode | None:
    """Show what an environment needs before its first run.

    Credentials, account, Terraform, your own address in the access lists, the KMS key, the buckets and the public
    zone. With --do a part is done on the spot, after asking. The exit code is 1 while something is missing or wrong.
    """
    site = session.open()
    done = [_done(session, site, key) for key in do or ()]
    parts = session.intents.prerequisites(site)
    open_parts = [part for part in parts if part.state not in FINE]
    if session.options.json:
        session.print_json(
            {
                "environment": site.environment.name,
                "sandbox": site.environment.sandbox,
                "prerequisites": list(parts),
                "done": [sentence for sentence in done if sentence],
            }
        )
    else:
        print_table(
            session.out,
            COLUMNS,
            [[part.key.value, part.state.value, part.title, part.detail] for part in parts],
        )
        for part in open_parts:
            if part.remedy:
                session.note(f"{part.remedy}: add --do {part.key}")
    return ExitCode.FAILED if open_parts else None


def _done(session: Session, site: Site, key: Key) -> str:
    """What was done about `key`; "" where it needed nothing, or nobody wanted it."""
    part = _part(session, site, key)
    if part.state in FINE:
        session.note(f"{part.title}: {part.detail}")
        return ""
    if not part.remedy:
        raise InputError(f"Nothing can be done here about: {part.title}.", why=part.detail)
    question = Question(topic=f"remedy-{key}", title=f"{part.remedy}?", detail=part.detail)
    if not prompts.confirmed(session, question):
        return ""
    sentence = session.intents.remedy(site, key)
    session.note(sentence)
    return sentence


def _part(session: Session, site: Site, key: Key) -> Prerequisite:
    return next(part for part in session.intents.prerequisites(site) if part.key is key)
