"""A program in a pseudo-terminal of its own, which shows a machine's terminal: ours, textual-tty, and ssh inside tmux.

What they write is read at once and thrown away, as a quick terminal does, but for the marks that are waited for.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.model import Size
from kubeplat_tui.widgets.terminal.choose import make_core
from kubeplat_tui.widgets.terminal.keys import ExactKeys
from kubeplat_tui.widgets.terminal.view import TerminalView
from tests.screens.widget_app import WidgetApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubeplat_tui.services.ssh.shell import Shell
    from tests.ssh.driving import Place

CHECKOUT = Path(__file__).parents[1]
COLUMNS, ROWS = 160, 45
PATIENCE = 180.0
TEXTUAL_TTY = """\
import sys
from textual.app import App
from textual_tty import Terminal

class Peer(App):
    def compose(self):
        yield Terminal(command=sys.argv[1:])

    def on_mount(self):
        self.query_one(Terminal).focus()

Peer().run()
"""


class Screen:
    """The terminal that a program has: `child` is called in it, in a process of its own, and never returns."""

    def __init__(self, child: Callable[[], None]) -> None:
        self._pid, self._fd = pty.fork()
        if not self._pid:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
                child()
            finally:
                os._exit(0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._tail = b""
        self.written = 0
        """Bytes that the program wrote."""

    def press(self, key: bytes) -> float:
        """Press a key; the time of it."""
        now = time.perf_counter()
        os.write(self._fd, key)
        return now

    def see(self, mark: bytes, within: float = PATIENCE) -> float:
        """Wait until the program drew `mark`; the time of that. Raises `TimeoutError`."""
        until = time.perf_counter() + within
        while (now := time.perf_counter()) < until:
            place = self._tail.find(mark)
            if place >= 0:
                self._tail = self._tail[place + len(mark) :]
                return now
            if select.select([self._fd], [], [], until - now)[0]:
                try:
                    data = os.read(self._fd, 1 << 16)
                except OSError:
                    break
                self.written += len(data)
                self._tail = self._tail[-len(mark) :] + data
        raise TimeoutError(f"{mark!r} was not drawn; the end of what was: {self._tail[-400:]!r}")

    def rest(self, seconds: float) -> None:
        """Go on reading for a while."""
        with contextlib.suppress(TimeoutError):
            self.see(b"\0", seconds)

    def close(self) -> None:
        """End the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)


class ShellApp(WidgetApp):
    """Our view with a shell on a machine, as the SSH screen has it."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._view = TerminalView(make_core(COLUMNS, ROWS, True))
        super().__init__(self._view)

    def on_mount(self) -> None:
        """Begin to read."""
        self._view.focus()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while (data := self._shell.read()) and self._view.put(data):
            pass

    def on_terminal_view_typed(self, event: TerminalView.Typed) -> None:
        """What is typed."""
        self._shell.write(event.data)

    def on_terminal_view_resized(self, event: TerminalView.Resized) -> None:
        """Its size."""
        self._shell.resize(Size(event.columns, event.rows))


@contextlib.contextmanager
def ours(place: Place, command: str) -> Iterator[Screen]:
    """Our view over the SSH service. The connection is made in the program's own process."""

    def child() -> None:
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        ExactKeys.install()
        shell = place.connect().command(command, size=Size(COLUMNS, ROWS))
        ShellApp(shell).run()

    screen = Screen(child)
    try:
        yield screen
    finally:
        screen.close()


@contextlib.contextmanager
def textual_tty(ssh: Sequence[str]) -> Iterator[Screen]:
    """textual-tty with `ssh` in it."""
    python = subprocess.run(
        [CHECKOUT / "scripts" / "textual-tty", "--where"], capture_output=True, text=True, check=True
    ).stdout.strip()
    screen = Screen(lambda: _become([python, "-c", TEXTUAL_TTY, *ssh]))
    try:
        yield screen
    finally:
        screen.close()


@contextlib.contextmanager
def tmux(ssh: Sequence[str]) -> Iterator[Screen]:
    """`ssh` in tmux."""
    program = shutil.which("tmux")
    if program is None:
        raise RuntimeError("tmux is not installed")
    server = [program, "-L", f"kubeplat-benchmark-{os.getpid()}", "-f", os.devnull]
    screen = Screen(
        lambda: _become([*server, "new-session", "-x", str(COLUMNS), "-y", str(ROWS), "--", *ssh])
    )
    try:
        yield screen
    finally:
        subprocess.run([*server, "kill-server"], capture_output=True, check=False)
        screen.close()


def _become(command: Sequence[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name not in {"TMUX", "NO_COLOR"}}
    os.execve(  # noqa: S606 - no shell is wanted
        shutil.which(command[0]) or command[0],
        list(command),
        environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"},
    )
