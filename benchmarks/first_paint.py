"""The first paint of the environments screen beside an empty Textual application's, and the memory of both.

Both are started alike, in a pseudo-terminal of 80x24. The clock runs from the start of the process until
as much was written as a whole screen needs; ours is measured a second time until an environment's name
is written. Where a container engine has this checkout's image, the launcher is timed as well, natively and in the
container.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import compared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.result import Result

CHECKOUT = Path(__file__).parents[1]
COLUMNS, ROWS = 80, 24
SCREEN = COLUMNS * ROWS
"""A frame that fills the screen writes at least as many bytes as the screen has places."""

PATIENCE = 30.0
SAMPLES = 11
EMPTY = "from textual.app import App; App().run()"
NAME = "play-benchmark"
LAUNCHER = CHECKOUT / "play.kube"
FIND = 'checkout=$1; . "$1/scripts/launch.sh"; . "$1/scripts/engine.sh"; own_image; find_image "$image"'


@dataclass(frozen=True, slots=True)
class Paint:
    """Seconds until the frame, seconds until `mark`, and the resident memory then, in MB."""

    frame: float
    mark: float
    memory: float


def measure() -> list[Result]:
    """Start both in turns, one unmeasured round first."""
    empty: list[Paint] = []
    ours: list[Paint] = []
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as folder:
        environments = Path(folder)
        (environments / f"{NAME}.tfvars").write_text(f'environment = "{NAME}"\nsandbox = true\n')
        environ = environ_in(environments)
        for _ in range(SAMPLES + 1):
            empty.append(paint([sys.executable, "-c", EMPTY], environ, None))
            ours.append(paint([sys.executable, "-m", "kubeplat_tui"], environ, NAME.encode()))
        launched = _launched(environments)
    empty, ours = empty[1:], ours[1:]
    peer = "empty Textual application"
    frames = [each.frame for each in empty]
    return [
        compared(
            "first paint",
            "environments screen, first frame",
            [each.frame for each in ours],
            frames,
            unit="s",
            peer_name=peer,
            goal="at most 1.5 times",
        ),
        compared(
            "first paint",
            "environments screen, the list filled",
            [each.mark for each in ours],
            frames,
            unit="s",
            peer_name=peer,
        ),
        compared(
            "first paint",
            "memory after it",
            [each.memory for each in ours],
            [each.memory for each in empty],
            unit="MB",
            peer_name=peer,
        ),
        *launched,
    ]


def _launched(environments: Path) -> list[Result]:
    """`play.kube` in the container beside itself on this computer; nothing where there is no image."""
    if not _image():
        return []
    # HOME stays: a rootless engine keeps its images and its settings there.
    environ = dict(os.environ) | environ_in(environments) | {"HOME": os.environ["HOME"]}
    native: list[Paint] = []
    contained: list[Paint] = []
    for _ in range(SAMPLES + 1):
        native.append(paint([str(LAUNCHER), "--native"], environ, NAME.encode(), signal.SIGTERM))
        contained.append(paint([str(LAUNCHER), "--container"], environ, NAME.encode(), signal.SIGTERM))
    return [
        compared(
            "first paint",
            f"play.kube in the container, {what}",
            [of(each) for each in contained[1:]],
            [of(each) for each in native[1:]],
            unit="s",
            peer_name="play.kube, native",
        )
        for what, of in (("first frame", _frame), ("the list filled", _mark))
    ]


def _frame(paint: Paint) -> float:
    return paint.frame


def _mark(paint: Paint) -> float:
    return paint.mark


def _image() -> bool:
    """Whether an engine answers and has the image."""
    return not subprocess.run(
        ["bash", "-c", FIND, "find", str(CHECKOUT)], capture_output=True, check=False
    ).returncode


def paint(
    command: Sequence[str], environ: dict[str, str], mark: bytes | None, end: signal.Signals = signal.SIGKILL
) -> Paint:
    """Start `command` in a pseudo-terminal, watch what it writes, and end it by the signal `end`."""
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        env=environ,
        cwd=CHECKOUT,
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        return _watch(screen, process.pid, began, mark)
    finally:
        process.send_signal(end)
        _drain(screen)
        process.wait()
        os.close(screen)


def _drain(screen: int) -> None:
    """Read until the other side is closed: one that still writes could not end."""
    with contextlib.suppress(OSError):
        while select.select([screen], [], [], PATIENCE)[0] and os.read(screen, 1 << 16):
            pass


def _watch(screen: int, pid: int, began: float, mark: bytes | None) -> Paint:
    written = b""
    frame = 0.0
    while time.monotonic() - began < PATIENCE:
        if not select.select([screen], [], [], 1.0)[0]:
            continue
        written += os.read(screen, 1 << 16)
        now = time.monotonic() - began
        if not frame and len(written) >= SCREEN:
            frame = now
        if frame and (mark is None or mark in written):
            return Paint(frame, now, _memory(pid))
    raise TimeoutError(f"no frame within {PATIENCE:.0f} s: {written[-500:]!r}")


def _memory(pid: int) -> float:
    """Resident memory in MB, as ps tells it in KiB everywhere."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) * 1024 / 1e6


def environ_in(folder: Path) -> dict[str, str]:
    """What a measured program is started with: little, and the environments of `folder`."""
    given = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return given | {
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "KUBEPLAT_ENVIRONMENTS": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
    }
