"""Files and folders of a machine as a transfer sees them, over SFTP. What the machine says of names is not believed.

Source: draft-ietf-secsh-filexfer-02 (SFTP 3); OpenSSH's PROTOCOL for posix-rename@openssh.com.
"""

from __future__ import annotations

import contextlib
import posixpath
import stat
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.ssh.model import SshError
from kubeplat_tui.services.ssh.transfer_model import Item, Kind, Skipped, found, waiting_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import paramiko

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


def path_of(remote: str) -> str:
    """A path as people write it, for the machine: `~` and nothing are the user's home, as are relative paths.

    Raises `InputError` for another user's home and for what no path can have.
    """
    if "\0" in remote:
        raise InputError("A path cannot have a zero byte.")
    if remote in {"", "~", "~/"}:
        return "."
    if remote.startswith("~/"):
        return remote[2:].lstrip("/") or "."
    if remote.startswith("~"):
        raise InputError(
            f"{remote} is another user's home, which SFTP cannot name.", todo="Write the whole path."
        )
    return remote


def status_of(sftp: paramiko.SFTPClient, path: str) -> paramiko.SFTPAttributes | None:
    """What is at `path`, links followed; None where nothing is. Raises `OSError` where it cannot be told."""
    try:
        return sftp.stat(path)
    except FileNotFoundError:
        return None


def item_of(relative: str, status: paramiko.SFTPAttributes, link: str = "") -> Item | None:
    """What of `status` is copied; None for a device, a pipe or a socket. Without a mode it is taken for a file."""
    mode = status.st_mode
    for kind, test in ((Kind.FILE, stat.S_ISREG), (Kind.FOLDER, stat.S_ISDIR), (Kind.LINK, stat.S_ISLNK)):
        if test(mode) if mode is not None else kind is Kind.FILE:
            size = (status.st_size or 0) if kind is Kind.FILE else 0
            return Item(relative, kind, size, None if mode is None else mode & 0o777, status.st_mtime, link)
    return None


def walk(sftp: paramiko.SFTPClient, root: str, check: Callable[[], None]) -> Iterator[Item | Skipped]:
    """Everything below the folder `root`, a folder before what is in it. `check` may raise between two folders.

    Raises `OSError` where it cannot be read, `SshError` for a name that no folder can have.
    """
    waiting = [""]
    while waiting:
        check()
        folder = waiting.pop()
        entries = sftp.listdir_attr(posixpath.join(root, folder) if folder else root)
        for entry in sorted(entries, key=lambda each: each.filename):
            name = checked_name(entry.filename)
            relative = f"{folder}/{name}" if folder else name
            is_link = entry.st_mode is not None and stat.S_ISLNK(entry.st_mode)
            link = (sftp.readlink(posixpath.join(root, relative)) or "") if is_link else ""
            item = found(relative, item_of(relative, entry, link), link)
            yield item
            if isinstance(item, Item) and item.kind is Kind.FOLDER:
                waiting.append(relative)


def checked_name(name: str) -> str:
    """`name`, where it can be a file's in a folder. A machine could send any, to write elsewhere."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise SshError(
            f"The machine lists a file named {name!r}, which no file can be named.",
            why="Taken for a path it would lead elsewhere.",
            todo="Nothing more was copied. Look at the machine: it, or its SFTP server, is not what it should be.",
        )
    return name


class Target:
    """A place on a machine that is written to: the path `root` and what comes below it."""

    def __init__(
        self, sftp: paramiko.SFTPClient, root: str, again: Callable[[], paramiko.SFTPClient]
    ) -> None:
        """`again` opens another SFTP session: to clean up where this one was cut off."""
        self._sftp = sftp
        self._root = root
        self._again = again

    def path(self, relative: str) -> str:
        """Where `relative` is there."""
        return posixpath.join(self._root, relative) if relative else self._root

    def make_folder(self, relative: str) -> None:
        """Make a folder for its owner only, or take the one that is there. Raises `OSError` for anything else there."""
        path = self.path(relative)
        try:
            self._sftp.mkdir(path, PRIVATE_FOLDER)
        except OSError:
            there = status_of(self._sftp, path)
            if there is None or not stat.S_ISDIR(there.st_mode or 0):
                raise

    def finish_folder(self, item: Item) -> None:
        """Give a folder its mode and time, when all is in it."""
        path = self.path(item.relative)
        if item.mode is not None:
            self._sftp.chmod(path, item.mode)
        if item.modified is not None:
            self._sftp.utime(path, (item.modified, item.modified))

    def make_link(self, item: Item, *, overwrite: bool) -> None:
        """Make a symbolic link. Raises `OSError` where something is there, unless it may be replaced."""
        path = self.path(item.relative)
        if overwrite:
            with contextlib.suppress(FileNotFoundError):
                self._sftp.remove(path)
        self._sftp.symlink(item.link, path)

    @contextlib.contextmanager
    def writing(self, item: Item, *, overwrite: bool) -> Iterator[paramiko.SFTPFile]:
        """A new file to write to. It gets its name, mode and time when the block is done, else it is removed.

        Raises `FileExistsError` where its name is taken and may not be replaced.
        """
        path = self.path(item.relative)
        waiting = posixpath.join(posixpath.dirname(path), waiting_name())
        try:
            with self._sftp.open(waiting, "wx") as file:
                file.chmod(PRIVATE_FILE)  # SFTP 3 cannot say it when opening: before there is content, then
                yield file
                size = file.stat().st_size
                if size != item.size:
                    raise SshError(
                        f"{path} arrived with {size} bytes instead of {item.size}.",
                        todo="Nothing of it was kept. Try again.",
                    )
                if item.mode is not None:
                    file.chmod(item.mode)
                if item.modified is not None:
                    file.utime((item.modified, item.modified))
            self._move(waiting, path, overwrite=overwrite)
        except BaseException:
            self._forget(waiting)
            raise

    def _move(self, waiting: str, path: str, *, overwrite: bool) -> None:
        if not overwrite:
            # OpenSSH's server does not rename over a file, whatever POSIX says; others may.
            if self._is_taken(path):
                raise FileExistsError(path)
            self._sftp.rename(waiting, path)
            return
        try:
            self._sftp.posix_rename(waiting, path)
        except OSError as error:
            if error.errno is not None or not self._is_taken(path):  # it knows the request, and refuses
                raise
            self._exchange(waiting, path)

    def _exchange(self, waiting: str, path: str) -> None:
        """For a server that cannot rename over a file: the old one is kept until the new one is in its place."""
        aside = f"{waiting}.old"
        self._sftp.rename(path, aside)
        try:
            self._sftp.rename(waiting, path)
        except BaseException:
            self._sftp.rename(aside, path)
            raise
        self._sftp.remove(aside)

    def _is_taken(self, path: str) -> bool:
        try:
            self._sftp.lstat(path)
        except FileNotFoundError:
            return False
        return True

    def _forget(self, waiting: str) -> None:
        """Remove what is not complete, by another session where this one is at its end."""
        from paramiko.ssh_exception import SSHException

        try:
            self._sftp.remove(waiting)
        except FileNotFoundError:
            return
        except (OSError, EOFError, SSHException):
            with contextlib.suppress(OSError, EOFError, SSHException, SshError):
                sftp = self._again()
                try:
                    sftp.remove(waiting)
                finally:
                    sftp.close()
