"""The files of a Terraform configuration below a folder: the checkout's, and the user's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_FILE = ".terraform.lock.hcl"
LEFT_OUT = (".tftest.hcl", ".tfstate", ".tfstate.backup")


def configuration_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder` that belongs to a configuration, by its path in it: no hidden ones but the lock file,
    no state, no tests. Links to folders are followed, each folder once. An absent `folder` has none.

    Raises `KubeplatError` where something cannot be read: what is missed would be destroyed by the next run.
    """
    try:
        for place, names in _folders(folder):
            for name in names:
                path = place / name
                yield path.relative_to(folder).as_posix(), path.read_bytes()
    except OSError as error:
        raise KubeplatError(
            f"{error.filename or folder} could not be read.",
            why=f"{error.strerror or error}.",
            todo="Give yourself the right to read it, then try again.",
        ) from error


def fingerprint(folder: Path) -> frozenset[tuple[str, int, int]]:
    """What changes when a file below `folder` does: names, times (ns) and sizes (bytes); empty where it is absent."""
    found = set()
    try:
        for place, names in _folders(folder):
            for name in names:
                status = (place / name).stat()
                found.add((str(place / name), status.st_mtime_ns, status.st_size))
    except OSError:
        found.add(("", 0, 0))  # whoever reads the files says what is wrong with them
    return frozenset(found)


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with the names of its files, in order. Raises `OSError`."""

    def refuse(error: OSError) -> None:
        if not (isinstance(error, FileNotFoundError) and error.filename == str(folder)):
            raise error

    seen = set[tuple[int, int]]()
    for place, folders, names in os.walk(str(folder), onerror=refuse, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "tests")
        yield Path(place), [name for name in sorted(names) if _belongs(name)]


def _belongs(name: str) -> bool:
    return (not name.startswith(".") or name == LOCK_FILE) and not name.endswith(LEFT_OUT)
