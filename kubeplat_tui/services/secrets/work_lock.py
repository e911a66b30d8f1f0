"""One process at a time changes a working copy: the kernel's lock (flock), released however its holder ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.events import now
from kubeplat_tui.services.runs import BusyError, age_words
from kubeplat_tui.services.whereabouts import container, process_words
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 1.0
"""Seconds that a holder is waited for: most hold it for milliseconds."""

POLL = 0.02


class WorkLock:
    """The lock of one working copy. The thread that has it may take it again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._owner: int | None = None

    @contextlib.contextmanager
    def hold(self, doing: str, patience: float | None = None) -> Iterator[bool]:
        """Have the lock while the block runs; `doing` is what others are told. False: this thread had it already.

        Raises `BusyError` that says who has it and since when, after `patience` seconds (None: a moment).
        """
        if self._owner == threading.get_ident():
            yield False
            return
        file = self._open()
        try:
            self._take(file, PATIENCE if patience is None else patience)
            self._sign(file, doing)
            self._owner = threading.get_ident()
            try:
                yield True
            finally:
                self._owner = None
        finally:
            os.close(file)

    def _open(self) -> int:
        private_folder(self._path.parent)
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def _take(self, file: int, patience: float) -> None:
        give_up = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    raise self._busy(os.pread(file, 4096, 0)) from None
                time.sleep(POLL)
            else:
                return

    def _sign(self, file: int, doing: str) -> None:
        """Say in the file who has it. Only for the sentence: on a full disk it stays unsigned."""
        holder = {"pid": os.getpid(), "container": container(), "doing": doing, "since": now().isoformat()}
        with contextlib.suppress(OSError):
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(holder).encode(), 0)

    def _busy(self, text: bytes) -> BusyError:
        holder: Any = None
        with contextlib.suppress(ValueError):
            holder = json.loads(text)
        holder = holder if isinstance(holder, dict) else {}
        age = ""
        with contextlib.suppress(ValueError, TypeError):
            since = datetime.fromisoformat(str(holder.get("since")))
            age = f" since {since:%H:%M} UTC ({age_words((now() - since).total_seconds())} ago)"
        pid, place = holder.get("pid"), holder.get("container") or ""
        ourselves = pid == os.getpid() and place == container()
        who = "This program itself" if ourselves else f"Process {process_words(pid or 'unknown', place)}"
        return BusyError(
            f"The secrets of {self._path.parent.name} are in use on this computer{age}.",
            why=f"{who} is at work there: {holder.get('doing') or 'something'}.",
            todo="Wait for it to end, or stop it there; then try again. Nothing was changed.",
        )
