"""`show-cert`: a certificate in text, from a file or from the environment's secrets."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import InputError, NotFoundError

LARGEST = 1 << 20
"""Bytes: no file with certificates is larger."""


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "show-cert")(show_cert)


def show_cert(
    session: Session,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file, or a key of the secrets: secure/apiserver.crt")
    ],
) -> None:
    """Show a certificate in text.

    FILE is a certificate, a chain of them, a kubeconfig or a key, whose body is not shown. What is no file on this
    computer is looked for in the environment's working copy, then in its bucket.
    """
    show(session, file, found(session, file))


def show(session: Session, name: str, data: bytes) -> None:
    """Print what is in `data`, which is called `name`."""
    from kubeplat_tui.services.pki import text
    from kubeplat_tui.services.secrets.preview import Kind, preview

    now = datetime.now(UTC)
    if session.options.json:
        return session.print_json({"file": name, "certificates": text.described(data, now)})
    seen = preview(name, text.as_pem(data), now=now)
    if seen.kind in {Kind.TEXT, Kind.BINARY}:
        raise InputError(f"{name} is neither a certificate nor a key nor a kubeconfig.")
    session.out.print(f"{name}: {seen.title}", soft_wrap=True)
    for line in seen.lines:
        session.out.print(line.text.rstrip(), soft_wrap=True)
    return None


def found(session: Session, file: str) -> bytes:
    """The content of a file on this computer, else of a key here, else of the key in the bucket."""
    path = Path(file)
    try:
        if path.is_file():
            with path.open("rb") as opened:
                return opened.read(LARGEST)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from error
    if path.is_absolute() or file.startswith(("./", "../")):
        raise InputError(f"There is no file {file}.")
    return of_environment(session, file)


def of_environment(session: Session, key: str) -> bytes:
    """The content of a key of the secrets: the working copy's, else the bucket's."""
    from kubeplat_tui.services.secrets.model import Side

    store = session.intents.secrets(session.open())
    try:
        return store.read(key, Side.HERE)
    except NotFoundError:
        return store.read(key, Side.THERE)
