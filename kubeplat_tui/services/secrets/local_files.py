"""Files of the working copy as they lie on the disk: regular ones only, private, nothing ever followed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets import layout
from kubeplat_tui.services.workplace import PRIVATE_FILE, PRIVATE_FOLDER, cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_EDITORS_OWN = re.compile(r"\.DS_Store|.*~|\.#.*|#.*#|\..*\.sw[a-p]|\.nfs.*")
"""What editors and file systems leave beside files: no secrets of the bundle."""


def ignored(key: str) -> bool:
    """Whether a file of that name is left alone on both sides: an editor's swap, lock or backup file."""
    return _EDITORS_OWN.fullmatch(key.rpartition("/")[2]) is not None


def walk(root: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Every regular file below `root`: its path below it with `/`, where it is, and its status. None without `root`."""
    folders = [("", root)]
    try:
        if not root.exists() and not root.is_symlink():
            return
        if root.is_symlink():
            raise _not_a_file(root)
        while folders:
            prefix, folder = folders.pop()
            with os.scandir(folder) as entries:
                for entry in entries:
                    if ignored(entry.name):
                        continue
                    status = entry.stat(follow_symlinks=False)
                    key, place = prefix + _name(entry.name, folder), folder / entry.name
                    if stat.S_ISDIR(status.st_mode):
                        _tighten(place, status, PRIVATE_FOLDER)
                        folders.append((f"{key}/", place))
                    elif stat.S_ISREG(status.st_mode):
                        yield layout.checked_key(key), place, _tighten(place, status, PRIVATE_FILE)
                    else:
                        raise _not_a_file(place)
    except OSError as error:
        raise cannot_read(root, error) from error


def _name(name: str, folder: Path) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise KubeplatError(
            f"A file in {folder} has a name that is not UTF-8: {name!r}.",
            why="It cannot be a key of the bucket.",
            todo="Rename it, or move it out of the working copy.",
        ) from None
    return name


def _tighten(place: Path, status: os.stat_result, mode: int) -> os.stat_result:
    """Make `place` private where others could read it; its status afterwards."""
    if not status.st_mode & 0o077:
        return status
    try:
        place.chmod(mode)
        return place.lstat()
    except OSError as error:
        raise cannot_write(place, error) from error


def is_place(root: Path, key: str) -> bool:
    """Whether the file of `key` is there. Raises `KubeplatError` where a link or a folder is in its way."""
    place = root / key
    for folder in reversed(place.relative_to(root).parents):
        way = root / folder
        try:
            status = way.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(status.st_mode):
            raise _in_the_way(way, key, status)
    try:
        status = place.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode):
        raise _in_the_way(place, key, status)
    return True


@contextlib.contextmanager
def opened(place: Path) -> Iterator[int]:
    file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)


def digest_of(place: Path) -> tuple[str, os.stat_result]:
    """The SHA-256 of a file in hex, and its status as of before it was read."""
    try:
        with opened(place) as file:
            status = os.fstat(file)
            digest = hashlib.sha256()
            while piece := os.read(file, 1 << 20):
                digest.update(piece)
            return digest.hexdigest(), status
    except OSError as error:
        raise cannot_read(place, error) from error


def link_or_copy(source: Path, place: Path) -> None:
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:  # a file system without links
        shutil.copyfile(source, place, follow_symlinks=False)
        place.chmod(PRIVATE_FILE)


def _in_the_way(place: Path, key: str, status: os.stat_result) -> KubeplatError:
    if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "file"
        return KubeplatError(
            f"{key} cannot be a file of the working copy: {place} is a {kind}.",
            todo="Move it away, then try again. Nothing was changed.",
        )
    return _not_a_file(place)


def _not_a_file(place: Path) -> KubeplatError:
    kind = "a symbolic link" if place.is_symlink() else "neither a file nor a folder"
    return KubeplatError(
        f"{place} is {kind}; the working copy holds files only.",
        why="It is not followed and not overwritten: it could lead anywhere.",
        todo="Move it out of the working copy, then try again. Nothing was changed.",
    )


def cannot_read(place: Path, error: OSError) -> KubeplatError:
    return KubeplatError(
        f"{error.filename or place} cannot be read.",
        why=f"{error.strerror or error}.",
        todo="Give yourself the right to read it, then try again.",
    )
