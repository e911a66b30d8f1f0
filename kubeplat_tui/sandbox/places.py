"""Where the sandbox keeps its few files: below `STATE/sandbox`, readable by their owner only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_PATH_LIMIT = 103
"""The longest path a Unix socket can have everywhere: `sun_path` is 104 bytes on macOS (108 on Linux), with
its NUL.
"""

LONGEST_SOCKET = "i-0123456789abcdef0/tmux-4294967295/default"
"""The longest name below `Places.sockets` that somebody makes."""

POLL = 0.05


class LockBusyError(KubeplatError):
    """Somebody else held the lock the whole time."""


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one sandbox. None of them says that it runs: only an answer at the control socket does."""

    folder: Path

    @classmethod
    def of(cls, state: Path) -> Places:
        """The files of the sandbox of the state folder `state` (not created)."""
        return cls(state.absolute() / "sandbox")

    @property
    def log(self) -> Path:
        """What the child has to say."""
        return self.folder / "aws.log"

    @property
    def start_lock(self) -> Path:
        """Held by the front end that is starting a child."""
        return self.folder / "start.lock"

    @property
    def child_lock(self) -> Path:
        """Held by the child as long as it lives; its text is the child's process id and container."""
        return self.folder / "child.lock"

    @property
    def machines(self) -> Path:
        """The folders of the simulated machines."""
        return self.folder / "machines"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self._for_sockets("control") / "control"

    @property
    def sockets(self) -> Path:
        """One folder a machine, for what listens there: forwarded SSH agents, tmux."""
        return self._for_sockets(f"sockets/{LONGEST_SOCKET}") / "sockets"

    @property
    def elsewhere(self) -> Path:
        """A folder for sockets in the temporary folder, where the state folder's own path is too long."""
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"kubeplat-{os.getuid()}-{digest}"

    def _for_sockets(self, longest: str) -> Path:
        fits = len(os.fsencode(self.folder / longest)) <= SOCKET_PATH_LIMIT
        return self.folder if fits else self.elsewhere

    def make(self) -> None:
        """Make the folders. Raises `KubeplatError` where they cannot be made or are not ours alone."""
        for folder in (self.folder, self.control.parent):
            own_folder(folder)


def own_folder(folder: Path) -> None:
    """Make `folder`, for us alone. Raises `KubeplatError` where that cannot be done, or it is another's.

    The temporary folder is everybody's: one who made ours first could read what goes through it.
    """
    private_folder(folder)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid != os.getuid():
        raise KubeplatError(
            f"{folder} does not belong to you.",
            why="The sandbox would be controlled through it.",
            todo="Remove it, or set TMPDIR or XDG_STATE_HOME to a folder of your own.",
        )


@contextlib.contextmanager
def locked(path: Path, *, seconds: float, text: str = "") -> Iterator[None]:
    """Hold the lock file `path` (flock: a killed process gives it back), with `text` in it.

    Raises `LockBusyError` after `seconds`, `KubeplatError` where the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        _flock(descriptor, path, time.monotonic() + seconds)
        try:
            os.truncate(descriptor, 0)
            os.write(descriptor, text.encode())
        except OSError as error:
            raise cannot_write(path, error) from error
        yield
    finally:
        os.close(descriptor)


def _flock(descriptor: int, path: Path, deadline: float) -> None:
    pause = threading.Event()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                pause.wait(POLL)
                continue
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
            raise LockBusyError(
                f"{path} is held by another process{f' ({holder})' if holder else ''}.",
                why="A sandbox is being started or stopped, or one hangs, here or in a container.",
                todo="Try again; if this stays, end that process.",
            ) from None
        else:
            return
