"""A verb of SSH in a process of its own, at a real terminal that a test types at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 20.0


class Typist:
    """`kubeplat ARGUMENTS` at a terminal of 90 by 30. At the end of the block the program is gone."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.screen, self._terminal = os.openpty()
        self.seen = b""
        self.resize(90, 30)
        self.before = self.modes()
        environ = {
            name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ
        }
        self.program = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.ssh_verbs", str(folder), *arguments],
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            cwd=CHECKOUT,
            env=environ
            | {
                "HOME": str(folder),
                "TERM": "xterm-256color",
                "KUBEPLAT_ENVIRONMENT": "demo",
                "LC_ALL": "C.UTF-8",
            },
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.screen)
        os.close(self._terminal)

    def modes(self) -> list[Any]:
        """How the terminal is set (termios)."""
        return termios.tcgetattr(self._terminal)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.screen, keys.encode())

    def see(self, text: str) -> bytes:
        """Wait until `text` was printed; what came before it is not looked at again."""
        wanted = text.encode()
        while wanted not in self.seen:
            if self.program.poll() is not None:
                raise AssertionError(f"it ended, and this was not seen: {text}; but {self.seen!r}")
            self._read(text)
        before, _, self.seen = self.seen.partition(wanted)
        return before

    def end(self) -> int:
        """The exit code; all that was still printed is in `seen`."""
        deadline = time.monotonic() + PATIENCE
        while self.program.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not end: {self.seen!r}")
            with contextlib.suppress(TimeoutError):
                self._read("its end", 0.05)
        with contextlib.suppress(TimeoutError):
            while True:
                self._read("the rest", 0)
        return self.program.returncode

    def _read(self, what: str, patience: float = PATIENCE) -> None:
        if not select.select([self.screen], [], [], patience)[0]:
            raise TimeoutError(f"not seen: {what}; but {self.seen!r}")
        self.seen += os.read(self.screen, 65536)
