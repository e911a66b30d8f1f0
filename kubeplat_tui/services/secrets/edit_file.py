"""A secret in the person's own editor: in a private folder in memory where there is one, wiped when the editor ends.

What editors write beside a file (swap, undo, backup, history) is switched off where that can be asked for
(`editor_command`), and the rest of it lands in the folder, which is the editor's working and temporary one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kubeplat_tui.services.workplace import PRIVATE_FILE, Workplace, cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PREFIX = "kubeplat-edit-"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only ever a folder of our own in it, made by mkdtemp
MOUNTS = Path("/proc/self/mounts")
IN_MEMORY = frozenset({"tmpfs", "ramfs"})

_VIM = ("-n", "-i", "NONE", "-c", "silent! set nobackup nowritebackup noundofile")
_EMACS = (
    "(progn (setq make-backup-files nil auto-save-default nil auto-save-list-file-prefix nil create-lockfiles nil)"
    " (dolist (mode '(savehist-mode recentf-mode desktop-save-mode save-place-mode))"
    " (when (fboundp mode) (funcall mode -1))))"
)
_OPTIONS: dict[str, tuple[str, ...]] = {
    "vi": _VIM,
    "vim": _VIM,
    "nvim": _VIM,
    "view": _VIM,
    "ex": _VIM,
    "gvim": ("-f", *_VIM),
    "nvi": (),
    "nano": ("--restricted",),
    "rnano": (),
    "emacs": ("--eval", _EMACS),
    "micro": ("-backup", "false", "-savehistory", "false", "-saveundo", "false", "-savecursor", "false"),
    "joe": ("-nobackups",),
    "code": ("--wait",),
    "codium": ("--wait",),
    "subl": ("--wait",),
}
"""What an editor is told: to leave nothing behind, and to stay until the file is closed.

Sources: vim(1) and `:help 'undofile'`, nano(1), the Emacs manual ("Backup Files", "Auto Save"), micro's `help options`,
joe(1). Helix and Kakoune keep nothing on the disk.
"""


@dataclass(frozen=True, slots=True)
class EditorCommand:
    """How an editor is started on a file: its arguments, what its environment gets besides, and where it runs."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path


def private_edit(
    data: bytes, name: str, run: Callable[[Path], int], *, environ: Mapping[str, str] | None = None
) -> bytes | None:
    """`data` as `run` leaves it in a private file called `name`; None where it returns another code than 0, or nothing
    was changed.

    The folder is wiped whatever happens; what a killed process left is wiped by the next call. Raises `KubeplatError`
    where there is no place for it.
    """
    remove_leftovers(environ)
    with _private_folder(places(environ)[0]) as folder:
        path = folder / (PurePosixPath(name).name or "file")
        _write(path, data)
        if run(path) != 0:
            return None
        after = _read(path)
        return None if after == data else after


def run_editor(words: Sequence[str], path: Path, environ: Mapping[str, str] | None = None) -> int:
    """Run the editor `words` on `path` until it ends; its exit code. Raises `OSError` where it cannot be started."""
    base = os.environ if environ is None else environ
    command = editor_command(words, path, base)
    return subprocess.run(  # noqa: S603 - the person's own editor
        command.arguments, env={**base, **command.environ}, cwd=command.folder, check=False
    ).returncode


def editor_command(
    words: Sequence[str], path: Path, environ: Mapping[str, str] | None = None
) -> EditorCommand:
    """How the editor `words` is started on the private file `path`, so that nothing of it stays elsewhere."""
    folder = path.parent
    program = _program(words[0], environ or os.environ)
    # A relative path leads from where the person is, not from the private folder.
    first = str(Path(words[0]).absolute()) if "/" in words[0] else words[0]
    return EditorCommand(
        (first, *_OPTIONS.get(program, ()), *words[1:], str(path)),
        {
            "TMPDIR": str(folder),
            "LESSHISTFILE": "-",
            # The original vi keeps a copy for recovery in a folder that all share.
            **({"NEXINIT": f"set recdir={folder} directory={folder}"} if program == "nvi" else {}),
        },
        folder,
    )


def remove_leftovers(environ: Mapping[str, str] | None = None) -> None:
    """Wipe the folders of processes that were killed while they edited."""
    for place in places(environ):
        with contextlib.suppress(OSError):
            for folder in place.glob(f"{_prefix()}*"):
                with contextlib.suppress(OSError), _held(folder) as alone:
                    if alone:
                        wipe(folder)


def places(environ: Mapping[str, str] | None = None) -> list[Path]:
    """Where the folder can be, the best first: in memory, else below the state folder. The last always is one."""
    environ = os.environ if environ is None else environ
    state = Workplace.from_environment(environ).state / "edit"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    found = [Path(runtime)] if runtime and _only_ours(Path(runtime)) else []
    if os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
        found.append(SHARED_MEMORY)
    return [*filter(_in_memory, found), state]


def wipe(folder: Path) -> None:
    """Overwrite every file below with zeros, then remove the folder."""
    for place, folders, names in os.walk(folder):
        for name in folders:
            with contextlib.suppress(OSError):
                (Path(place) / name).chmod(0o700)
        for name in names:
            with contextlib.suppress(OSError):
                _overwrite(Path(place) / name)
    shutil.rmtree(folder, ignore_errors=True)


def _program(word: str, environ: Mapping[str, str]) -> str:
    """Which editor a command is: `vi` is often a link to another (`/etc/alternatives/vi`, then `vim.basic`)."""
    found = shutil.which(word, path=environ.get("PATH"))
    for name in (Path(found).resolve().name if found else "", PurePosixPath(word).name):
        for known in (name, name.partition(".")[0], name.partition("-")[0]):
            if known in _OPTIONS:
                return known
    return ""


@contextlib.contextmanager
def _private_folder(place: Path) -> Iterator[Path]:
    """A new folder for this process alone: held by a lock that ends with it, so that nobody takes it for a leftover."""
    if not place.exists():
        private_folder(place)
    while True:
        try:
            folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=place))
        except OSError as error:
            raise cannot_write(place, error) from error
        with _held(folder) as ours:
            # Another process may have wiped it between these two lines; then there is another one.
            if not ours or not folder.exists():
                continue
            try:
                yield folder
            finally:
                wipe(folder)
            return


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether the folder could be locked, which lasts for the block. Raises `OSError` where it is not ours."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(file).st_uid != os.getuid():
            raise PermissionError(folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _write(path: Path, data: bytes) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(file, "wb") as out:
            out.write(data)
    except OSError as error:
        raise cannot_write(path, error) from error


def _read(path: Path) -> bytes | None:
    """What the editor left; None where it is gone, or no file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(file, "rb") as saved:
        return saved.read() if stat.S_ISREG(os.fstat(file).st_mode) else None


def _overwrite(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(file)
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            os.pwrite(file, bytes(status.st_size), 0)
            os.fsync(file)
    finally:
        os.close(file)


def _prefix() -> str:
    return f"{PREFIX}{os.getuid()}-"


def _only_ours(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077


def _in_memory(folder: Path) -> bool:
    """Whether the folder lies in a memory file system (proc(5), `mounts`: source, place, type)."""
    best, kind = -1, ""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return False
    resolved = folder.resolve()
    for line in lines:
        words = line.split()
        if len(words) < 3:
            continue
        place = Path(words[1].replace("\\040", " "))
        if resolved.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), words[2]
    return kind in IN_MEMORY
