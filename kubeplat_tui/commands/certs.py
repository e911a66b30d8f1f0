"""`certs`: how the certificates stand, one in text, new ones, and new authorities and keys in steps."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kubeplat_tui.commands import following, prompts, rotations, show_cert
from kubeplat_tui.commands.following import UploadOption
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.errors import ExitCode, InputError, NotFoundError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.pki.findings import Finding, Health
from kubeplat_tui.widgets import cells

BROKEN = (Health.EXPIRED, Health.MISSING, Health.UNREADABLE, Health.FOREIGN)
TO_DO = (Health.DUE, Health.NAMES)


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The cluster's certificates: how they stand, new ones, new authorities.")
    group(verbs, check)
    verb(verbs, "check")(check)
    verb(verbs, "show")(show)
    verb(verbs, "renew")(renew)
    verb(verbs, "rotate-ca")(rotations.rotate_ca)
    verb(verbs, "rotate-encryption")(rotations.rotate_encryption)
    app.add_typer(verbs, name="certs")


def check(session: Session) -> ExitCode | None:
    """Check every certificate of the working copy.

    Exit codes: 0 all is well; 1 something has expired, is missing, foreign or unreadable; 3 something is due within 60
    days, or lacks a name that the settings want.
    """
    from kubeplat_tui.services.pki import rotation

    site = session.open()
    store = session.intents.secrets(site)
    files = store.copy.snapshot()
    if not files:
        raise NotFoundError(
            f"The working copy of {site.environment.name} is empty: there is nothing to check.",
            todo="Fetch the secrets (kubeplat fetch-secrets); the first run makes them.",
        )
    found, under_way = store.findings(), rotation.current(files)
    if session.options.json:
        session.print_json(following.document(site) | {"findings": found, "rotation": under_way})
    else:
        _print_findings(session, found)
        if under_way is not None:
            session.note(rotations.under_way(under_way))
    if any(each.health in BROKEN and not _harmless(each) for each in found):
        return ExitCode.FAILED
    return ExitCode.LEFT_OVER if any(each.health is not Health.VALID for each in found) else None


def show(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name as in `certs check`: apiserver")],
) -> None:
    """Show one of the cluster's certificates in text."""
    import difflib

    store = session.intents.secrets(session.open())
    keys = {each.name: each.key for each in store.findings()}
    if name not in keys:
        near = next(iter(difflib.get_close_matches(name, keys, 1, 0.5)), None)
        raise InputError(
            f"There is no certificate {name}.",
            todo=f"Did you mean {near}?" if near else f"There are: {', '.join(keys)}.",
        )
    show_cert.show(session, keys[name], show_cert.of_environment(session, keys[name]))


def renew(
    session: Session,
    which: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Names as in `certs check`, or `due`, or `all`."),
    ],
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="One more DNS name or address for apiserver; may be repeated."),
    ] = None,
    upload: UploadOption = True,
) -> ExitCode | None:
    """Make certificates and kubeconfigs anew.

    Each gets a new key and a year. What is newer in the bucket is fetched first; then it asks, makes them and uploads
    them. Authorities are replaced by `certs rotate-ca`.
    """
    from kubeplat_tui.services.pki import renewal

    site = session.open()
    store = session.intents.secrets(site)
    following.brought_in_step(session, store)
    # Made once to see what it comes to; nothing is written before the question.
    planned = renewal.renew(store.names, store.copy.snapshot(), which, datetime.now(UTC), name or ())
    question = Question(
        topic="renew",
        title=f"Make {following.counted(planned.writes)} of {site.environment.name} anew?",
        detail=following.listed(planned.writes, upload=upload),
    )
    if planned.writes and not prompts.confirmed(session, question):
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    made = (
        following.followed(session, store.renew(which, name or ()), quiet=upload).writes
        if planned.writes
        else {}
    )
    if made and upload:
        following.uploaded(session, store, made)
    if session.options.json:
        session.print_json(
            following.document(site) | {"renewed": list(made), "uploaded": upload and bool(made)}
        )
    elif made:
        done = "made anew and uploaded" if upload else "made anew here, and not uploaded"
        session.out.print(f"{following.counted(made)} {done}.")
    else:
        session.out.print("Nothing is due; nothing was changed.")
    return None


def _print_findings(session: Session, found: list[Finding]) -> None:
    columns = [
        Column("State"),
        Column("Name"),
        Column("Key", dim=True),
        Column("Expires"),
        Column("Days", right=True),
    ]
    rows = [
        [
            following.validity(session, each.health.value),
            each.name,
            each.key,
            cells.moment(each.expires) if each.expires else "",
            "" if each.days is None else str(each.days),
        ]
        for each in found
    ]
    print_table(session.out, columns, rows)
    for each in found:
        if each.health is not Health.VALID:
            session.out.print(each.sentence, soft_wrap=True)


def _harmless(finding: Finding) -> bool:
    """Break-glass is made for a month and left: that it has expired breaks nothing."""
    return finding.health is Health.EXPIRED and not finding.in_use
