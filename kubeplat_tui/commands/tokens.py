"""`tokens`: who may use the API by a token, one more, one less. The bucket's file is what counts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import following, prompts
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.keyring_store import KeyringStore, token_entry
from kubeplat_tui.services.tokens import Token
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from kubeplat_tui.services.secrets.bucket import Content
    from kubeplat_tui.services.secrets.store import SecretStore

TRIES = 5
"""How often a change is made anew because somebody else was faster."""
WORKS_AFTER = "It works once the masters have fetched the file, and a minute has passed."


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="Tokens for the Kubernetes API: tokens.csv, which kube-auth reads live.")
    group(verbs, list_tokens)
    verb(verbs, "list")(list_tokens)
    verb(verbs, "add")(add)
    verb(verbs, "revoke")(revoke)
    verb(verbs, "show")(show)
    app.add_typer(verbs, name="tokens")


WhoArgument = Annotated[
    str, typer.Argument(metavar="USER|HASH", help="The user, or the first digits of a token's hash.")
]


def list_tokens(session: Session) -> None:
    """Show the tokens of the bucket's tokens.csv.

    The file holds their hashes only: a token is shown when it is made, and never again.
    """
    site = session.open()
    rows = tokens.parse(_newest(session.intents.secrets(site)).data)
    now = datetime.now(UTC)
    if session.options.json:
        return session.print_json(
            following.document(site) | {"tokens": [_document(row, now) for row in rows]}
        )
    columns = [
        Column("User"),
        Column("Groups"),
        Column("State"),
        Column("Expires"),
        Column("Uid"),
        Column("Hash", dim=True),
    ]
    cells_ = [
        [
            row.user,
            ", ".join(row.groups),
            following.validity(session, row.state(now).value),
            cells.moment(row.expires) if row.expires else "never",
            row.uid,
            row.short,
        ]
        for row in rows
    ]
    if rows or not session.out.is_terminal:
        print_table(session.out, columns, cells_)
    if not rows:
        session.note(f"{site.environment.name} has no tokens.")
    return None


def add(
    session: Session,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose it is: a person, a robot.")],
    *,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="GROUP", help="A group of the user's; may be repeated."),
    ] = None,
    uid: Annotated[str, typer.Option(metavar="UID", help="The user's id; the one it has, or the name.")] = "",
    days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Days until it expires; never without it.")
    ] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Keep it in this computer's keyring, too.")
    ] = False,
) -> None:
    """Make a token and show it once.

    The token goes to stdout, all else to stderr; the bucket gets its hash. What somebody else changes meanwhile stays.
    """
    site = session.open()
    store = session.intents.secrets(site)
    keyring = KeyringStore(site.environment.name)
    if remember and not keyring.available():
        raise InputError(
            "There is no keyring to remember the token in.",
            why=keyring.why,
            todo="Leave out --remember, and keep the token yourself. Nothing was changed.",
        )
    lifetime = None if days is None else _days(days)
    made: list[str] = []

    def change(data: bytes) -> bytes:
        changed, token = tokens.add(
            data, user, groups or (), now=datetime.now(UTC), uid=uid, lifetime=lifetime
        )
        made[:] = [token]
        return changed

    data = _changed(session, store, change)
    row = next(each for each in tokens.parse(data) if each.sha256 == tokens.digest(made[0]))
    # The bucket has it: whatever happens from here on, it must be shown.
    try:
        if remember:
            keyring.set(token_entry(row.user, row.short), made[0])
    finally:
        if session.options.json:
            session.print_json(
                following.document(site) | _document(row, datetime.now(UTC)) | {"token": made[0]}
            )
        else:
            print(made[0], flush=True)
    until = f"until {cells.moment(row.expires)}" if row.expires else "without end"
    session.note(f"A token of {row.user} ({row.short}), {until}. It is shown only now. {WORKS_AFTER}")
    _fetched(session, store)


def revoke(session: Session, who: WhoArgument) -> ExitCode | None:
    """Revoke all tokens of a user, or one by its hash.

    Asks first. API servers keep an answer for a minute: until then a revoked token may still work.
    """
    site = session.open()
    store = session.intents.secrets(site)
    rows = tokens.named(_newest(store).data, who)
    question = Question(
        topic="revoke",
        title=f"Revoke {len(rows)} token{'' if len(rows) == 1 else 's'} of {rows[0].user}?",
        detail="\n".join(f"{row.short}  {', '.join(row.groups) or 'no groups'}" for row in rows),
    )
    if not prompts.confirmed(session, question):
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    asked = {row.sha256 for row in rows}

    def change(data: bytes) -> bytes:
        # Only what was asked about: somebody may have given the user a new one meanwhile.
        for sha256 in asked & {row.sha256 for row in tokens.parse(data)}:
            data, _ = tokens.revoke(data, sha256)
        return data

    _changed(session, store, change)
    _forget(session, KeyringStore(site.environment.name), rows)
    if session.options.json:
        session.print_json(following.document(site) | {"revoked": [row.sha256 for row in rows]})
    else:
        session.out.print(
            f"{len(rows)} token{'' if len(rows) == 1 else 's'} revoked: {', '.join(row.short for row in rows)}."
        )
    session.note("API servers refuse it a minute after the masters have fetched the file.")
    _fetched(session, store)
    return None


def show(session: Session, who: WhoArgument) -> None:
    """Show a token that this computer's keyring remembers."""
    site = session.open()
    rows = tokens.named(_newest(session.intents.secrets(site)).data, who)
    keyring = KeyringStore(site.environment.name)
    for row in rows:
        token = keyring.get(token_entry(row.user, row.short))
        if token is not None:
            if session.options.json:
                return session.print_json(
                    following.document(site) | _document(row, datetime.now(UTC)) | {"token": token}
                )
            return print(token, flush=True)
    raise NotFoundError(
        f"The keyring remembers no token of {rows[0].user}.",
        todo="Make another one, with --remember: kubeplat tokens add.",
    )


