"""`fetch-secrets`, `upload-secrets`: the secrets bucket and the working copy, a line a file as its users know it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui.commands import carrying, following, prompts
from kubeplat_tui.commands.session import Session  # noqa: TC001 - Typer reads the verbs' types
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.events import FileAction, FileChanged, Question
from kubeplat_tui.widgets import cells

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Sequence

    from rich.console import Console

    from kubeplat_tui.services.events import Event
    from kubeplat_tui.services.kubeconfig import Merged
    from kubeplat_tui.services.secrets.model import Transfer
    from kubeplat_tui.services.secrets.store import SecretStore

    Move = Callable[..., Generator[Event, None, Transfer]]

ADMIN = "locked/admin.kubeconfig"
SSH_KEY = "locked/id_ed25519"

KeysArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY", help="Files, or folders with all below them; all if left out."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Also replace what the other side changed.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verb(app, "fetch-secrets")(fetch)
    verb(app, "upload-secrets")(upload)


def fetch(
    session: Session,
    keys: KeysArgument = None,
    *,
    dry_run: DryRunOption = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove here what was deleted in the bucket; asks.")
    ] = False,
    overwrite: OverwriteOption = False,
    print_: Annotated[
        bool, typer.Option("--print", help="Print the admin kubeconfig; merge it into none.")
    ] = False,
) -> ExitCode | None:
    """Fetch the secrets from the bucket.

    Takes what is new or changed there, all of it or nothing. Then the admin kubeconfig is merged into yours as a
    context of its own. What --overwrite replaces is kept beside the working copy.
    """
    if print_ and session.options.json:
        raise InputError("--print and --json cannot be given together.", todo="Leave one of them out.")
    store = _opened(session)
    done = _carried(
        session,
        store.fetch,
        lambda event: _fetched(event, dry_run=dry_run),
        keys=_chosen(store, keys),
        overwrite=overwrite,
        delete="on this computer" if delete else "",
        dry_run=dry_run,
        lines=None if session.options.json else session.err if print_ else session.out,
    )
    if done is None:
        return ExitCode.FAILED
    merged, problem = None, ""
    if not (dry_run or done.stopped or print_):
        merged, problem = _merged(store)
    if session.options.json:
        session.print_json(
            _document(store, done, "fetched", dry_run=dry_run)
            | {"kubeconfig": merged, "problem": problem, "ssh_key": _ssh_key(store)}
        )
    else:
        _sum_up(session, done, "retrieved", "the working copy is as the bucket is", dry_run=dry_run)
        _say_places(session, store, merged)
        if print_ and not done.stopped:
            _print_admin(store)
    if problem:
        session.note(f"error: {problem}")
    return _ended(session, store, done, problem)


def upload(
    session: Session,
    keys: KeysArgument = None,
    *,
    dry_run: DryRunOption = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete in the bucket what was deleted here; asks.")
    ] = False,
    overwrite: OverwriteOption = False,
) -> ExitCode | None:
    """Upload the secrets to the bucket.

    Gives it what is new or changed here, encrypted with the environment's key. What somebody else changed meanwhile is
    said and left. Earlier versions stay in the bucket's history.
    """
    store = _opened(session)
    done = _carried(
        session,
        store.upload,
        lambda event: _uploaded(event, store.bucket.name, dry_run=dry_run),
        keys=_chosen(store, keys),
        overwrite=overwrite,
        delete=f"in the bucket {store.bucket.name}" if delete else "",
        dry_run=dry_run,
        lines=None if session.options.json else session.out,
    )
    if done is None:
        return ExitCode.FAILED
    if session.options.json:
        session.print_json(_document(store, done, "uploaded", dry_run=dry_run))
    else:
        _sum_up(session, done, "uploaded", "the bucket is as the working copy is", dry_run=dry_run)
    return _ended(session, store, done, "")


def _opened(session: Session) -> SecretStore:
    return session.intents.secrets(session.open())


def _chosen(store: SecretStore, names: Sequence[str] | None) -> list[str] | None:
    """The keys that were named, None for all: only names need both sides to be listed beforehand."""
    return carrying.keys_below(store.compare(), names) if names else None


def _carried(
    session: Session,
    move: Move,
    words: carrying.Words,
    *,
    keys: Collection[str] | None,
    overwrite: bool,
    delete: str,
    dry_run: bool,
    lines: Console | None,
) -> Transfer | None:
    """Do a fetch or an upload (`move`), then its deletions; None where the person did not agree to those.

    `delete` says where something is deleted, "" where nothing is.
    """
    gone: tuple[str, ...] = ()
    if delete:
        foretold = move(keys, overwrite=overwrite, delete=True, dry_run=True)
        gone = following.followed(session, foretold, quiet=True).deleted
    if gone and not dry_run and not _agreed(session, gone, delete):
        return None
    done = carrying.carry(
        session, lambda stop: move(keys, overwrite=overwrite, dry_run=dry_run, stop=stop), words, lines=lines
    )
    if not gone or done.stopped:
        return done
    removed = carrying.carry(
        session,
        lambda stop: move(gone, overwrite=overwrite, delete=True, dry_run=dry_run, stop=stop),
        words,
        lines=lines,
    )
    return _joined(done, removed)


def _agreed(session: Session, keys: Collection[str], where: str) -> bool:
    shown = sorted(keys)[: following.MOST_LISTED]
    more = len(keys) - len(shown)
    question = Question(
        topic="delete-secrets",
        title=f"Delete {following.counted(keys)} {where}?",
        detail="\n".join([*shown, *([f"and {more} more"] if more else [])]),
        destructive=True,
    )
    agreed = prompts.confirmed(session, question)
    if not agreed:
        session.note("Not confirmed; nothing was changed.")
    return agreed


def _fetched(event: FileChanged, *, dry_run: bool) -> str:
    """The original's words."""
    key = event.key
    match event.action:
        case FileAction.FETCHED if dry_run:
            return f"would retrieve the file: {key} and write to: secrets/{key}"
        case FileAction.FETCHED:
            kept = f" ({event.detail})" if event.detail else ""
            return f"retrieved the file: {key} and wrote to: secrets/{key}{kept}"
        case FileAction.DELETED_HERE:
            return f"{'would delete' if dry_run else 'deleted'} the file: secrets/{key}"
        case FileAction.CONFLICT:
            return _left(key)
        case _:
            return ""


