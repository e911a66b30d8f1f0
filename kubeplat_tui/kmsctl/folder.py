"""The folder that `get` writes to: whole files only, readable by their owner only unless asked otherwise."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kubeplat_tui.services import whereabouts
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTIAL = ".kmsctl-"
"""What the name of a file that is not whole yet begins with; the process's number follows."""

ABANDONED_AFTER = 86_400
"""Seconds."""


class Folder:
    """Writes below `root`. `mode` is that of the files; new folders may be entered by whom the files can be read."""

    def __init__(self, root: Path, mode: int) -> None:
        self.root = root
        self._mode = mode
        self._folder_mode = 0o700 | (mode & 0o444) | ((mode & 0o444) >> 2)
        self._partials: set[Path] = set()
        self._swept: set[Path] = set()
        self._lock = threading.Lock()

    def make_root(self) -> None:
        """Make the folder where it is absent. Raises `KubeplatError` where that cannot be."""
        try:
            self._make(self.root)
        except OSError as error:
            raise cannot_write(self.root, error) from error

    def place(self, key: str, *, flatten: bool) -> Path | None:
        """Where the object `key` goes; None where it cannot be a file below the folder."""
        parts = PurePosixPath(key).parts if not key.endswith("/") else ()
        fits = not any(part in {"", ".", ".."} or "\0" in part for part in key.split("/"))
        if not parts or not fits or len(parts[-1].encode()) > 200:
            return None
        return self.root / (parts[-1] if flatten else Path(*parts))

    def write(self, path: Path, pieces: Iterable[bytes]) -> os.stat_result:
        """Write a file in one step: the old content stays until the new one is complete and on the disk."""
        partial = path.parent / f"{PARTIAL}{_ourselves()}-{secrets.token_hex(8)}"
        try:
            self._make(path.parent)
            with self._lock:
                self._partials.add(partial)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                os.fchmod(file.fileno(), self._mode)
                file.flush()
                os.fsync(file.fileno())
                facts = os.fstat(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            with self._lock:
                self._partials.discard(partial)
        return facts

    def remove(self, path: Path) -> None:
        """Remove a file, and the folders below the root that are empty then."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise KubeplatError(f"{path} could not be removed.", why=f"{error.strerror or error}.") from error
        with contextlib.suppress(OSError):  # the first that is not empty ends it
            for parent in path.parents:
                if parent == self.root:
                    break
                parent.rmdir()

    def discard_partials(self) -> None:
        """Remove what threads that were left behind have begun. For the end of the process."""
        with self._lock:
            for partial in self._partials:
                with contextlib.suppress(OSError):
                    partial.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        for each in reversed([folder, *folder.parents]):
            if not each.exists():
                each.mkdir(mode=self._folder_mode, exist_ok=True)
                each.chmod(self._folder_mode)  # whatever the umask takes away
        with self._lock:
            if folder in self._swept:
                return
            self._swept.add(folder)
        for left in folder.glob(f"{PARTIAL}*-*"):
            owner = left.name.removeprefix(PARTIAL).partition("-")[0]
            process, _, namespace = owner.partition(".")
            # One of another container is told dead by its age: there its number may be anybody's.
            ours = namespace == whereabouts.pid_namespace()
            if process.isdigit() and (not _alive(int(process)) if ours else _old(left)):
                left.unlink(missing_ok=True)


def mode_of(text: str) -> int:
    """File permissions as an octal number (`0600`). Raises `InputError`."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777 or not mode & 0o400:
        raise InputError(
            f"--perms {text} are no permissions for a file that its owner can read.",
            todo="Give an octal number such as 0600.",
        )
    return mode


def _ourselves() -> str:
    """Our process id, and what it counts in: `4711.4026531836`."""
    return f"{os.getpid()}.{whereabouts.pid_namespace()}"


def _old(path: Path) -> bool:
    """Whether the file was last written to more than a day ago. No transfer is silent for that long."""
    try:
        return time.time() - path.stat().st_mtime > ABANDONED_AFTER
    except OSError:
        return False


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
