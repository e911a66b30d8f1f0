"""`credentials`: whose AWS credentials an environment uses, from where, until when."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.credentials.model import CredentialsStatus
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.runs import age_words

RenewOption = Annotated[
    bool,
    typer.Option("--renew", help="Get new keys first; asks for the MFA device's code where one is needed."),
]
ForgetOption = Annotated[
    bool, typer.Option("--forget", help="Take the session token out of the keyring, and show nothing.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "credentials")(credentials)


def credentials(session: Session, renew: RenewOption = False, forget: ForgetOption = False) -> ExitCode:
    """Show whose AWS credentials are used.

    From where they come, until when they last, and who AWS says they belong to.

    Nobody is asked for a code unless --renew is given. Exit code 1 where none work.
    """
    if renew and forget:
        raise InputError("--renew and --forget were both given.", todo="Leave one of them out.")
    site = session.open()
    if forget:
        count = session.intents.forget_credentials(site)
        if session.options.json:
            session.print_json({"forgotten": count})
        else:
            print(
                "The session token is forgotten." if count else "The keyring holds no session token of these."
            )
        return ExitCode.DONE
    if renew:
        session.intents.renew_credentials(site)
    status = session.intents.credentials(site)
    if session.options.json:
        session.print_json({"environment": site.environment.name, "credentials": status})
    else:
        for name, value in _rows(status):
            print(f"{name:<12} {value}")
    if status.problem:
        session.err.print(f"error: {status.problem}", style="red", soft_wrap=True)
        return ExitCode.FAILED
    return ExitCode.DONE


def _rows(status: CredentialsStatus) -> Iterator[tuple[str, str]]:
    named = (
        ("kind", status.kind.value),
        ("source", status.source),
        ("account", status.account),
        ("identity", status.arn),
        ("access key", status.access_key_id),
        ("role", status.role_arn),
        ("MFA device", status.mfa_serial),
        ("until", _until(status, now()) if status.access_key_id else ""),
        ("kept", "in the keyring" if status.cached else status.keyring),
    )
    return ((name, value) for name, value in named if value)


def _until(status: CredentialsStatus, at: datetime) -> str:
    """Until when they last, and what happens then: `14:05 UTC, in 52 minutes; renewed by themselves`."""
    if status.expires is None:
        return "they do not expire, as far as this computer can tell"
    left = (status.expires - at).total_seconds()
    when = f"in {age_words(left)}" if left > 0 else f"{age_words(-left)} ago"
    how = (
        "renewed by themselves"
        if status.renews
        else "a code of the MFA device renews them"
        if status.renewable
        else "renewed where they come from"
    )
    return f"{status.expires:%Y-%m-%d %H:%M} UTC, {when}; {how}"
