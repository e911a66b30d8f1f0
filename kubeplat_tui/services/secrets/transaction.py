"""Many files changed together: all of them, or none.

First everything new is written into the stage and is on the disk; then one small file, the redo note, says what is to
be moved where; then it is moved, and the note is removed. Without a note nothing has happened yet; with one the rest
can always be done, by whoever comes next. Only the first part needs room on the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from kubeplat_tui.services.secrets.model import Stored

FORMAT = 1
NEW = "new-"
FETCHED = "fetched-"
SHA256_LETTERS = 64

WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW

AT_ONCE = 16
"""Threads that wait for the disk: a journal writes many files down together (1,000 files: 0.08 s, one by one 0.8 s)."""


class Stage:
    """The folder beside the working copy where new content waits. Made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, data: bytes) -> str:
        """Write new content; the name it waits under. It is on the disk only after `sync`."""
        name = NEW + secrets.token_hex(12)
        self._write(name, data)
        return name

    def keep(self, stored: Stored, data: bytes, sha256: str) -> str:
        """Write what was downloaded under a name that tells the object and its digest: a later fetch can use it."""
        name = f"{_fetched_prefix(stored)}{sha256}"
        self._write(name, data)
        return name

    def fetched(self) -> dict[str, str]:
        """What earlier fetches left here: names by the object they are of, to be given to `find`."""
        names = [name for name in self._names() if name.startswith(FETCHED)]
        return {name[:-SHA256_LETTERS]: name for name in names}

    def find(self, stored: Stored, fetched: dict[str, str]) -> tuple[str, str] | None:
        """The name and SHA-256 of what an earlier fetch has of this very object, checked; else None."""
        name = fetched.get(_fetched_prefix(stored))
        if name is None:
            return None
        sha256 = name[-SHA256_LETTERS:]
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            return None
        return (name, sha256) if hashlib.sha256(data).hexdigest() == sha256 else None

    def sync(self, names: Iterable[str]) -> None:
        """Have these on the disk. Raises `KubeplatError` where it is full."""
        sync_files(self.folder / name for name in names)

    def move(self, name: str, place: Path) -> None:
        """Put what waits under `name` in its place. Raises `KubeplatError`."""
        try:
            (self.folder / name).replace(place)
        except OSError as error:
            raise cannot_write(place, error) from error

    def discard(self, names: Iterable[str]) -> None:
        """Forget these."""
        for name in names:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()

    def discard_new(self) -> None:
        """Forget what a process left that ended before its redo note."""
        self.discard(name for name in self._names() if not name.startswith(FETCHED))

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self.folder)  # noqa: PTH208 - names are all that is wanted, of thousands
        except OSError:
            return []

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        try:
            try:
                file = os.open(path, WRITE, PRIVATE_FILE)
            except FileNotFoundError:
                private_folder(self.folder)
                file = os.open(path, WRITE, PRIVATE_FILE)
            with os.fdopen(file, "wb") as out:
                out.write(data)
        except OSError as error:
            self.discard([name])
            raise cannot_write(path, error) from error


@dataclass(frozen=True, slots=True)
class Change:
    """What a redo note says: names in the stage by the paths they go to, and paths to delete (relative to `root`)."""

    root: Path
    writes: tuple[tuple[str, str], ...]
    deletes: tuple[str, ...] = ()

    def note(self, stage: Stage, path: Path) -> None:
        """Write the redo note: from here on the change happens. Raises `KubeplatError` where it cannot be written."""
        body = {"format": FORMAT, "writes": self.writes, "deletes": self.deletes}
        name = stage.add(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
        try:
            stage.sync([name])
            stage.move(name, path)
            sync_files([path.parent])
        except KubeplatError:
            stage.discard([name])
            path.unlink(missing_ok=True)
            raise

    @classmethod
    def noted(cls, path: Path, root: Path) -> Change | None:
        """The change that was begun and not finished; None without one. Raises `KubeplatError` for a broken note."""
        try:
            body = json.loads(path.read_bytes())
            if body["format"] != FORMAT:
                raise ValueError(f"its format is {body['format']}")
            writes = tuple((str(target), str(name)) for target, name in body["writes"])
            return cls(root, writes, tuple(map(str, body["deletes"])))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KubeplatError(
                f"{path} cannot be read: it says which change of the secrets is to be finished.",
                why=f"{error}.",
                todo=f"Look at the files in {path.with_name('secrets.stage')}, then move both away.",
            ) from error

    def carry_out(self, stage: Stage, path: Path) -> None:
        """Move and delete what is not yet, then remove the note `path`. Doing it again is right at any point."""
        try:
            for target, name in self.writes:
                waiting, place = stage.folder / name, self.root / target
                try:
                    waiting.replace(place)
                except FileNotFoundError:
                    if not waiting.exists():
                        continue  # moved already, before an interruption
                    private_folder(place.parent)
                    waiting.replace(place)
            for target in self.deletes:
                (self.root / target).unlink(missing_ok=True)
            self._sync_folders()
            path.unlink()
        except (OSError, KubeplatError) as error:
            raise KubeplatError(
                f"A change of the secrets in {self.root} was begun and could not be finished.",
                why=error.why if isinstance(error, KubeplatError) else f"{error.strerror or error}.",
                todo="Nothing is lost: everything new is on the disk, and the next command finishes the change.",
            ) from error
        with contextlib.suppress(KubeplatError):  # carried out again it would do no harm
            sync_files([path.parent])
        self._remove_empty_folders()

    def _sync_folders(self) -> None:
        changed = {(self.root / target).parent for target, _ in self.writes}
        changed |= {(self.root / target).parent for target in self.deletes}
        above = {folder for each in changed for folder in each.parents if folder.is_relative_to(self.root)}
        sync_files(folder for folder in changed | above if folder.is_dir())

    def _remove_empty_folders(self) -> None:
        for target in self.deletes:
            with contextlib.suppress(OSError):  # not empty, or gone
                for folder in (self.root / target).parents:
                    if folder.parent == self.root or not folder.is_relative_to(self.root):
                        break
                    folder.rmdir()


def sync_files(paths: Iterable[Path]) -> None:
    """Have these files and folders on the disk (fsync(2)), many at once. Raises `KubeplatError`."""
    chosen: Collection[Path] = list(paths)
    if len(chosen) == 1:
        for path in chosen:
            _sync(path)
        return
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="secrets-sync") as pool:
        for _ in pool.map(_sync, chosen):
            pass


def _sync(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise cannot_write(path, error) from error


def _fetched_prefix(stored: Stored) -> str:
    named = hashlib.sha256(f"{stored.key}\0{stored.etag}\0{stored.size}".encode()).hexdigest()
    return f"{FETCHED}{named[:32]}-"
