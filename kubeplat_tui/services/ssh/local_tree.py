"""Files and folders of this computer as a transfer sees them: read without surprises, written nowhere but inside.

Every folder on the way to a written file is opened by itself and never through a symbolic link (openat(2)), so no
name that another computer sends leads out of the target folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.transfer_model import Item, Kind, Skipped, found, waiting_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


def item_of(relative: str, status: os.stat_result, link: str = "") -> Item | None:
    """What of `status` is copied; None for a device, a pipe or a socket."""
    for kind, test in ((Kind.FILE, stat.S_ISREG), (Kind.FOLDER, stat.S_ISDIR), (Kind.LINK, stat.S_ISLNK)):
        if test(status.st_mode):
            size = status.st_size if kind is Kind.FILE else 0
            return Item(relative, kind, size, status.st_mode & 0o777, int(status.st_mtime), link)
    return None


def walk(root: Path) -> Iterator[Item | Skipped]:
    """Everything below the folder `root`, a folder before what is in it. Raises `OSError` where it cannot be read."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root / folder) as entries:
            by_name = sorted(entries, key=lambda entry: entry.name)
        for entry in by_name:
            relative = f"{folder}/{entry.name}" if folder else entry.name
            try:
                relative.encode()
            except UnicodeEncodeError:
                yield Skipped(os.fsencode(relative).decode(errors="replace"), "its name is not UTF-8")
                continue
            status = entry.stat(follow_symlinks=False)
            # A Path would take parts like ./ out of it.
            link = os.readlink(entry.path) if entry.is_symlink() else ""  # noqa: PTH115
            item = found(relative, item_of(relative, status, link), link)
            yield item
            if isinstance(item, Item) and item.kind is Kind.FOLDER:
                waiting.append(relative)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[tuple[int, Item]]:
    """A regular file opened to be read, and what it is now. Raises `OSError`, also where it is no regular file."""
    # Without O_NONBLOCK a pipe that took the file's name would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        item = item_of(path.name, os.fstat(descriptor))
        if item is None or item.kind is not Kind.FILE:
            raise OSError(f"{path} is no file any more")
        yield descriptor, item
    finally:
        os.close(descriptor)


class Target:
    """A folder that is written into. Close it."""

    def __init__(self, root: Path) -> None:
        """Raises `OSError` where `root` is no folder."""
        self._place = root
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def path(self, relative: str) -> Path:
        """How people call `relative`; nothing is opened by it."""
        return self._place / relative

    def close(self) -> None:
        """Give it back."""
        os.close(self._root)

    def make_folder(self, relative: str) -> None:
        """Make a folder for its owner only, or take the one that is there. Raises `OSError` for anything else there."""
        with self._parent(relative) as (parent, name):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, PRIVATE_FOLDER, dir_fd=parent)
            os.close(os.open(name, _FOLDER, dir_fd=parent))

    def finish_folder(self, item: Item) -> None:
        """Give a folder its mode and time, when all is in it."""
        with self._parent(item.relative) as (parent, name):
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
            try:
                _dress(descriptor, item)
            finally:
                os.close(descriptor)

    def make_link(self, item: Item, *, overwrite: bool) -> None:
        """Make a symbolic link. Raises `FileExistsError` where something is there, unless it may be replaced."""
        with self._parent(item.relative) as (parent, name):
            waiting = waiting_name()
            os.symlink(item.link, waiting, dir_fd=parent)
            try:
                _move(waiting, name, parent, overwrite=overwrite)
            finally:
                _forget(waiting, parent)

    @contextlib.contextmanager
    def writing(self, item: Item, *, overwrite: bool) -> Iterator[int]:
        """A new file to write to. It gets its name, mode and time when the block is done, else it is removed."""
        with self._parent(item.relative) as (parent, name):
            waiting = waiting_name()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(waiting, flags, PRIVATE_FILE, dir_fd=parent)
            try:
                try:
                    yield descriptor
                    _dress(descriptor, item)
                finally:
                    os.close(descriptor)
                _move(waiting, name, parent, overwrite=overwrite)
            finally:
                _forget(waiting, parent)

    @contextlib.contextmanager
    def _parent(self, relative: str) -> Iterator[tuple[int, str]]:
        """The opened folder that `relative` is in, and its name there."""
        *folders, name = relative.split("/")
        descriptor = os.dup(self._root)
        try:
            for folder in folders:
                below = os.open(folder, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor, name
        finally:
            os.close(descriptor)


def _dress(descriptor: int, item: Item) -> None:
    if item.mode is not None:
        os.fchmod(descriptor, item.mode)
    if item.modified is not None:
        os.utime(descriptor, (item.modified, item.modified))


def _move(waiting: str, name: str, folder: int, *, overwrite: bool) -> None:
    """Give what is complete its name. Raises `FileExistsError` where that is taken and may not be replaced."""
    if overwrite:
        os.replace(waiting, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:
        os.link(waiting, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        with contextlib.suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(name) from None
        os.replace(waiting, name, src_dir_fd=folder, dst_dir_fd=folder)


def _forget(waiting: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(waiting, dir_fd=folder)
