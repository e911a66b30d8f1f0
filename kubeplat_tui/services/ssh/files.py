"""Files and folders copied to a machine and from it, over SFTP, by the connection that is there.

A file comes under a temporary name and gets its own when all of it is there: whoever looks sees the old one or the new
one. Modes and times are kept. Symbolic links within a folder stay links where they lead to something within it.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh import local_tree, remote_tree, sftp_pipeline
from kubeplat_tui.services.ssh.copying import Copy, exists, here
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.ssh.transfer_model import (
    Item,
    Kind,
    Machine,
    Skipped,
    TransferProgress,
    Transferred,
    TransferStoppedError,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    import paramiko

    from kubeplat_tui.services.ssh.copying import Say

__all__ = ["Skipped", "TransferProgress", "TransferStoppedError", "Transferred", "get", "put"]


def quiet(_progress: TransferProgress) -> None:
    """Say nothing."""


def put(
    connection: Machine,
    local: Path,
    remote: str,
    *,
    overwrite: bool = False,
    say: Say = quiet,
    stop: threading.Event | None = None,
) -> Transferred:
    """Copy a file or folder of this computer to the machine. Blocking; `say` is called from this thread.

    `remote` is a path there, relative to the user's home; where a folder is there already, it goes into it under its
    own name. Raises `InputError` where nothing is at `local`, no folder for it there, or something that is not to be
    replaced (`overwrite`); `TransferStoppedError`; `SshError` for the rest.
    """
    copy = Copy(connection, local.resolve().name or "root", say, stop, overwrite=overwrite)
    with here(local):
        status = local.stat()
    source = local_tree.item_of("", status)
    if source is None or source.kind is Kind.LINK:
        raise InputError(f"{local} is neither a file nor a folder.", todo="Nothing was copied.")
    with copy.session():
        path = _place_there(copy, source, remote)
        target = remote_tree.Target(copy.sftp, path, connection.sftp)
        if source.kind is Kind.FILE:
            copy.expect([source])
            _put_file(copy, local, target, source)
            return copy.done(path)
        with here(local):
            items = copy.expect(local_tree.walk(local))
        folders = [source, *(item for item in items if item.kind is Kind.FOLDER)]
        for item in [source, *items]:
            copy.check()
            if item.kind is Kind.FILE:
                _put_file(copy, local / item.relative, target, item)
                continue
            with copy.there(target.path(item.relative)):
                if item.kind is Kind.FOLDER:
                    target.make_folder(item.relative)
                else:
                    target.make_link(item, overwrite=copy.overwrite)
        for item in reversed(folders):
            with copy.there(target.path(item.relative)):
                target.finish_folder(item)
    return copy.done(path)


def get(
    connection: Machine,
    remote: str,
    local: Path,
    *,
    overwrite: bool = False,
    say: Say = quiet,
    stop: threading.Event | None = None,
) -> Transferred:
    """Copy a file or folder of the machine to this computer: the mirror of `put`, which see.

    Nothing is written but below `local`, whatever the names are that the machine sends.
    """
    path = remote_tree.path_of(remote)
    copy = Copy(connection, posixpath.basename(path.rstrip("/")) or path, say, stop, overwrite=overwrite)
    with copy.session():
        with copy.there(path):
            status = copy.sftp.stat(path)
            name = posixpath.basename(copy.sftp.normalize(path)) or "root"
        source = remote_tree.item_of("", status)
        if source is None:
            raise InputError(
                f"{path} on {copy.machine} is neither a file nor a folder.", todo="Nothing was copied."
            )
        place = _place_here(copy, local, remote_tree.checked_name(name), source)
        with here(place.parent), contextlib.closing(local_tree.Target(place.parent)) as target:
            if source.kind is Kind.FILE:
                copy.expect([source])
                _get_file(copy, path, target, _below(place.name, source))
                return copy.done(str(place))
            with copy.there(path):
                items = copy.expect(remote_tree.walk(copy.sftp, path, copy.check))
            _get_folder(copy, path, target, place.name, [source, *items])
    return copy.done(str(place))


def _get_folder(
    copy: Copy,
    root: str,
    target: local_tree.Target,
    name: str,
    items: list[Item],
) -> None:
    for item in items:
        copy.check()
        below = _below(name, item)
        if item.kind is Kind.FILE:
            path = posixpath.join(root, item.relative)
            _get_file(copy, path, target, below)
        elif item.kind is Kind.FOLDER:
            with here(target.path(below.relative)):
                target.make_folder(below.relative)
        else:
            with here(target.path(below.relative)):
                target.make_link(below, overwrite=copy.overwrite)
    for item in reversed(items):
        if item.kind is Kind.FOLDER:
            below = _below(name, item)
            with here(target.path(below.relative)):
                target.finish_folder(below)


def _put_file(
    copy: Copy,
    local: Path,
    target: remote_tree.Target,
    item: Item,
) -> None:
    path = target.path(item.relative)
    with here(local), local_tree.reading(local) as (descriptor, found):
        now = Item(item.relative, item.kind, found.size, found.mode, found.modified)
        copy.begin(now, item.size)

        def give(offset: int, length: int) -> bytes:
            with here(local):
                return os.pread(descriptor, length, offset)

        with copy.there(path, local), target.writing(now, overwrite=copy.overwrite) as file:
            sftp_pipeline.write(copy.sftp, file, now.size, give, copy.moved)
    copy.end()


def _get_file(
    copy: Copy,
    path: str,
    target: local_tree.Target,
    item: Item,
) -> None:
    place = target.path(item.relative)
    with copy.there(path, path), copy.sftp.open(path, "r") as file:
        now = remote_tree.item_of(item.relative, file.stat())
        if now is None or now.kind is not Kind.FILE:
            raise SshError(f"{path} on {copy.machine} is no file any more.")
        copy.begin(now, item.size)
        with here(place), target.writing(now, overwrite=copy.overwrite) as descriptor:

            def take(data: bytes, offset: int) -> None:
                with here(place):
                    _write_all(descriptor, data, offset)
                copy.moved(len(data))

            with copy.there(path, path):
                sftp_pipeline.read(copy.sftp, file, now.size, take)
                if not now.size:
                    _read_to_the_end(file, take)
    copy.end()


def _read_to_the_end(file: paramiko.SFTPFile, take: Callable[[bytes, int], None]) -> None:
    """What is in a file that says it has no size, as those of /proc do."""
    offset = 0
    while data := file.read(sftp_pipeline.WRITE):
        take(data, offset)
        offset += len(data)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _place_there(copy: Copy, source: Item, remote: str) -> str:
    """The path that the file or folder gets on the machine. Nothing is there, or it may be replaced."""
    path = remote_tree.path_of(remote)
    with copy.there(path):
        there = remote_tree.status_of(copy.sftp, path)
        if there is not None and stat.S_ISDIR(there.st_mode or 0):
            path = posixpath.join(path, copy.name)
            there = remote_tree.status_of(copy.sftp, path)
        elif path.endswith("/"):
            raise InputError(f"There is no folder {path} on {copy.machine}.", todo="Nothing was copied.")
        elif there is None and remote_tree.status_of(copy.sftp, posixpath.dirname(path) or ".") is None:
            raise InputError(
                f"There is no folder {posixpath.dirname(path)} on {copy.machine}.", todo="Nothing was copied."
            )
    folder = None if there is None else stat.S_ISDIR(there.st_mode or 0)
    _check_place(f"{path} on {copy.machine}", folder, source, overwrite=copy.overwrite)
    return path


def _place_here(copy: Copy, local: Path, name: str, source: Item) -> Path:
    """The path that a file or folder `name` gets on this computer. Nothing is there, or it may be replaced."""
    place = local / name if local.is_dir() else local
    if not place.parent.is_dir():
        raise InputError(f"There is no folder {place.parent} here.", todo="Nothing was copied.")
    folder = place.is_dir() if os.path.lexists(place) else None
    _check_place(str(place), folder, source, overwrite=copy.overwrite)
    return place


def _check_place(place: str, folder: bool | None, source: Item, *, overwrite: bool) -> None:
    """`folder`: whether one is at the place; None where nothing is."""
    if folder is None:
        return
    if not overwrite:
        raise exists(place)
    if folder is not (source.kind is Kind.FOLDER):
        raise InputError(
            f"{place} is {'a folder' if folder else 'no folder'}.",
            why="It is not replaced by the other.",
            todo="Nothing was copied. Name another place, or remove it.",
        )


def _below(name: str, item: Item) -> Item:
    """The item below the folder `name`."""
    relative = f"{name}/{item.relative}" if item.relative else name
    return Item(relative, item.kind, item.size, item.mode, item.modified, item.link)
