"""The processes of the machines: found by their home, ended with it.

Whatever a shell starts inherits HOME, also what makes itself a daemon (tmux's server). A process that was
given another HOME is ended only with its session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 20
"""A process may start another while we look; each round ends those that are left."""


def end_all(folder: Path) -> None:
    """Kill every process of this user whose HOME is `folder` or below it."""
    for _ in range(ROUNDS):
        found = list(at_home(folder))
        if not found:
            return
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def at_home(folder: Path) -> Iterator[int]:
    """The living processes of this user whose HOME is `folder` or below it, by their ids."""
    if not Path("/proc/self/environ").exists():
        yield from _by_ps(folder)
        return
    home = b"\0HOME=" + os.fsencode(folder)
    for entry in os.scandir("/proc"):
        # One that ended meanwhile, or is another user's, cannot be read; the environment of one that ended and
        # that nobody has waited for is empty.
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == os.getuid():
                environment = b"\0" + Path(entry.path, "environ").read_bytes()
                if home + b"\0" in environment or home + b"/" in environment:
                    yield int(entry.name)


def _by_ps(folder: Path) -> Iterator[int]:
    # macOS has no /proc; its ps can append the environment to the command.
    command = ["/bin/ps", "-Eww", "-U", str(os.getuid()), "-o", "pid=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")  # noqa: S603
    for line in listed.stdout.splitlines():
        number, _, rest = line.strip().partition(" ")
        if number.isdigit() and (f" HOME={folder} " in f"{rest} " or f" HOME={folder}/" in rest):
            yield int(number)