def _newest(store: "SecretStore") -> "Content":
    from kubeplat_tui.services.secrets.refusals import ObjectAbsentError

    try:
        return store.bucket.get(tokens.KEY)
    except ObjectAbsentError as error:
        raise NotFoundError(
            f"There is no {tokens.KEY} in the bucket yet.", todo="The first run makes it: kubeplat run."
        ) from error


def _changed(session: Session, store: "SecretStore", change: Callable[[bytes], bytes]) -> bytes:
    """The bucket's file after `change`, written over exactly what was read; made anew where somebody was faster."""
    from kubeplat_tui.services.secrets.refusals import ConflictError

    for _ in range(TRIES):
        content = _newest(store)
        data = change(content.data)
        if data == content.data:
            return data
        try:
            store.bucket.put(tokens.KEY, data, content.stored.etag)
        except ConflictError:
            session.note(f"Somebody else changed {tokens.KEY} at this moment; doing it again on theirs.")
            continue
        return data
    raise KubeplatError(
        f"{tokens.KEY} was changed by somebody else each of {TRIES} times.",
        todo="Try again when they are done. Nothing was changed by you.",
    )


def _fetched(session: Session, store: "SecretStore") -> None:
    """The working copy follows. Where it cannot, or was changed by hand, that is said: the change itself is made."""
    try:
        conflicts = following.followed(session, store.fetch([tokens.KEY]), quiet=True).conflicts
    except KubeplatError as error:
        session.note(f"The working copy does not have it yet: {error}")
        return
    if conflicts:
        session.note(
            f"{tokens.KEY} in the working copy has changes of its own, which are not in the bucket; it was left."
        )


def _forget(session: Session, keyring: KeyringStore, rows: tuple[Token, ...]) -> None:
    if not keyring.available():
        return
    try:
        for row in rows:
            keyring.delete(token_entry(row.user, row.short))
    except KubeplatError as error:
        session.note(str(error))


def _days(days: int) -> timedelta:
    try:
        return timedelta(days=days)
    except OverflowError:
        raise InputError("No token lives that long.", todo="Leave out --days for one without end.") from None


def _document(row: Token, now: datetime) -> dict[str, object]:
    return {
        "user": row.user,
        "uid": row.uid,
        "groups": row.groups,
        "expires": row.expires,
        "state": row.state(now),
        "sha256": row.sha256,
    }
