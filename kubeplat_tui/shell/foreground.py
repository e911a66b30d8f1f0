"""A program that has the person's terminal until it ends: a shell, kubectl, Terraform's console, a manual page."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import sys
import termios
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program (POSIX, Exit Status for Commands)."""

LEFT_TO_IT = (signal.SIGINT, signal.SIGQUIT)
"""The terminal sends these to the program as well: what they mean is its affair."""

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def program(name: str, environ: Mapping[str, str], todo: str = "") -> str:
    """The path of the program `name`, by the PATH of `environ`. Raises `InputError` where there is none."""
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    if found is None:
        raise InputError(
            f"{name} was not found on PATH, or may not be executed.",
            todo=todo or "Install it, or name it by its path.",
        )
    return found


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    hangs_up: bool = False,
    heard: Callable[[int], None] = lambda _: None,
) -> int:
    """Run a program with our terminal and streams until it ends; its exit code, 128 and the number for a signal.

    Only in the main thread. The terminal is given back as it was. SIGTERM and SIGHUP are passed on, with `hangs_up`
    as SIGHUP: an interactive shell ignores the other; `heard` is told of them, for they were meant for us, too.
    Raises `InputError` where there is no such program, `KubeplatError` where it cannot be started.
    """
    path = program(arguments[0], environ)
    with _terminal_given_back(), _Signals(heard, hangs_up=hangs_up) as signals:
        try:
            process = os.posix_spawn(path, list(arguments), dict(environ))
        except OSError as error:
            raise KubeplatError(
                f"{path} could not be started.",
                why=f"{error.strerror or error}.",
                todo="Check that it is a program for this computer.",
            ) from error
        signals.started(process)
        return _code(_ended(process, signals))


def hung_up() -> bool:
    """Whether our terminal is gone. Who is not in its foreground, as under a shell, gets no SIGHUP of that."""
    try:
        termios.tcgetattr(_input())
    except termios.error:
        return True
    except (OSError, ValueError):  # there was none
        return False
    return False


def _input() -> int:
    """The descriptor of our standard input, whatever reads from it now; -1 where there is none."""
    return sys.__stdin__.fileno() if sys.__stdin__ is not None else -1


def _ended(process: int, signals: _Signals) -> int:
    """Wait for its end. One that stops itself (`suspend` in a shell) goes on: nobody could tell it to."""
    while True:
        changed, status = os.waitpid(process, os.WUNTRACED | os.WNOHANG)
        if not changed:
            signals.wait()
        elif os.WIFSTOPPED(status):
            os.kill(process, signal.SIGCONT)
        else:
            return status


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return BY_SIGNAL - code if code < 0 else code


class _Signals:
    """Hears signals while the program runs. A handler is not inherited by it, as an ignored signal would be.

    Where there are several threads, the system may wake another one than the main one, and a `waitpid` there would
    sleep on. So the main thread waits for the descriptor that Python writes to at every signal (set_wakeup_fd), the
    child's own end (SIGCHLD) included.
    """

    def __init__(self, heard: Callable[[int], None], *, hangs_up: bool) -> None:
        self._process = 0
        self._heard = heard
        self._early: list[int] = []
        self._hangs_up = hangs_up
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._wakes_before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._hear)
        for number in (*LEFT_TO_IT, *PASSED_ON):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakes_before)
        self._woken.close()
        self._waker.close()

    def wait(self) -> None:
        """Until a signal came, also one that came since the last time."""
        select.select([self._woken], [], [])
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(1024):
                pass

    def started(self, process: int) -> None:
        """The program is there: what was heard until now is for it, too."""
        self._process = process
        while self._early:
            self._pass_on(self._early.pop())

    def _hear(self, number: int, _: FrameType | None) -> None:
        if number in PASSED_ON:
            self._heard(number)
            self._early.append(number)
            if self._process:
                self.started(self._process)

    def _pass_on(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGHUP if self._hangs_up else number)


@contextlib.contextmanager
def _terminal_given_back() -> Iterator[None]:
    """A shell takes the terminal for its own process group; killed, it would not give it back."""
    try:
        descriptor = _input()
        group = os.tcgetpgrp(descriptor)
        settings = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):  # no terminal, or not ours
        yield
        return
    try:
        yield
    finally:
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            with contextlib.suppress(OSError, termios.error):  # hung up
                os.tcsetpgrp(descriptor, group)
                termios.tcsetattr(descriptor, termios.TCSADRAIN, settings)
        finally:
            signal.signal(signal.SIGTTOU, before)
