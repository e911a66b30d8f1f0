"""The container's first process: starts kubeplat as its caller, hands signals on, and ends last.

It gives the user id a name, takes the credentials over from the launcher's folder (where they lie in a file for as
long as this takes), and starts kubeplat in the foreground. It ends with kubeplat's exit status, but only after every
kubeplat and Terraform in the container has ended: the kernel kills what is left when a container's first process ends,
and a killed Terraform leaves its state locked. Where something goes on (a sandbox that is kept), the launcher is told
the exit status at once and leaves.

Only the standard library is used: this comes before the first paint.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping

KUBEPLAT = "/usr/local/bin/kubeplat"
PLATFORM = Path("/platform")
LAUNCHER = Path("/run/kubeplat/launcher")
"""The folder that this container shares with the launcher, where it was started by one."""

SECRETS = "secrets"
"""In the launcher's folder: `NAME=value` for each variable, each ended by a NUL byte."""

LEFT = "left"
"""In the launcher's folder: kubeplat's exit status, written when something else goes on in here."""

HANDED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
SANDBOX = b"kubeplat_tui.sandbox.server"
SHELLS = {"bash", "dash", "sh", "zsh"}
BY_SIGNAL = 128
LINGER = 1.5
"""Seconds that a sandbox gets to end with its last user before the launcher is told that it goes on."""

POLL = 0.1
SIZE_SECONDS = 0.5
"""How long the engine gets to tell the terminal its size."""


