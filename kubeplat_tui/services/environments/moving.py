"""An environment renamed or deleted, with all that this computer keeps of it: file, runs, secrets, keyring.

Both need to know that nothing of it is built any more: what could not be read is never taken for nothing.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments import copying
from kubeplat_tui.services.environments.files import create_file, load, parse
from kubeplat_tui.services.environments.model import SUFFIX, Environment, check_free
from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import InputError, KubeplatError, LeftOverError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.hcl.document import Document
from kubeplat_tui.services.wording import listed
from kubeplat_tui.services.workplace import EnvironmentFolders, cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.cloud import Cloud
    from kubeplat_tui.services.keyring_store import KeyringStore
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Belongings:
    """What this computer keeps of an environment beside its file.

    `folder` is its private state folder, None where it has none; `runs` how many journals are there; `secrets` how
    many files the working copy has, and `authorities` which of them are keys of certificate authorities: once the
    bucket is gone there may be no others.
    """

    file: Path
    folder: Path | None
    runs: int
    secrets: int
    authorities: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What goes away with the environment, and what of it exists nowhere else."""
        parts = [f"the file {self.file}"]
        if self.runs:
            parts.append("the journal of its run" if self.runs == 1 else f"{self.runs} journals of its runs")
        if self.secrets:
            count = "one file" if self.secrets == 1 else f"{self.secrets} files"
            parts.append(f"the working copy of its secrets ({count})")
        said = f"With it {'go' if len(parts) > 1 else 'goes'} {listed(parts)}."
        if self.authorities:
            many = len(self.authorities) > 1
            whose = (
                f"the keys of {len(self.authorities)} certificate authorities"
                if many
                else "the key of a certificate authority"
            )
            said += (
                f" Among the secrets {'are' if many else 'is'} {whose} ({', '.join(self.authorities)}): "
                "what was signed with it can never be renewed where this is the only copy."
            )
        return said


def belongings(workplace: Workplace, name: str) -> Belongings:
    """What there is of environment `name` on this computer. Raises `KubeplatError` where that cannot be read."""
    from kubeplat_tui.services import runs
    from kubeplat_tui.services.pki.profiles import AUTHORITIES
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    folders = workplace.folders(name)
    exists = folders.root.is_dir()
    files = WorkingCopy(folders.root).files() if exists else {}
    return Belongings(
        file=workplace.environments / f"{name}{SUFFIX}",
        folder=folders.root if exists else None,
        runs=len(runs.history(workplace, name)) if exists else 0,
        secrets=len(files),
        authorities=tuple(sorted(one.key for one in AUTHORITIES.values() if one.key in files)),
    )


def deletion(environment: Environment, has: Belongings) -> tuple[Question, ...]:
    """What is asked before `environment` is deleted: its name, outside a playground twice."""
    first = Question(
        topic="delete-environment",
        title=f"Delete the environment {environment.name}?",
        detail=f"{has.sentence} What the keyring remembers for it is forgotten.",
        expected=environment.name,
        destructive=True,
    )
    again = Question(
        topic="delete-environment-again",
        title=f"{environment.name} is no playground. Delete it all the same?",
        detail="This cannot be undone.",
        expected=environment.name,
        destructive=True,
    )
    return (first,) if environment.playground else (first, again)


def check_nothing_is_built(environment: Environment, standing: Standing, cloud: Cloud | None) -> None:
    """Raise `InputError` unless nothing of `environment` exists, in the states and in its account.

    `cloud` is None where it is a sandbox that does not run.
    """
    if standing.built is Built.UNKNOWN:
        raise InputError(
            f"It is not known whether {environment.name} is built, so it stays as it is.",
            why=standing.why,
            todo=f"Make its account readable; or, if you are sure, change {environment.path} by hand.",
        )
    if standing.built is not Built.NOTHING:
        raise InputError(
            f"{environment.name} is built: its states have {standing.resources} resources.",
            todo=f"Take it down first: kubeplat --environment {environment.name} cleanup. Nothing was changed.",
        )
    if standing.locked_by:
        raise InputError(
            f"The state of {environment.name} is locked by {standing.locked_by}, so it stays as it is.",
            why="Somebody builds it, or a run was killed.",
            todo="Wait for it; a lock whose holder is gone is taken away by kubeplat unlock.",
        )
    if cloud is not None:
        _check_account(environment, cloud)
        _check_elsewhere(environment, cloud)
        _check_left(environment, cloud)


def rename(workplace: Workplace, declarations: Declarations, name: str, new: str) -> Environment:
    """Give environment `name`, of which nothing is built, another name; its private folder and keyring go along.

    Raises `InputError` where the new name is none or taken, or where somebody works on the environment; nothing is
    changed then.
    """
    from kubeplat_tui.services.variables.declarations import check_environment

    source = load(workplace.environments, name)
    path = check_free(workplace.environments, new)
    old_folder, new_folder = workplace.folders(name).root, workplace.folders(new).root
    if new_folder.exists():
        raise InputError(
            f"There is a state folder {new_folder} already.",
            why=f"Another environment was named {new} once.",
            todo="Look through it, and remove it if nothing there is needed. Nothing was changed.",
        )
    data = copying.renamed(source, Document.parse(source.path.read_bytes(), source.path.name), new).data
    check_environment(parse(path, data), declarations)
    with _alone(workplace, name, "renaming it"):
        entries = _keyring_entries(workplace, name)
        _copy_entries(entries, name, new)
        try:
            _move_files(source, path, data, old_folder, new_folder)
        except KubeplatError:
            _forget_entries(entries, new)
            raise
        _forget_entries(entries, name)
    return load(workplace.environments, new)


