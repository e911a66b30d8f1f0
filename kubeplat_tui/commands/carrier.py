"""Carries bytes between this process's streams and a command or a shell on a machine, until that ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.commands.escapes import HELP, Escape, EscapeReader
from kubeplat_tui.commands.signals import EndedBySignal
from kubeplat_tui.services.ssh.model import SshError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from kubeplat_tui.commands.raw_terminal import RawTerminal
    from kubeplat_tui.commands.signals import Signals
    from kubeplat_tui.services.ssh.model import Size
    from kubeplat_tui.services.ssh.shell import Shell, ShellEnd

PIECE = 32_768
"""Bytes read from stdin at once."""

WAITING_LIMIT = 4 << 20
"""Bytes of stdin that may wait for a slow machine before no more are read."""

LOOK_AGAIN = 0.01
"""Seconds after which it is looked again whether the machine has taken what waits."""

WRITTEN_WITHIN = 0.5
"""Seconds that the last output of a connection that is given up gets to be written."""

END_SECONDS = 10.0
"""How long a shell whose output has ended gets to say how it ended."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Three descriptors."""

    stdin: int
    stdout: int
    stderr: int


class LeftError(SshError):
    """The person left the connection by its escape."""


class Carrier:
    """One shell's bytes. With `terminal`, its keys go there raw, the escapes are heard and its size follows."""

    def __init__(
        self, shell: Shell, streams: Streams, signals: Signals, terminal: RawTerminal | None = None
    ) -> None:
        self._shell = shell
        self._streams = streams
        self._signals = signals
        self._terminal = terminal
        self._escapes = EscapeReader()
        self._typing = True
        self._unread = False
        self._pouring = 0
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._changed = False
        self._woken, self._waker = os.pipe()

    def run(self) -> ShellEnd:
        """How the shell ended, once all that it printed is written.

        Raises `LeftError` at the escape, `EndedBySignal` where somebody asked us to end or nobody reads our
        output any more. The shell is closed then.
        """
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        try:
            with self._signals.waking(self._wake), self._woken_by_signals(), self._window_changes():
                self._start(self._shell.read, self._streams.stdout)
                if self._terminal is None:
                    self._start(self._shell.read_error, self._streams.stderr)
                self._carry()
        except BaseException:
            self._shell.close()
            for thread in self._threads:
                thread.join(WRITTEN_WITHIN)
            raise
        finally:
            with self._lock:
                waker, self._waker = self._waker, -1
                os.close(waker)
            os.close(self._woken)
        end = self._shell.wait(END_SECONDS)
        if end is None:
            self._shell.close()
            raise SshError("The machine closed its output and did not say how the command ended.")
        return end

    def _carry(self) -> None:
        while True:
            if self._signals.heard is not None:
                raise EndedBySignal(self._signals.heard)
            if self._unread:
                raise EndedBySignal(signal.SIGPIPE)
            if self._changed:
                self._changed = False
                self._follow_window()
            if self._pouring == 0:
                return
            full = self._shell.waiting > WAITING_LIMIT
            watched = [self._woken] + ([self._streams.stdin] if self._typing and not full else [])
            ready, _, _ = select.select(watched, [], [], LOOK_AGAIN if full else None)
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, PIECE)
            if self._streams.stdin in ready:
                self._hand_on()

    def _hand_on(self) -> None:
        try:
            typed = os.read(self._streams.stdin, PIECE)
        except BlockingIOError:  # somebody else made it so, and was quicker
            return
        except OSError:  # its terminal hung up
            typed = b""
        if not typed:
            self._typing = False
            self._shell.end_input()
        elif self._terminal is None:
            self._send(typed)
        else:
            for meant in self._escapes.take(typed):
                self._obey(meant)

    def _obey(self, meant: bytes | Escape) -> None:
        match meant:
            case Escape.LEAVE:
                raise LeftError("The connection was closed by ~.")
            case Escape.HELP:
                text = f"~?\r\n{HELP}".replace("\r\n", "\n").replace("\n", "\r\n")
                _write(self._streams.stdout, text.encode())
            case _:
                self._send(meant)

    def _send(self, data: bytes) -> None:
        # A command that has ended takes no more input; how it ended is what counts.
        with contextlib.suppress(SshError):
            self._shell.write(data)

    def _start(self, read: Callable[[], bytes], descriptor: int) -> None:
        self._pouring += 1
        # Daemons: one may hang in a write that nobody takes.
        thread = threading.Thread(target=self._pour, args=(read, descriptor), name="output", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pour(self, read: Callable[[], bytes], descriptor: int) -> None:
        try:
            while data := read():
                if self._terminal is not None:
                    self._terminal.left_on.watch(data)
                _write(descriptor, data)
        except OSError:
            self._unread = True
        finally:
            with self._lock:
                self._pouring -= 1
                # Under the lock, so that it is not closed meanwhile and its number somebody else's.
                self._wake()

    def _wake(self) -> None:
        """Also called by the handlers of signals, which run in the thread that closes the pipe."""
        if self._waker >= 0:
            with contextlib.suppress(OSError):  # full is as good as woken
                os.write(self._waker, b"!")

    @contextlib.contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        # Python runs a handler between two of its steps: without this, a signal that comes just before `select`
        # would be heard after it.
        before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    @contextlib.contextmanager
    def _window_changes(self) -> Iterator[None]:
        if self._terminal is None:
            yield
            return
        numbers = (signal.SIGWINCH, signal.SIGCONT)
        before = {number: signal.signal(number, self._window_changed) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _window_changed(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGCONT and self._terminal is not None:
            self._terminal.take()  # the person's shell had it meanwhile
        self._changed = True
        self._wake()

    def _follow_window(self) -> None:
        if self._terminal is not None:
            size: Size = self._terminal.size()
            self._shell.resize(size)


def _write(descriptor: int, data: bytes) -> None:
    """All of `data`, also where somebody made the descriptor non-blocking."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