def take_secrets(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Put the launcher's secret variables into `environ`, and remove the file at once."""
    path = folder / SECRETS
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    finally:
        path.unlink(missing_ok=True)
    for entry in text.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name:
            environ[os.fsdecode(name)] = os.fsdecode(value)


def name_user(platform: Path, home: Path, name: str) -> None:
    """Give our user id a name where it has none: ssh and git refuse to work for nobody.

    `/var/lib/extrausers`, where libnss-extrausers looks, is a link into `platform`.
    """
    with contextlib.suppress(KeyError):
        pwd.getpwuid(os.getuid())
        return
    folder = platform / ".users"
    with contextlib.suppress(
        OSError
    ):  # a home that cannot be written to: a container that somebody set up by hand
        folder.mkdir(exist_ok=True)
        safe = "".join(letter for letter in name if letter.isalnum() or letter in "._-") or "user"
        (folder / "passwd").write_text(f"{safe}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/bash\n")
        (folder / "group").write_text(f"{safe}:x:{os.getgid()}:\n")


def environment_named(arguments: list[str], environ: Mapping[str, str]) -> str:
    """The environment that kubeplat is started for; "" for none."""
    words = iter(arguments)
    for word in words:
        if word in {"-e", "--environment"}:
            return next(words, "")
        if word.startswith("--environment="):
            return word.partition("=")[2]
        if word == "--playground":
            from kubeplat_tui.services.environments import playground_name

            return playground_name(environ.get("USER", ""))
        if not word.startswith("-"):
            break
    return environ.get("KUBEPLAT_ENVIRONMENT", "")


def make_places(platform: Path, arguments: list[str], environ: Mapping[str, str]) -> None:
    """The places that the original had: the environment's `env.tfvars` and `secrets`."""
    state = Path(environ.get("XDG_STATE_HOME", str(Path.home() / ".local" / "state")))
    name = environment_named(arguments, environ)
    if name:
        (platform / "env.tfvars").symlink_to(platform / "environments" / f"{name}.tfvars")
        (platform / "secrets").symlink_to(state / "kubeplat" / name / "secrets")


def aside(work: Callable[[], None]) -> None:
    """Do `work` in a process of its own, beside kubeplat's start. It fails silently: it is for people's comfort."""
    if os.fork() == 0:
        with contextlib.suppress(Exception):
            work()
        os._exit(0)


def wait_for_size(terminal: int) -> None:
    """An engine may tell the terminal its size a moment after the start; what is drawn before is drawn twice."""
    deadline = time.monotonic() + SIZE_SECONDS
    while os.isatty(terminal) and time.monotonic() < deadline:
        rows, columns = struct.unpack("HHHH", fcntl.ioctl(terminal, termios.TIOCGWINSZ, b"\0" * 8))[:2]
        if rows and columns:
            return
        time.sleep(POLL / 10)


def start(arguments: list[str], terminal: int) -> int:
    """Start kubeplat in a process group of its own, the terminal's foreground; its process id.

    What the terminal's keys send then reaches kubeplat once: from the kernel, and not from here as well.
    """
    child = os.fork()
    if child:
        with contextlib.suppress(PermissionError):  # it has begun already, and did this itself
            os.setpgid(child, child)
        return child
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # no terminal
        os.tcsetpgrp(terminal, os.getpgid(0))
    for number in (*HANDED_ON, signal.SIGTTOU):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.execv(arguments[0], arguments)  # noqa: S606 - an argument list, never a shell's text
    except OSError as error:
        print(f"kubeplat: {arguments[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - nobody else can say it
        os._exit(127)


class First:
    """The first process's work after the start: signals out, ended children in."""

    def __init__(self, child: int, launcher: Path) -> None:
        self._child = child
        self._launcher = launcher
        self._status: int | None = None
        self._ended = 0.0
        self._told = False
        self._stopping = False

    def run(self) -> int:
        """Work until nothing that matters is left; kubeplat's exit status."""
        while True:
            self._reap()
            if self._status is not None:
                left = list(at_work())
                if not left:
                    return self._status
                if self._stopping:
                    stop(left)
                self._tell_launcher()
            # What another process had started tells nobody when it ends.
            heard = signal.sigtimedwait((*HANDED_ON, signal.SIGCHLD), 60 if self._status is None else POLL)
            if heard is not None and heard.si_signo != signal.SIGCHLD:
                self._hand_on(heard.si_signo)

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if process == 0:
                return
            if os.WIFSTOPPED(status):
                send(process, signal.SIGCONT)  # there is no shell in here that could bring it back
            elif process == self._child:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else BY_SIGNAL - code
                self._ended = time.monotonic()

    def _hand_on(self, number: int) -> None:
        if self._status is None:
            send(self._child, number)
            if number in {signal.SIGTERM, signal.SIGHUP}:
                hang_up_shells()
        # A closed window (SIGHUP) ends no sandbox that is kept; a stopped container does.
        self._stopping = self._stopping or number == signal.SIGTERM

    def _tell_launcher(self) -> None:
        if self._told or time.monotonic() - self._ended < LINGER or not self._launcher.is_dir():
            return
        self._told = True
        with contextlib.suppress(OSError):
            unfinished = self._launcher / f".{LEFT}"
            unfinished.write_text(f"{self._status}\n")
            unfinished.replace(self._launcher / LEFT)


def stop(left: list[int]) -> None:
    """Tell the kubeplats to end; the sandbox only when nobody is left whose state is in it. Never Terraform."""
    kubeplats = [process for process in left if not is_terraform(process)]
    users = [process for process in kubeplats if not is_sandbox(process)]
    for process in users or (kubeplats if len(kubeplats) == len(left) else ()):
        send(process, signal.SIGTERM)


def send(process: int, number: int) -> None:
    """Send a signal; a process that has ended meanwhile is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def processes() -> Iterator[int]:
    """Every process of the container but this one."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            yield int(entry.name)


def at_work() -> Iterator[int]:
    """The processes that must end by themselves: every kubeplat, sandbox and Terraform."""
    for process in processes():
        if is_terraform(process) or program(process) == Path(sys.executable).resolve():
            yield process


def is_terraform(process: int) -> bool:
    """Whether it is Terraform or one of its providers: those are told to stop by kubeplat only."""
    return program(process).name.startswith(("terraform", "tofu"))


def is_sandbox(process: int) -> bool:
    """Whether it is a sandbox's own process."""
    with contextlib.suppress(OSError):
        return SANDBOX in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    return False


def program(process: int) -> Path:
    """The file that the process runs; no name where it has ended (or ended and nobody has waited for it yet)."""
    try:
        return Path(f"/proc/{process}/exe").readlink()
    except OSError:
        return Path()


def hang_up_shells() -> None:
    """An interactive shell ignores SIGTERM; SIGHUP ends it, and it hands that on to its jobs."""
    bit = 1 << (signal.SIGTERM - 1)
    for process in processes():
        with contextlib.suppress(OSError, ValueError, StopIteration):
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            ignored = next(line.split()[1] for line in lines if line.startswith("SigIgn:"))
            if int(ignored, 16) & bit and program(process).name in SHELLS:
                send(process, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Be the first process; returns kubeplat's exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (*HANDED_ON, signal.SIGCHLD))
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    take_secrets(LAUNCHER, os.environ)
    name_user(PLATFORM, Path(os.environ.get("HOME", "/")), os.environ.get("USER", ""))
    wait_for_size(0)
    child = start([KUBEPLAT, *arguments], 0)
    aside(lambda: make_places(PLATFORM, arguments, os.environ))
    return First(child, LAUNCHER).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