def _move_files(source: Environment, path: Path, data: bytes, old_folder: Path, new_folder: Path) -> None:
    """File and folder under the new name, or nothing changed."""
    create_file(path, data)
    try:
        path.chmod(source.path.stat().st_mode & 0o777)
        if old_folder.exists():
            # Terraform's working folders know the old state; the next run makes them anew.
            shutil.rmtree(EnvironmentFolders(old_folder).work, ignore_errors=True)
            old_folder.rename(new_folder)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise cannot_write(new_folder, error) from error
    source.path.unlink(missing_ok=True)


def delete(workplace: Workplace, name: str) -> None:
    """Remove environment `name`, of which nothing is built: its file, its private folder and its keyring entries.

    Raises `KubeplatError` where somebody works on it, and `LeftOverError` where something could not be removed.
    """
    source = load(workplace.environments, name)
    folder = workplace.folders(name).root
    gone = folder.with_name(f".{name}.{secrets.token_hex(4)}.deleted")
    with _alone(workplace, name, "deleting it"):
        _forget_entries(_keyring_entries(workplace, name), name)
        try:
            if folder.exists():
                folder.rename(gone)
            source.path.unlink()
        except OSError as error:
            with contextlib.suppress(OSError):
                gone.rename(folder)
            raise cannot_write(source.path, error) from error
    try:
        if gone.exists():
            shutil.rmtree(gone)
    except OSError as error:
        raise LeftOverError(
            f"{name} is deleted, but {error.filename or gone} could not be removed.",
            why=f"{error.strerror or error}.",
            todo=f"Remove {gone}: it may hold secrets.",
        ) from error


@contextlib.contextmanager
def _alone(workplace: Workplace, name: str, doing: str) -> Iterator[None]:
    """Be the only one who works on the environment on this computer. Raises `BusyError` that says who does."""
    from kubeplat_tui.services.runs import PipelineLock
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    folders = workplace.folders(name)
    with PipelineLock(folders, doing), WorkingCopy(folders.root).lock(doing):
        yield


def _check_account(environment: Environment, cloud: Cloud) -> None:
    """What another account has says nothing about this one."""
    identity = cloud.identity()
    if identity.account != environment.account:
        raise InputError(
            f"It is not known whether {environment.name} is built, so it stays as it is.",
            why=f"The credentials belong to account {identity.account}, and it is in account {environment.account}.",
            todo="Use that account's credentials.",
        )


def _check_elsewhere(environment: Environment, cloud: Cloud) -> None:
    """A state that another region's name stands before: `aws_region` was changed since it was built."""
    from kubeplat_tui.services.terraform.remote_state import StateStore

    bucket = str(environment.values.get("terraform_bucket_name") or "")
    found = StateStore(cloud, bucket, environment.name).elsewhere()
    if found:
        raise InputError(
            f"There is a state of {environment.name} in another region: {', '.join(found)}.",
            todo="Set aws_region to that region, and take it down there first. Nothing was changed.",
        )


def _check_left(environment: Environment, cloud: Cloud) -> None:
    from kubeplat_tui.services.leftovers import sweep

    left = sweep(cloud, environment.name)
    if left:
        some = listed([f"{one.kind} {one.name}" for one in left[:3]])
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        raise InputError(
            f"Something of {environment.name} is left in its account: {some}{more}.",
            todo=f"Take it down first: kubeplat --environment {environment.name} cleanup. Nothing was changed.",
        )


def _keyring_entries(workplace: Workplace, name: str) -> list[str]:
    """What the keyring may remember for the environment: a keyring cannot be listed, so the names are made up again."""
    from kubeplat_tui.services import tokens
    from kubeplat_tui.services.errors import NotFoundError
    from kubeplat_tui.services.keyring_store import SSH_PASSPHRASE, token_entry
    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

    entries = [SSH_PASSPHRASE]
    with contextlib.suppress(NotFoundError, InputError):  # a broken list names no entries
        data = WorkingCopy(workplace.folders(name).root).read(tokens.KEY)
        entries += [token_entry(token.user, token.short) for token in tokens.parse(data)]
    return entries


def _copy_entries(entries: list[str], name: str, new: str) -> None:
    before, after = _store(name), _store(new)
    if not before.available():
        return
    for entry in entries:
        value = before.get(entry)
        if value is not None:
            after.set(entry, value)


def _forget_entries(entries: list[str], name: str) -> None:
    store = _store(name)
    if store.available():
        for entry in entries:
            store.delete(entry)


def _store(name: str) -> KeyringStore:
    from kubeplat_tui.services.keyring_store import KeyringStore

    return KeyringStore(name)
