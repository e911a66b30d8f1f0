"""`secrets`: what there is here and in the bucket, what differs, and one file to look at."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import carrying, following, secret_changes
from kubeplat_tui.commands.fetch_secrets import KeysArgument  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.commands.secret_changes import KeyArgument  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.commands.session import Session  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.secrets.model import Side, State
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.services.secrets.model import SecretFile
    from kubeplat_tui.services.secrets.preview_model import Line
    from kubeplat_tui.services.secrets.store import SecretStore

RevealOption = Annotated[bool, typer.Option("--reveal", help="Show what is masked.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The environment's secrets, here and in the bucket.")
    group(verbs, list_all)
    verb(verbs, "list")(list_)
    verb(verbs, "diff")(diff)
    verb(verbs, "show")(show)
    verb(verbs, "edit")(secret_changes.edit)
    verb(verbs, "history")(secret_changes.history)
    verb(verbs, "restore")(secret_changes.restore)
    verb(verbs, "delete")(secret_changes.delete)
    app.add_typer(verbs, name="secrets")


def list_all(session: Session) -> None:
    """Show every secret with its state."""
    list_(session)


def list_(
    session: Session,
    keys: KeysArgument = None,
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs.")] = False,
) -> None:
    """Show the secrets: how both sides compare, size, age, expiry."""
    store = _opened(session)
    comparison = store.compare()
    wanted = carrying.keys_below(comparison, keys or ())
    chosen = None if wanted is None else set(wanted)
    files = [
        file
        for file in comparison.files
        if (chosen is None or file.key in chosen) and not (changed and file.state is State.SAME)
    ]
    expiries = store.expiries()
    if session.options.json:
        listed = [_listed(file) | {"expires": expiries.get(file.key)} for file in files]
        return session.print_json(following.document(store.site) | {"secrets": listed})
    now = datetime.now(UTC)
    rows = []
    for file in files:
        side = file.here or file.there
        size, modified = (side.size, side.modified) if side else (0, now)
        until = expiries.get(file.key)
        rows.append(
            [
                file.key,
                _state(file),
                cells.byte_size(size),
                cells.age(modified, now),
                cells.moment(until) if until else "",
            ]
        )
    columns = [
        Column("Key"),
        Column("State"),
        Column("Size", right=True),
        Column("Age", right=True),
        Column("Expires", dim=True),
    ]
    if rows or not session.out.is_terminal:
        print_table(session.out, columns, rows)
    if not rows:
        session.note("Nothing differs." if changed else f"{store.site.environment.name} has no secrets yet.")
    return None


def diff(session: Session, keys: KeysArgument = None, *, reveal: RevealOption = False) -> None:
    """Show what an upload would change: the bucket's side with -, this computer's with +.

    Secrets are masked on both sides; the same mask is the same value.
    """
    from kubeplat_tui.services.secrets.text_difference import difference

    store = _opened(session)
    comparison = store.compare()
    wanted = carrying.keys_below(comparison, keys or ())
    chosen = None if wanted is None else set(wanted)
    files = [
        file
        for file in comparison.files
        if file.state is not State.SAME and (chosen is None or file.key in chosen)
    ]
    now = datetime.now(UTC)
    documents = []
    for file in files:
        there = store.read(file.key, Side.THERE) if file.there else None
        here = store.read(file.key, Side.HERE) if file.here else None
        found = difference(file.key, there, here, now=now, revealed=reveal)
        if session.options.json:
            documents.append(
                _listed(file)
                | {
                    "added": found.added,
                    "removed": found.removed,
                    "lines": [line.text for line in found.lines],
                }
            )
        else:
            session.out.print(f"{one_line(file.key)}: {_state(file)}, {found.words}", style="bold")
            _print_lines(session, found.lines, indent="  ")
    if session.options.json:
        session.print_json(following.document(store.site) | {"differences": documents})
    elif not files:
        session.note("Nothing differs.")


def show(
    session: Session,
    key: KeyArgument,
    *,
    there: Annotated[
        bool, typer.Option("--there", help="The bucket's content, not this computer's.")
    ] = False,
    version: Annotated[str, typer.Option("--version", metavar="ID", help="An earlier one.")] = "",
    reveal: RevealOption = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the bytes as they are, into a pipe or file.")
    ] = False,
) -> None:
    """Show one secret: a certificate in text, kubeconfigs and tokens with masked values, no private key.

    It is this computer's file, or the bucket's where there is none here.
    """
    from kubeplat_tui.services.secrets.preview import preview

    store = _opened(session)
    key = key.removeprefix("secrets/")
    if raw and session.options.json:
        raise InputError("--raw and --json cannot be given together.", todo="Leave one of them out.")
    side, data = _content(store, key, there=there, version=version)
    if raw:
        if session.out.is_terminal and not reveal:
            raise InputError(
                "This would write a secret onto the terminal.",
                todo="Send it into a file or a pipe, or add --reveal.",
            )
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    seen = preview(key, data, revealed=reveal)
    if session.options.json:
        document = {
            "key": key,
            "side": side,
            "kind": seen.kind,
            "title": seen.title,
            "hides": seen.hides,
            "revealed": seen.revealed,
            "lines": [line.text for line in seen.lines],
        }
        session.print_json(following.document(store.site) | document)
        return
    where = (
        f"version {version} in the bucket" if version else "in the bucket" if side is Side.THERE else "here"
    )
    session.note(f"{one_line(key)}, {seen.title}, {where}")
    _print_lines(session, seen.lines)
    if seen.hides and not seen.revealed:
        session.note("Secrets are masked; --reveal shows them.")


def _opened(session: Session) -> SecretStore:
    return session.intents.secrets(session.open())


def _content(store: SecretStore, key: str, *, there: bool, version: str) -> tuple[Side, bytes]:
    if version or there:
        return Side.THERE, store.read(key, Side.THERE, version)
    if store.copy.file(key) is not None:
        return Side.HERE, store.read(key, Side.HERE)
    return Side.THERE, store.read(key, Side.THERE)


def _listed(file: SecretFile) -> dict[str, object]:
    return {"key": file.key, "state": file.state, "known": file.known, "here": file.here, "there": file.there}


def _state(file: SecretFile) -> str:
    """The state in words; of what is on one side only, why."""
    if file.known and file.state is State.ONLY_HERE:
        return "deleted there"
    if file.known and file.state is State.ONLY_THERE:
        return "deleted here"
    return file.state.value


def _print_lines(session: Session, lines: Sequence[Line], indent: str = "") -> None:
    """Lines of a preview in its colours."""
    from rich.text import Text

    styles = {
        "quiet": "dim",
        "strong": "bold",
        "name": "cyan",
        "string": "green",
        "number": "magenta",
        "comment": "dim",
        "good": "green",
        "warning": "yellow",
        "bad": "red",
        "secret": "yellow",
    }
    for line in lines:
        text = Text(indent)
        for piece in line.pieces:
            text.append(piece.text, styles.get(piece.role.value, ""))
        session.out.print(text, soft_wrap=True)
