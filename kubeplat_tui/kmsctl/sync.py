"""`get --sync`: a folder kept in step with the bucket, deletions too; it knows which files it wrote."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kubeplat_tui.services.events import Stop

RECORD = ".kmsctl.json"
LOCK = ".kmsctl.lock"
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a sync wrote: what it is in the bucket, and how it looked when it was written."""

    bucket: str
    key: str
    etag: str
    size: int
    mtime: int
    """Nanoseconds."""

    def untouched(self, path: Path) -> bool:
        """Whether the file is still there as it was written."""
        try:
            facts = path.lstat()
        except OSError:
            return False
        return (facts.st_size, facts.st_mtime_ns) == (self.size, self.mtime)


class Record:
    """The files that syncs wrote into `root`, by their paths below it; kept beside them for the next one."""

    def __init__(self, root: Path) -> None:
        self._file = root / RECORD
        self._saved = ""
        self.files: dict[str, Written] = {}
        try:
            text = self._file.read_text(encoding="utf-8")
            self.files = {path: Written(**facts) for path, facts in json.loads(text).items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise KubeplatError(
                f"{self._file} cannot be read.",
                why=f"It says which files were synchronized, and so may be removed: {error}.",
                todo="Remove it: then everything is fetched again, and nothing removed.",
            ) from error

    def save(self) -> None:
        """Write it where something changed."""
        text = json.dumps({path: asdict(facts) for path, facts in sorted(self.files.items())}, indent=1)
        if text != self._saved:
            write_private(self._file, text.encode())
            self._saved = text


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the folder: two syncs would remove each other's files. Raises `InputError` where another one does."""
    try:
        descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise cannot_write(root / LOCK, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"Another kmsctl get --sync works on {root}.", todo="End it, or name another --output-dir."
            ) from None
        yield
    finally:
        os.close(descriptor)


def follow(once: Callable[[], None], interval: float, stop: Stop, note: Callable[[str], None]) -> None:
    """Do `once` every `interval` seconds until somebody asks to stop.

    What fails is said, once while it stays the same, and tried again; an `InputError` ends it.
    """
    wake = threading.Event()
    forget = stop.when_requested(wake.set)
    trouble = ""
    try:
        while not stop.requested:
            try:
                once()
                if trouble:
                    note("in step again")
                trouble = ""
            except InputError:
                raise
            except KubeplatError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    note(f"{trouble} Trying again every {interval:g} s.")
            wake.wait(interval)
    finally:
        forget()


def seconds(text: str) -> float:
    """A duration: `30s`, `1m30s`, `2h`, or a number of seconds. Raises `InputError`."""
    found = DURATION.fullmatch(text.strip().lower())
    hours, minutes, rest = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total = hours * 3600 + minutes * 60 + rest
    if total <= 0:
        raise InputError(f"--sync-interval {text} is no duration.", todo="Give one such as 30s or 5m.")
    return total
