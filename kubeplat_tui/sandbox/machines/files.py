"""A machine's files over SFTP (draft-ietf-secsh-filexfer-02): real ones, relative names in the machine's folder.

Absolute names are the computer's own, as they are in the machine's shell.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
from typing import TYPE_CHECKING, Any, TypeVar

import paramiko
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_PERMISSION_DENIED

from kubeplat_tui.sandbox.machines.streams import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paramiko import SFTPAttributes

    from kubeplat_tui.sandbox.machines.machine import Machine

    Answer = TypeVar("Answer")

CODES = {
    errno.ENOENT: SFTP_NO_SUCH_FILE,
    errno.ENOTDIR: SFTP_NO_SUCH_FILE,
    errno.EACCES: SFTP_PERMISSION_DENIED,
    errno.EPERM: SFTP_PERMISSION_DENIED,
}


class FileServer(paramiko.SFTPServer):
    """The subsystem. At its end it says that all went well, as sshd does."""

    def finish_subsystem(self) -> None:
        """Send the exit code before the channel closes; close the files, also where the client is gone."""
        left = list(self.file_table.values())
        with contextlib.suppress(*TROUBLE):
            if self.sock is not None:
                self.sock.send_exit_status(0)
            super().finish_subsystem()
        for file in left:
            file.close()


def answered(call: Callable[..., Answer]) -> Callable[..., Answer | int]:
    """Answer an `OSError` with SFTP's code for it."""

    @functools.wraps(call)
    def answer(*arguments: Any) -> Answer | int:
        try:
            return call(*arguments)
        except OSError as error:
            return CODES.get(error.errno or 0, SFTP_FAILURE)

    return answer


class OpenFile(paramiko.SFTPHandle):
    """A file that the client has open."""

    def __init__(self, descriptor: int, flags: int) -> None:
        super().__init__(flags)
        self._descriptor = descriptor
        self._appends = bool(flags & os.O_APPEND)

    def close(self) -> None:
        """Close it; once more does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    @answered
    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; b"" at the end."""
        return os.pread(self._descriptor, length, offset)

    @answered
    def write(self, offset: int, data: Any) -> int:
        """All of `data` at `offset`; at the end of a file that was opened to append."""
        rest = memoryview(data)
        while rest:
            descriptor = self._descriptor
            done = os.write(descriptor, rest) if self._appends else os.pwrite(descriptor, rest, offset)
            offset, rest = offset + done, rest[done:]
        return SFTP_OK

    @answered
    def stat(self) -> SFTPAttributes:
        """What the file is now."""
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor))

    @answered
    def chattr(self, attr: SFTPAttributes) -> int:
        """Change what `attr` has."""
        return change(self._descriptor, attr)


class Files(paramiko.SFTPServerInterface):
    """What a client can do with files."""

    def __init__(self, server: paramiko.ServerInterface, machine: Machine) -> None:
        super().__init__(server)
        machine.make_folders()
        self._folder = machine.folder

    @answered
    def open(self, path: str, flags: int, attr: SFTPAttributes) -> paramiko.SFTPHandle:
        """Open, and make where `flags` say so."""
        mode = 0o666 if attr.st_mode is None else attr.st_mode & 0o7777
        return OpenFile(os.open(self._path(path), flags | os.O_CLOEXEC, mode), flags)

    @answered
    def list_folder(self, path: str) -> list[SFTPAttributes]:
        """Everything in a folder, with what each is."""
        entries = []
        with os.scandir(self._path(path)) as found:
            for entry in found:
                # A name that is not UTF-8 cannot be said in this protocol's text: it is shown with marks.
                name = os.fsencode(entry.name).decode(errors="replace")
                entries.append(paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), name))
        return entries

    @answered
    def stat(self, path: str) -> SFTPAttributes:
        """What `path` is, behind links."""
        return paramiko.SFTPAttributes.from_stat(self._path(path).stat())

    @answered
    def lstat(self, path: str) -> SFTPAttributes:
        """What `path` itself is."""
        return paramiko.SFTPAttributes.from_stat(self._path(path).lstat())

    @answered
    def remove(self, path: str) -> int:
        """Remove a file."""
        self._path(path).unlink()
        return SFTP_OK

    @answered
    def rename(self, oldpath: str, newpath: str) -> int:
        """Rename, but never over another file."""
        if os.path.lexists(self._path(newpath)):
            return SFTP_FAILURE
        self._path(oldpath).rename(self._path(newpath))
        return SFTP_OK

    @answered
    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """Rename, over another file as well (posix-rename@openssh.com)."""
        self._path(oldpath).replace(self._path(newpath))
        return SFTP_OK

    @answered
    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        """Make a folder."""
        self._path(path).mkdir(0o777 if attr.st_mode is None else attr.st_mode & 0o7777)
        return SFTP_OK

    @answered
    def rmdir(self, path: str) -> int:
        """Remove an empty folder."""
        self._path(path).rmdir()
        return SFTP_OK

    @answered
    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        """Change what `attr` has."""
        return change(self._path(path), attr)

    @answered
    def readlink(self, path: str) -> str:
        """Where a link points."""
        return str(self._path(path).readlink())

    @answered
    def symlink(self, target_path: str, path: str) -> int:
        """Make a link at `path`."""
        self._path(path).symlink_to(target_path)
        return SFTP_OK

    def canonicalize(self, path: str) -> str:
        """The absolute name of `path`, which need not exist."""
        return os.path.realpath(self._path(path))

    def _path(self, path: str) -> Path:
        return self._folder / path


def change(file: Path | int, attr: SFTPAttributes) -> int:
    """Change size, mode, times and owner as far as `attr` has them. Raises `OSError`."""
    if attr.st_size is not None:
        os.truncate(file, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(file, attr.st_mode & 0o7777)  # noqa: PTH101 - `file` may be a descriptor
    if attr.st_atime is not None and attr.st_mtime is not None:
        os.utime(file, (attr.st_atime, attr.st_mtime))
    if attr.st_uid is not None and attr.st_gid is not None:
        os.chown(file, attr.st_uid, attr.st_gid)
    return SFTP_OK
