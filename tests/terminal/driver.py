"""A person at a real terminal: the program runs in tmux, keys go in, what is seen comes out.

Nothing here waits for a time: it looks again until what is awaited is there, or a deadline has passed.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TMUX = shutil.which("tmux")
LOOK_AGAIN = 0.05
PATIENCE = 60.0
"""Seconds; a busy computer starts Python slowly."""


class NotSeenError(AssertionError):
    """What was awaited did not appear; the message holds what was seen instead."""


class Terminal:
    """One program in one tmux server of its own, `columns` by `rows` characters."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        """The program starts at once. Its exit code is on the screen when it has ended."""
        # A socket's path must be short; the test's folder may not be.
        self._socket = f"kubeplat-test-{os.getpid()}-{id(self)}"
        self._folder = folder
        settings = [f"{name}={value}" for name, value in environ.items()]
        # `cat` holds the pane after the program's end, so that what it left behind can be seen.
        program = f'env -i {shlex.join([*settings, *command])}; echo "exit code $?"; exec cat'
        self._tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "test", "-c", str(folder), program
        )

    def screen(self) -> str:
        """What is seen now."""
        return self._tmux("capture-pane", "-p", "-t", "test")

    def press(self, *keys: str) -> None:
        """Press keys, in tmux's names: `Enter`, `Escape`, `C-c`, `b`."""
        self._tmux("send-keys", "-t", "test", *keys)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-t", "test", "-l", text)

    def see(self, *words: str, within: float = PATIENCE) -> str:
        """Wait until all `words` are seen at once; returns the screen."""
        return self.see_if(
            lambda screen: all(word in screen for word in words), ", ".join(words), within=within
        )

    def see_if(self, condition: Callable[[str], bool], what: str, *, within: float = PATIENCE) -> str:
        """Wait until the screen fulfils `condition`; returns it. `what` is for the message."""
        screen = ""

        def seen() -> bool:
            nonlocal screen
            screen = self.screen()
            return condition(screen)

        if not until(seen, within=within):
            raise NotSeenError(f"not seen within {within:.0f} s: {what}\n{screen}")
        return screen

    def fact(self, name: str) -> str:
        """A fact that tmux knows about the terminal, such as `alternate_on`."""
        return self._tmux("display-message", "-p", "-t", "test", f"#{{{name}}}").strip()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-t", "test", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        """End the program, whatever it does."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        assert TMUX is not None
        environ = {name: value for name, value in os.environ.items() if name not in {"TMUX", "TMUX_PANE"}}
        return subprocess.run(
            [TMUX, "-L", self._socket, "-f", os.devnull, *arguments],
            env=environ | {"LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        ).stdout


def until(condition: Callable[[], bool], *, within: float = PATIENCE) -> bool:
    """Look again until `condition` holds; False where it does not within that many seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(LOOK_AGAIN)
    return True


def processes_of(mark: str) -> list[str]:
    """The command lines of the processes that have `mark` in their environment or arguments (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            facts = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if mark.encode() in facts and int(folder.name) != os.getpid():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found
