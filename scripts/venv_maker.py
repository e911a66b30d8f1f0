"""Make a private virtual environment for this checkout.

    python3 scripts/venv_maker.py CHECKOUT FOLDER CONSTRAINTS [EXTRA...]

`launch.sh` runs this with the user's Python when FOLDER is missing or unfinished; nothing outside FOLDER and
its parent (the cache folder) is written. CONSTRAINTS is a file of pins in the checkout. With extras, what
pyproject.toml asks for is installed under those pins, and the checkout itself becomes importable; with none,
the pins themselves are installed. FOLDER holds `ready` once it is complete. Only the standard library is
used: there is nothing else yet.

Exit status: 0 made (or just made by another process), 1 failed (it says why), 130 interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

TICK_SECONDS = 0.2

UNREACHABLE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ProxyError",
    "Connection refused",
)
"""What pip's log holds when the package index could not be reached."""


class SetUpError(Exception):
    """The sentence to end with."""


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    checkout: Path
    folder: Path
    constraints: Path
    extras: tuple[str, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def mark(self) -> Path:
        """The file that says that everything is in place."""
        return self.folder / "ready"

    @property
    def ready(self) -> bool:
        """Whether nothing is to do; an interpreter that is gone (after an upgrade) leaves a dead link."""
        return self.mark.is_file() and os.access(self.python, os.X_OK)

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")

    @property
    def family(self) -> str:
        """The same for every environment that this one replaces: same checkout, same purpose."""
        return "\n".join([str(self.checkout), self.constraints.name, *self.extras])


def requirements(checkout: Path, extras: Sequence[str]) -> list[str]:
    """What `checkout`'s pyproject.toml asks for, extras included. KeyError for an unknown extra."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return wanted


class Progress:
    """Says on standard error what is being done: one moving line on a terminal, a line a stage elsewhere."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def stage(self, text: str) -> None:
        if not self.live:
            print(f"kubeplat: {text}", file=sys.stderr, flush=True)

    def tick(self, text: str) -> None:
        if self.live:
            seconds = time.monotonic() - self.started
            line = f"kubeplat: {text}"[: shutil.get_terminal_size().columns - 8]
            print(f"\r\033[K{line} {seconds:3.0f} s", end="", file=sys.stderr, flush=True)

    def done(self, text: str = "") -> None:
        if self.live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        if text:
            print(f"kubeplat: {text}", file=sys.stderr, flush=True)


def make(order: Order, progress: Progress) -> None:
    """Make the environment, unless another process made it while this one waited for its turn."""
    order.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with one_at_a_time(order.folder.parent / "set-up.lock", progress) as lock:
        if order.ready:
            return
        if order.folder.exists():
            progress.stage("Clearing away an unfinished set-up.")
            shutil.rmtree(order.folder)
        progress.stage("First start: making a private Python environment.")
        progress.tick("First start: making a private Python environment")
        make_empty(order)
        install(order, progress, lock)
        if order.extras:
            make_importable(order)
        order.mark.touch()
        remove_replaced(order)
    progress.done(f"Ready after {time.monotonic() - progress.started:.0f} s.")


@contextlib.contextmanager
def one_at_a_time(path: Path, progress: Progress) -> Iterator[int]:
    """Hold the lock of the cache folder. The kernel gives it back however this process ends.

    Gives the lock's file descriptor: a child that inherits it keeps the lock for as long as it lives.
    """
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.stage("Waiting for another set-up to finish.")
            progress.tick("Waiting for another set-up to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def make_empty(order: Order) -> None:
    """An environment with nothing but pip in it, on the real interpreter behind any shim or symbolic link."""
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    order.folder.mkdir(mode=0o700)
    (order.folder / "family").write_text(order.family, "utf-8")
    (order.folder / "users").mkdir()
    made = subprocess.run(
        [interpreter, "-m", "venv", str(order.folder)],
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        order.log.write_text(made.stdout + made.stderr)
        if "ensurepip" in made.stdout + made.stderr:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetUpError(
                f"The Python at {interpreter} comes without its venv module's parts. Install them (on Debian "
                f"and Ubuntu: sudo apt install python{version}-venv), or name another Python in "
                "KUBEPLAT_PYTHON."
            )
        raise SetUpError(f"The Python environment could not be made. {reason(order.log)}")


def install(order: Order, progress: Progress, lock: int) -> None:
    """Install the packages with pip, its whole output in the log.

    pip holds the lock too: should this process be killed, the next start waits for pip before it clears away.
    """
    command = [str(order.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--no-color"]
    if order.extras:
        command += ["--constraint", str(order.constraints), *requirements(order.checkout, order.extras)]
    else:
        command += ["--requirement", str(order.constraints)]
    progress.stage("Fetching the pinned packages.")
    with order.log.open("w+b") as log:
        pip = subprocess.Popen(
            command,
            env=clean_environ(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
        )
        try:
            watch(pip, order.log, progress)
        except BaseException:
            pip.kill()
            pip.wait()
            raise
    if pip.returncode:
        raise SetUpError(f"The packages could not be installed. {reason(order.log)}")


def watch(pip: subprocess.Popen[bytes], log: Path, progress: Progress) -> None:
    """Tell how far pip is until it ends."""
    collected, stage = 0, "Fetching the pinned packages"
    with log.open(encoding="utf-8", errors="replace") as lines:
        ended = False
        while not ended:
            ended = pip.poll() is not None
            for line in lines:
                if line.startswith("Collecting "):
                    collected += 1
                    stage = f"Fetching the pinned packages: {collected} {line.split()[1]}"
                elif line.startswith("Installing collected packages"):
                    stage = f"Installing the packages: {line.count(',') + 1}"
                    progress.stage(f"{stage}.")
            progress.tick(stage)
            with contextlib.suppress(subprocess.TimeoutExpired):
                pip.wait(TICK_SECONDS)


def make_importable(order: Order) -> None:
    """Let the environment import the checkout where it lies, and give it a `kubeplat` command."""
    base = {"base": str(order.folder), "platbase": str(order.folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    (packages / "kubeplat.pth").write_text(f"{order.checkout}\n", "utf-8")
    command = order.folder / "bin" / "kubeplat"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(str(order.python))} -P -m kubeplat_tui "$@"\n', "utf-8")
    command.chmod(0o755)


def remove_replaced(order: Order) -> None:
    """Remove what this environment replaces or what a removed checkout left, unless it is in use."""
    for family in order.folder.parent.glob("venv-*/family"):
        text = family.read_text("utf-8")
        replaced = text == order.family or not Path(text.split("\n", 1)[0]).is_dir()
        folder = family.parent
        if replaced and folder != order.folder and not in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_name(f"{folder.name}.log").unlink(missing_ok=True)


def in_use(folder: Path) -> bool:
    """Whether a process that `launch.sh` started from `folder` (and left a file for there) still runs."""
    return any(user.name.isdecimal() and runs(int(user.name)) for user in (folder / "users").glob("*"))


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clean_environ() -> dict[str, str]:
    """The user's environment without what would send Python or pip elsewhere. Indexes and proxies stay."""
    unwanted = {
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_CONSTRAINT",
    }
    unwanted |= {
        "PIP_REQUIREMENT",
        "PIP_NO_DEPS",
        "PIP_DRY_RUN",
        "PIP_QUIET",
        "PIP_VERBOSE",
        "__PYVENV_LAUNCHER__",
    }
    return {key: value for key, value in os.environ.items() if key not in unwanted}


def reason(log: Path) -> str:
    """Why it failed and what to do, as far as the log tells."""
    text = log.read_text("utf-8", "replace")
    if "No space left on device" in text or "Errno 28" in text or "Disk quota exceeded" in text:
        return f"There is no room left in {log.parent} or the temporary folder: make room and start again."
    if any(sign in text for sign in UNREACHABLE):
        return (
            "The package index cannot be reached: check the network (or the proxy, or pip's index-url) and "
            f"start again. The log is {log}."
        )
    errors = [line.strip() for line in text.splitlines() if line.strip()]
    last = next((line for line in reversed(errors) if line.startswith("ERROR")), errors[-1] if errors else "")
    return f"{last.removeprefix('ERROR: ')} The log is {log}."


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    checkout, folder, constraints, *extras = arguments
    order = Order(Path(checkout), Path(folder), Path(checkout) / constraints, tuple(extras))
    progress = Progress()
    try:
        make(order, progress)
    except KeyboardInterrupt:
        progress.done("Interrupted. The next start begins the set-up again.")
        return 130
    except SetUpError as error:
        progress.done(str(error))
    except OSError as error:
        progress.done(f"{error.filename or order.folder} could not be written: {error.strerror or error}.")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
