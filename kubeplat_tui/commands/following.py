"""Work on the secrets that says what it does, followed to its end: one line a file, on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.events import FileChanged, to_the_end
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.secrets.store import SecretStore
    from kubeplat_tui.services.site import Site

Result = TypeVar("Result")

UploadOption = Annotated[
    bool, typer.Option("--upload/--no-upload", help="Put what was made into the bucket, too.")
]
MOST_LISTED = 30


def followed(session: Session, work: Generator[Event, None, Result], *, quiet: bool = False) -> Result:
    """Do `work` to its end and give its result; each file that changed is a line, unless `quiet`."""

    def say(event: Event) -> None:
        if isinstance(event, FileChanged) and not quiet:
            session.note(f"{event.action.value}: {event.key}")

    return to_the_end(work, say)


def brought_in_step(session: Session, store: SecretStore) -> list[str]:
    """Fetch what is newer in the bucket, so that nothing is made from what is old.

    Gives back the keys of the bundle that were changed or deleted here and are not in the bucket yet. Raises
    `InputError` where something was changed on both sides: a person has to decide first.
    """
    from kubeplat_tui.services.pki.rotation import is_of_rotation
    from kubeplat_tui.services.secrets.model import State
    from kubeplat_tui.services.secrets.working_copy import BUNDLE

    conflicts = followed(session, store.fetch()).conflicts
    if conflicts:
        raise InputError(
            f"{', '.join(conflicts)}: changed here and in the bucket.",
            why="What is made from one would undo the other; nothing was changed.",
            todo="Compare them (kubeplat secrets diff), then fetch or upload one of them with --overwrite.",
        )
    ended = [file.key for file in store.compare().files if file.known and is_of_rotation(file.key)]
    followed(session, store.fetch(ended, delete=True))
    return [
        file.key
        for file in store.compare().files
        if file.key.partition("/")[0] in BUNDLE
        and (
            file.state is State.CHANGED_HERE
            or (file.state is State.ONLY_HERE and not file.known)
            or (file.state is State.ONLY_THERE and file.known)
        )
    ]


def uploaded(session: Session, store: SecretStore, keys: Collection[str]) -> None:
    """Upload these keys, and delete there those that are gone here.

    Raises `KubeplatError` where somebody else was faster: both contents are kept.
    """
    transfer = followed(session, store.upload(list(keys), delete=True))
    if transfer.conflicts:
        raise KubeplatError(
            f"Somebody else changed {', '.join(transfer.conflicts)} in the bucket meanwhile; both contents are kept.",
            todo="Compare them (kubeplat secrets diff), then upload yours with --overwrite, or fetch theirs.",
        )


def document(site: Site) -> dict[str, object]:
    """How every document for programs begins."""
    return {"environment": site.environment.name, "sandbox": site.environment.sandbox}


def counted(keys: Collection[str]) -> str:
    """`1 file`, `12 files`."""
    return f"{len(keys)} file{'' if len(keys) == 1 else 's'}"


def listed(keys: Collection[str], *, upload: bool, deletes: Collection[str] = ()) -> str:
    """The files that a question is about, one a line, and where they go."""
    lines = sorted([*keys, *(f"{key} (deleted)" for key in deletes)])
    shown = lines[:MOST_LISTED]
    if len(lines) > MOST_LISTED:
        shown.append(f"and {len(lines) - MOST_LISTED} more")
    place = "here and in the bucket" if upload else "on this computer only, for now"
    return "\n".join([*shown, f"This is done {place}."])


def validity(session: Session, word: str) -> str:
    """A state of a certificate or token, on a terminal with its symbol: `✔ valid`, `▲ due`, `✖ expired`."""
    if not session.out.is_terminal:
        return word
    mark = {"valid": cells.done, "due": cells.warned, "lacks names": cells.warned}.get(word, cells.failed)
    return str(mark(word))
