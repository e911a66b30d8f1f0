"""`secrets edit|history|restore|delete`: what changes one secret, and the versions that bring it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import carrying, following, prompts
from kubeplat_tui.commands.session import Session  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import ConfirmOption  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.services.errors import ExitCode, InputError, NotFoundError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.secrets.model import Version
    from kubeplat_tui.services.secrets.store import SecretStore

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The file, as `secrets list` shows it.")]


def edit(
    session: Session,
    key: KeyArgument,
    *,
    upload: Annotated[bool, typer.Option("--upload", help="Upload it afterwards.")] = False,
) -> ExitCode | None:
    """Edit one secret in your editor ($VISUAL, $EDITOR or vi).

    The newest content is fetched first. It is edited in a private folder in memory, checked, and saved here.
    """
    from kubeplat_tui.commands.secret_editing import edited

    store = session.intents.secrets(session.open())
    key = key.removeprefix("secrets/")
    store.copy.path(key)
    fetched = following.followed(session, store.fetch([key]))
    if fetched.conflicts:
        session.note(carrying.resolution(fetched.conflicts, store.site.environment.name))
        return ExitCode.FAILED
    here = store.copy.file(key)
    before = store.copy.read(key) if here else b""
    after = edited(session, store, key, before)
    if after is None:
        session.note(f"{key} is as it was.")
        return None
    store.save(key, after, here.sha256 if here else "")
    if upload:
        following.uploaded(session, store, [key])
    if session.options.json:
        session.print_json(following.document(store.site) | {"saved": key, "uploaded": upload})
    else:
        session.out.print(f"saved the file: secrets/{key}", soft_wrap=True)
        if not upload:
            session.note(f"It is not in the bucket yet: kubeplat upload-secrets {key}")
    return None


def history(session: Session, key: KeyArgument) -> None:
    """Show every version of a secret in the bucket, the newest first."""
    store = session.intents.secrets(session.open())
    found = _versions(store, key.removeprefix("secrets/"))
    if session.options.json:
        return session.print_json(following.document(store.site) | {"versions": found})
    now = datetime.now(UTC)
    columns = [
        Column("Version"),
        Column("Written"),
        Column("Age", right=True),
        Column("Size", right=True),
        Column(""),
    ]
    rows = [
        [
            each.version,
            cells.moment(each.modified),
            cells.age(each.modified, now),
            "" if each.deleted else cells.byte_size(each.size),
            "deleted" if each.deleted else "current" if each.latest else "",
        ]
        for each in found
    ]
    return print_table(session.out, columns, rows)


def restore(
    session: Session,
    key: KeyArgument,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="As `secrets history` shows it; its beginning does.")
    ],
) -> ExitCode | None:
    """Make an earlier version of a secret the newest one in the bucket; asks.

    The version that is replaced stays in the history.
    """
    store = session.intents.secrets(session.open())
    key = key.removeprefix("secrets/")
    found = [each for each in _versions(store, key) if each.version.startswith(version) and not each.deleted]
    if len(found) != 1:
        raise InputError(
            f"{key} has {'several versions' if found else 'no version with content'} that begin with {version}.",
            todo=f"kubeplat secrets history {key} lists them.",
        )
    chosen = found[0]
    if chosen.latest:
        raise InputError(f"{chosen.version} is the current version of {key}.", todo="Nothing was changed.")
    question = Question(
        topic="restore-secret",
        title=f"Make {key} what it was on {cells.moment(chosen.modified)}?",
        detail=f"Version {chosen.version} becomes the newest in the bucket; the present one stays in the history.",
    )
    if not prompts.confirmed(session, question):
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    stored = store.restore(key, chosen.version)
    if session.options.json:
        session.print_json(following.document(store.site) | {"restored": stored})
    else:
        session.out.print(f"restored the file: {store.bucket.name}/{key}", soft_wrap=True)
        session.note(f"Here it is as before: kubeplat fetch-secrets {key}")
    return None


def delete(
    session: Session,
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY...", help="Files, or folders with all below them.")
    ],
    *,
    here: Annotated[bool, typer.Option("--here", help="Only on this computer.")] = False,
    there: Annotated[bool, typer.Option("--there", help="Only in the bucket.")] = False,
    confirm: ConfirmOption = None,
) -> ExitCode | None:
    """Delete secrets on both sides; asks for the environment's name.

    In the bucket a deletion can be undone: `secrets history` has the versions, `secrets restore` brings one back.
    """
    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    store = session.intents.secrets(session.open())
    comparison = store.compare()
    wanted = set(carrying.keys_below(comparison, keys) or ())
    files = [file for file in comparison.files if file.key in wanted]
    both = here == there
    in_bucket = [file.key for file in files if file.there and (there or both)]
    on_disk = [file.key for file in files if file.here and (here or both)]
    if not in_bucket and not on_disk:
        raise NotFoundError("There is nothing of it on that side.", todo="Nothing was changed.")
    if decisions.answer(_deletion(environment, in_bucket, on_disk)) != environment.name:
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    store.remove(in_bucket, Side.THERE)
    store.remove(on_disk, Side.HERE)
    if session.options.json:
        session.print_json(
            following.document(store.site) | {"deleted_there": in_bucket, "deleted_here": on_disk}
        )
        return None
    for key in in_bucket:
        session.out.print(f"deleted the file: {store.bucket.name}/{one_line(key)}", soft_wrap=True)
    for key in on_disk:
        session.out.print(f"deleted the file: secrets/{one_line(key)}", soft_wrap=True)
    return None


def _deletion(environment: Environment, in_bucket: Sequence[str], on_disk: Sequence[str]) -> Question:
    named = sorted({*in_bucket, *on_disk})
    shown = named[: following.MOST_LISTED]
    more = [f"and {len(named) - len(shown)} more"] if len(named) > len(shown) else []
    places = [
        *([f"{len(in_bucket)} in the bucket"] if in_bucket else []),
        *([f"{len(on_disk)} on this computer"] if on_disk else []),
    ]
    return Question(
        topic="delete-secrets",
        title=f"Delete {following.counted(named)} of {environment.name} ({', '.join(places)})?",
        detail="\n".join([*shown, *more]),
        expected=environment.name,
        destructive=True,
    )


def _versions(store: SecretStore, key: str) -> list[Version]:
    found = store.history(key)
    if not found:
        raise NotFoundError(
            f"{key} was never in the bucket {store.bucket.name}.",
            todo="kubeplat secrets list shows what there is.",
        )
    return found
