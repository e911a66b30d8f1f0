"""The working copy of the secrets bucket on this computer: private files, changed together or not at all.

Below the environment's state folder:

    secrets/              the files, by their keys
    secrets.record        what was last in step with the bucket (`record.py`)
    secrets.digests       digests of the files as the file system knows them; a comfort
    secrets.lock          who is at work (`work_lock.py`)
    secrets.stage/        new content before it is moved into place (`transaction.py`)
    secrets.redo          only while that is moved
    replaced/<time>/      what was here and was overwritten because somebody asked for it
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError, NotFoundError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.secrets import layout
from kubeplat_tui.services.secrets.local_files import (
    cannot_read,
    digest_of,
    is_place,
    link_or_copy,
    opened,
    walk,
)
from kubeplat_tui.services.secrets.model import LocalFile
from kubeplat_tui.services.secrets.record import Digests, Protected, Record
from kubeplat_tui.services.secrets.transaction import Change, Stage, sync_files
from kubeplat_tui.services.secrets.work_lock import WorkLock
from kubeplat_tui.services.workplace import cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

FILES = "secrets"
RECORD = "secrets.record"

BUNDLE = (layout.COMMON, layout.SECURE, layout.COMPUTE, layout.LOCKED, layout.ADDONS)
"""The prefixes that the public-key infrastructure has files in."""


class WorkingCopy:
    """The working copy below `folder`, the environment's state folder. Making one touches nothing.

    A change that a killed process began is finished by the first method called.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / FILES
        self.stage = Stage(folder / "secrets.stage")
        self._note = folder / "secrets.redo"
        self._lock = WorkLock(folder / "secrets.lock")
        self._digests = Digests(folder / "secrets.digests")

    # --- looking ------------------------------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """What was last in step, and what is kept under a passphrase. Raises `KubeplatError` where it is broken."""
        self._finish()
        return Record.load(self.folder / RECORD)

    def path(self, key: str) -> Path:
        """Where the file of `key` is or would be. Raises `InputError` where the key cannot be a file."""
        return self.root / layout.checked_key(key)

    def files(self) -> dict[str, LocalFile]:
        """Every file by its key, sorted. What others could read is made private again.

        Raises `KubeplatError` for a symbolic link, a device or the like, and for what cannot be read.
        """
        protected = self.record.protected
        found: dict[str, LocalFile] = {}
        for key, entry, status in sorted(walk(self.root), key=lambda each: each[0]):
            sha256, now_has = self._digests.get(key, status), status
            if not sha256:
                sha256, now_has = digest_of(entry)
                self._digests.put(key, now_has, sha256)
            found[key] = _local(key, entry, sha256, now_has, protected.get(key))
        self._digests.save(self.stage, found)
        return found

    def file(self, key: str) -> LocalFile | None:
        """The one file of `key`; None where it is absent."""
        place = self.path(key)
        self._finish()
        if not is_place(self.root, key):
            return None
        sha256, status = digest_of(place)
        return _local(key, place, sha256, status, self.record.protected.get(key))

    def read(self, key: str) -> bytes:
        """The file's bytes as they lie here. Raises `NotFoundError` where it is absent."""
        place = self.path(key)
        self._finish()
        if not is_place(self.root, key):
            raise NotFoundError(f"There is no {key} in the working copy.", todo="Fetch the secrets first.")
        try:
            with opened(place) as file:
                data = b""
                while piece := os.read(file, 1 << 20):
                    data += piece
                return data
        except OSError as error:
            raise cannot_read(place, error) from error

    def snapshot(self) -> Mapping[str, bytes]:
        """The files of the prefixes that hold certificates, keys and kubeconfigs; each is read when it is asked for."""
        self._finish()
        keys = [f"{prefix}/{key}" for prefix in BUNDLE for key, _, _ in walk(self.root / prefix)]
        return _Snapshot(self, keys)

    @cached_property
    def folds_case(self) -> bool:
        """Whether the file system takes `A` and `a` for one name. Looks, and makes nothing."""
        for place in (self.root, *self.root.parents):
            other = place.with_name(place.name.swapcase()) if place.name else place
            if other != place and place.exists():
                try:
                    return place.samefile(other)
                except OSError:
                    return False
        return False

    @staticmethod
    def fold(key: str) -> str:
        """What two keys have in common that are one file where case is folded."""
        return unicodedata.normalize("NFC", key).casefold()

    # --- changing -----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self, doing: str = "a change of the secrets", patience: float | None = None) -> Iterator[None]:
        """Be the only one who changes it while the block runs; what an earlier process left is put in order.

        Raises `BusyError` that says who is at work. The thread that has the lock may take it again.
        """
        with self._lock.hold(doing, patience) as taken:
            if taken:
                change = Change.noted(self._note, self.folder)
                if change is not None:
                    self._keep_later_edits(change)
                    change.carry_out(self.stage, self._note)
                self.stage.discard_new()
            yield

    def commit(self, writes: Mapping[str, bytes], deletes: Collection[str] = ()) -> None:
        """Write and delete these files, all or nothing, and privately.

        Raises `KubeplatError` where it cannot be done: then nothing has happened, or (said so) the next call ends it.
        """
        with self.lock(), self.staged(writes) as names:
            self.change(names, deletes, self.record)

    @contextlib.contextmanager
    def staged(self, writes: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
        """The names under which `writes` wait in the stage; what was not moved away is forgotten at the end."""
        names: dict[str, str] = {}
        try:
            for key, data in writes.items():
                names[key] = self.stage.add(data)
            yield names
        finally:
            if not self._note.exists():
                self.stage.discard(names.values())

    def change(
        self,
        staged: Mapping[str, str],
        deletes: Collection[str],
        record: Record,
        *,
        keep: Collection[str] = (),
    ) -> Path | None:
        """Move what waits in the stage into place, delete, and take over `record`: all or nothing.

        For who has the lock. What is at `keep` now stays in the folder that is given back. A file written here loses
        its mark of being kept under a passphrase unless `record` has a new one for it.
        """
        deletes = [key for key in deletes if key not in staged]
        for key in (*staged, *deletes):
            is_place(self.root, layout.checked_key(key))
        record = self._without_stale_protection(record, {*staged, *deletes})
        for folder in {(self.root / key).parent for key in staged}:
            private_folder(folder)
        kept = self._keep(keep)
        name = self.stage.add(record.encoded())
        try:
            self.stage.sync([*staged.values(), name])
            writes = [(f"{FILES}/{key}", waiting) for key, waiting in staged.items()]
            gone = tuple(f"{FILES}/{key}" for key in deletes)
            change = Change(self.folder, (*writes, (RECORD, name)), gone)
            change.note(self.stage, self._note)
        except KubeplatError:
            if not self._note.exists():
                self.stage.discard([name])
                if kept is not None:
                    shutil.rmtree(kept, ignore_errors=True)
            raise
        change.carry_out(self.stage, self._note)
        return kept

    def learn(self, record: Record) -> None:
        """Take over `record` alone. For who has the lock."""
        if record != self.record:
            self.change({}, (), record)

    # --- under a passphrase -------------------------------------------------------------------------------------

    def protect(self, key: str, data: bytes) -> None:
        """Put `data`, the same content under a passphrase, in the file's place. It still counts as what it was."""
        with self.lock("protecting " + key):
            here = self.file(key)
            if here is None:
                raise NotFoundError(
                    f"There is no {key} in the working copy.", todo="Fetch the secrets first."
                )
            record = self.record
            mark = Protected(hashlib.sha256(data).hexdigest(), here.sha256)
            with self.staged({key: data}) as names:
                self.change(names, (), replace(record, protected={**record.protected, key: mark}))

    def unprotect(self, key: str, data: bytes) -> None:
        """Put the file's plain content `data` back in its place."""
        self.commit({key: data})

    def protected(self, keys: Collection[str]) -> set[str]:
        """Which of the files lie here under a passphrase."""
        marks = self.record.protected
        return {
            key
            for key in keys
            if key in marks and is_place(self.root, key) and digest_of(self.root / key)[0] == marks[key].file
        }

    # --- how ----------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """End what a killed process began; a living one is waited for a moment."""
        if self._note.exists():
            from kubeplat_tui.services.runs import BusyError

            with contextlib.suppress(BusyError), self.lock("finishing an interrupted change"):
                pass

    def _without_stale_protection(self, record: Record, keys: set[str]) -> Record:
        before = Record.load(self.folder / RECORD).protected
        return record.unprotected(
            [key for key in keys if key in before and record.protected.get(key) == before[key]]
        )

    def _keep(self, keys: Collection[str]) -> Path | None:
        """Give what is at `keys` a second name below `replaced/`. A full disk says so before anything is replaced."""
        if not keys:
            return None
        folder = self.folder / "replaced" / now().strftime("%Y%m%dT%H%M%S.%fZ")
        try:
            for key in keys:
                place = folder / key
                private_folder(place.parent)
                link_or_copy(self.root / key, place)
        except (OSError, KubeplatError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, KubeplatError):
                raise
            raise cannot_write(folder, error) from error
        sync_files({each for key in keys for each in (folder / key, (folder / key).parent)} | {folder})
        return folder

    def _keep_later_edits(self, change: Change) -> None:
        """Keep what somebody wrote by hand after the change was begun, before the change replaces or deletes it."""
        began = self._note.stat().st_mtime_ns
        waiting = [target for target, name in change.writes if (self.stage.folder / name).exists()]
        later = []
        for target in (*waiting, *change.deletes):
            with contextlib.suppress(FileNotFoundError):
                if target != RECORD and (self.folder / target).lstat().st_ctime_ns > began:
                    later.append(target.removeprefix(f"{FILES}/"))
        self._keep(later)


class _Snapshot(Mapping[str, bytes]):
    """Files by key, read when they are looked at, and then held."""

    def __init__(self, copy: WorkingCopy, keys: list[str]) -> None:
        self._copy = copy
        self._data: dict[str, bytes | None] = dict.fromkeys(sorted(keys))

    def __getitem__(self, key: str) -> bytes:
        data = self._data[key]
        if data is None:
            data = self._data[key] = self._copy.read(key)
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data


def _local(key: str, place: Path, sha256: str, status: os.stat_result, kept: Protected | None) -> LocalFile:
    plain = kept.plain if kept and kept.file == sha256 else sha256
    return LocalFile(key, place, status.st_size, plain, datetime.fromtimestamp(status.st_mtime, UTC))