def _uploaded(event: FileChanged, bucket: str, *, dry_run: bool) -> str:
    key = event.key
    match event.action:
        case FileAction.UPLOADED if dry_run:
            return f"would upload the file: secrets/{key} and write to: {bucket}/{key}"
        case FileAction.UPLOADED:
            return f"uploaded the file: secrets/{key} and wrote to: {bucket}/{key}"
        case FileAction.DELETED_THERE:
            return f"{'would delete' if dry_run else 'deleted'} the file: {bucket}/{key}"
        case FileAction.CONFLICT:
            return _left(key)
        case _:
            return ""


def _left(key: str) -> str:
    return f"left the file: {key}, which was changed here and in the bucket"


def _joined(first: Transfer, second: Transfer) -> Transfer:
    return replace(
        first,
        deleted=second.deleted,
        conflicts=tuple(dict.fromkeys((*first.conflicts, *second.conflicts))),
        stopped=second.stopped,
    )


def _merged(store: SecretStore) -> tuple[Merged | None, str]:
    """Merge the admin kubeconfig, where there is one here; a problem with it is a sentence, the fetch is done."""
    from kubeplat_tui.services import kubeconfig

    if store.copy.file(ADMIN) is None:
        return None, ""
    try:
        return kubeconfig.merge(store.site.environment.name, store.copy.read(ADMIN), store.environ), ""
    except KubeplatError as error:
        return None, str(error)


def _print_admin(store: SecretStore) -> None:
    sys.stdout.write(store.copy.read(ADMIN).decode())
    sys.stdout.flush()


def _ssh_key(store: SecretStore) -> str | None:
    return str(store.copy.path(SSH_KEY)) if store.copy.file(SSH_KEY) else None


def _sum_up(session: Session, done: Transfer, verb_: str, nothing: str, *, dry_run: bool) -> None:
    if done.stopped:
        session.note(
            "Stopped before the end. What has arrived waits for the next fetch; the working copy is as it was."
            if verb_ == "retrieved"
            else "Stopped before the end. What was uploaded is in the bucket; the next upload goes on."
        )
    elif done.unchanged:
        session.note(f"Nothing to do: {nothing}.")
    elif done.moved or done.deleted:
        deleted = f", {following.counted(done.deleted)} deleted" if done.deleted else ""
        would = "would be " if dry_run else ""
        size = cells.byte_size(done.size)
        session.note(f"{following.counted(done.moved)} {would}{verb_} ({size}){deleted}.")


def _say_places(session: Session, store: SecretStore, merged: Merged | None) -> None:
    if merged is not None:
        use = "kubectl uses it now" if merged.current else f"use it: kubectl --context {merged.context}"
        session.note(f"kubeconfig: context {merged.context} in {merged.path}; {use}")
    ssh_key = _ssh_key(store)
    if ssh_key:
        session.note(f"ssh key: {ssh_key}")


def _document(store: SecretStore, done: Transfer, moved: str, *, dry_run: bool) -> dict[str, object]:
    return following.document(store.site) | {
        "dry_run": dry_run,
        moved: done.moved,
        "deleted": done.deleted,
        "conflicts": done.conflicts,
        "size": done.size,
        "stopped": done.stopped,
    }


def _ended(session: Session, store: SecretStore, done: Transfer, problem: str) -> ExitCode | None:
    if done.conflicts:
        session.note(carrying.resolution(done.conflicts, store.site.environment.name))
    return ExitCode.FAILED if done.conflicts or done.stopped or problem else None
