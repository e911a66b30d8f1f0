"""One running Terraform: its two pipes, one clean way to stop it, and no orphan whatever happens to us.

Terraform stops cleanly on the first SIGINT (it ends what it is doing, saves the state, gives the lock back)
and dies on the second, which can lose the state. So the signal is sent once, and Terraform runs in a
session of its own where a terminal's ctrl+c does not reach it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KILL_AFTER = 10.0
"""Seconds that Terraform gets to end once its cloud is gone for good."""

ABANDON_AFTER = 30
"""Seconds that it gets after our own death, where its cloud may have ended with us: it would go on asking a
cloud that is not there.
"""

GUARD = """
while read -r word; do
  case $word in done) exit 0;; told) told=1;; esac
done
[ "$told" ] || kill -INT "$1"
[ "$2" ] && { (sleep "$2" && kill -KILL "-$1") >/dev/null 2>&1 & killer=$!; }
cat <&1 >/dev/null & reader=$!
cat <&2 >/dev/null
wait "$reader"
[ "$killer" ] && kill "$killer"
"""
"""A small shell beside Terraform. When our end of its input closes without `done`, we died: it tells
Terraform to stop (unless that was told already) and keeps reading the pipes, without which Terraform's next
word would kill it before its state is saved. The pipes' reading ends are its 1 and 2, because a POSIX shell
need not know numbers above 9. With seconds as its second argument it kills what has not ended by then."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that Terraform said; `error` where it was on stderr."""

    text: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Terraform was just told to stop, because `reason`."""

    reason: str


class TerraformProcess:
    """Runs one command. Use as a context manager: leaving it early stops Terraform cleanly and waits for
    its end.
    """

    def __init__(
        self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str], *, lasting: bool = True
    ) -> None:
        """Start `arguments` in `folder` with exactly `environ`. Raises `KubeplatError` where it does not
        start. The cloud that is worked on is `lasting` where it outlives us.
        """
        self._abandon_after = "" if lasting else str(ABANDON_AFTER)
        self._queue: queue.SimpleQueue[Line | Told | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._told = False
        self._killer: threading.Timer | None = None
        self.killed = False
        try:
            self._process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell's text
                list(arguments),
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            raise KubeplatError(
                f"{arguments[0]} could not be started in {folder}.",
                why=f"{error.strerror or error}.",
                todo="Check that it is there and may be executed, then try again.",
            ) from error
        self._guard = self._start_guard()
        self._readers = [
            threading.Thread(target=self._read, args=(self._stdout, False), daemon=True),
            threading.Thread(target=self._read, args=(self._stderr, True), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        """The running process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it cleanly where it still runs, wait for its end, and give its pipes back."""
        if self._process.poll() is None:
            self.interrupt("the work was abandoned")
        self.wait()

    def lines(self) -> Iterator[Line | Told]:
        """What it says, as it says it, until it has closed both pipes."""
        open_pipes = len(self._readers)
        while open_pipes:
            item = self._queue.get()
            if item is None:
                open_pipes -= 1
            else:
                yield item

    def interrupt(self, reason: str) -> None:
        """Ask it to stop cleanly. Only the first call sends the signal; safe from any thread."""
        with self._lock:
            if self._told or self._process.poll() is not None:
                return
            self._told = True
            self._write_to_guard("told")
            self._process.send_signal(signal.SIGINT)
        self._queue.put(Told(reason))

    def give_up(self, reason: str) -> None:
        """Ask it to stop, and kill it and its providers where it does not end soon: nothing can be saved
        any more.
        """
        self.interrupt(reason)
        with self._lock:
            if self._killer is None and self._process.poll() is None:
                self._killer = threading.Timer(KILL_AFTER, self._kill)
                self._killer.daemon = True
                self._killer.start()

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        for reader in self._readers:
            reader.join()
        with self._lock:
            if self._killer is not None:
                self._killer.cancel()
            self._write_to_guard("done")
        code = self._process.wait()
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        self._guard.wait()
        self._stdout.close()
        self._stderr.close()
        return code

    @property
    def _stdout(self) -> IO[bytes]:
        return self._pipe(self._process.stdout)

    @property
    def _stderr(self) -> IO[bytes]:
        return self._pipe(self._process.stderr)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None, "made with a pipe"  # noqa: S101 - tells the type checker what Popen was asked for
        return pipe

    def _start_guard(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", GUARD, "terraform-guard", str(self._process.pid), self._abandon_after],
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,
            cwd="/",
        )

    def _write_to_guard(self, word: str) -> None:
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            with contextlib.suppress(OSError):
                self._guard.stdin.write(f"{word}\n".encode())
                self._guard.stdin.flush()

    def _read(self, pipe: IO[bytes], error: bool) -> None:
        for line in pipe:
            self._queue.put(Line(line.decode(errors="replace"), error=error))
        self._queue.put(None)

    def _kill(self) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self.killed = True
