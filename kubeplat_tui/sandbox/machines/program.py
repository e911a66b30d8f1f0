"""A shell or a command of a session: the process, and the bytes between it and the client's channel."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING

from kubeplat_tui.sandbox.machines import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kubeplat_tui.sandbox.machines.streams import Line
    from kubeplat_tui.sandbox.machines.terminal import Terminal, Window

PIECE = 31 * 1024
"""Bytes that are sent at once: with SSH's own they fit into one message of the bastion's channel around them."""

LAST_PIECES = 32
"""More than a terminal or a pipe can hold."""

PATIENCE = 2.0
"""Seconds between the hang-up and the end of a process that does not care."""

ON_TERMINAL = 'exec <>"$0" >&0 2>&0 && exec "$@"'
"""A session leader without a terminal gets the one it opens as its own: nothing of ours has to run between fork
and exec, where nothing is safe beside other threads.
"""


class Program:
    """A process in a session of its own, on a pseudo-terminal or on pipes, and the threads that feed it.

    It ends by itself, or is hung up when the channel closes. `ended` is called once, from one of the threads,
    with the exit code (negative: the signal).
    """

    def __init__(self, line: Line, ended: Callable[[int], None]) -> None:
        self._line = line
        self._ended = ended
        self._on_terminal = False
        self._input = -1
        self._outputs: dict[int, Callable[[bytes], None]] = {}
        self._lock = threading.Lock()
        # Whoever waits for the process's bytes wakes up when the writing end closes (-1: it has).
        self._over, self._over_write = os.pipe()
        self._users = 2

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        environ: dict[str, str],
        on: Terminal | None,
    ) -> None:
        """Run `command` in `folder`; `carry` is to follow. Raises `OSError` where that cannot be done."""
        try:
            if on is None:
                self._start_on_pipes(command, folder, environ)
            else:
                self._start_on_terminal(command, folder, environ, on)
        except OSError:
            self._wake()
            self._users = 1
            self._leave()
            raise
        for descriptor in {self._input, *self._outputs}:
            os.set_blocking(descriptor, False)

    def carry(self, greeting: str) -> None:
        """Begin to carry bytes, after a `greeting` for the client. Returns at once."""
        works: list[Callable[[], None]] = [lambda: self._run(greeting), self._feed]
        if self._on_terminal:
            works.append(self._wait)
        for work in works:
            threading.Thread(target=work, name="machine-program", daemon=True).start()

    def resize(self, window: Window) -> None:
        """Tell the program that its terminal has another size."""
        with self._lock:
            if self._on_terminal and self._users:
                terminal.resize(self._input, window)

    def hang_up(self) -> None:
        """End it as a lost line does: a hang-up, and after `PATIENCE` a kill. Does not wait."""
        if self._process.poll() is not None:
            return
        self._signal(signal.SIGHUP)
        self._signal(signal.SIGCONT)  # what is stopped hears nothing else
        killer = threading.Timer(PATIENCE, self.kill)
        killer.daemon = True
        killer.start()

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _start_on_pipes(self, command: Sequence[str], folder: Path, environ: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        process = self._process = subprocess.Popen(  # noqa: S603 - the client's own command, in its own shell
            command, cwd=folder, env=environ, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe
        )
        self._input = _taken(process.stdin)
        self._outputs = {
            _taken(process.stdout): self._line.sendall,
            _taken(process.stderr): self._line.sendall_stderr,
        }

    def _start_on_terminal(
        self, command: Sequence[str], folder: Path, environ: dict[str, str], on: Terminal
    ) -> None:
        self._input, theirs = on.open()
        self._on_terminal = True
        self._outputs = {self._input: self._line.sendall}
        try:
            # Their end stays open in the process until the shell there has opened it again.
            self._process = subprocess.Popen(  # noqa: S603 - the client's own command, in its own shell
                ["/bin/sh", "-c", ON_TERMINAL, os.ttyname(theirs), *command],
                cwd=folder,
                env={**environ, "TERM": on.term},
                start_new_session=True,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)

    def _run(self, greeting: str) -> None:
        with contextlib.suppress(OSError):  # the client is gone
            if greeting:
                self._line.sendall(greeting.encode())
            self._carry()
        self._ended(self._process.wait())
        self._leave()

    def _wait(self) -> None:
        # A terminal's end cannot be read where something in the background still has it open (Linux 6.18 says
        # neither that nor anything else): the shell's own end is the session's, as it is for sshd.
        self._process.wait()
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            descriptor, self._over_write = self._over_write, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _carry(self) -> None:
        """Send what the process says, until it has said everything or the session is over."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._over, selectors.EVENT_READ)
            for output, send in self._outputs.items():
                selector.register(output, selectors.EVENT_READ, send)
            left = set(self._outputs)
            while left:
                for key, _ in selector.select():
                    if key.fd == self._over:
                        self._send_last(left)
                        return
                    data = _gathered(key.fd)
                    if data:
                        key.data(data)
                    elif data is not None:
                        selector.unregister(key.fd)
                        left.remove(key.fd)

    def _send_last(self, outputs: set[int]) -> None:
        """Send what is there already."""
        for output in outputs:
            for _ in range(LAST_PIECES):
                if not (data := _gathered(output)):
                    break
                self._outputs[output](data)

    def _feed(self) -> None:
        """Write what the client types, to the end of the channel."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._input, selectors.EVENT_WRITE)
            selector.register(self._over, selectors.EVENT_READ)
            listening = True
            while data := self._line.recv(PIECE):
                # Who closed their input and goes on gets no more; the client need not wait for them.
                listening = listening and self._write(selector, data)
        if not self._on_terminal:
            os.close(self._input)
            self._input = -1
        self._line.wait_closed()
        self._wake()
        self.hang_up()
        self._leave()

    def _write(self, selector: selectors.BaseSelector, data: bytes) -> bool:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                if any(key.fd == self._over for key, _ in selector.select()):
                    return False
            except OSError:
                return False
        return True

    def _signal(self, number: int) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _leave(self) -> None:
        """Let go of the descriptors; the last of the two threads closes them."""
        with self._lock:
            self._users -= 1
            if not self._users:
                for descriptor in {self._over, self._input, *self._outputs} - {-1}:
                    os.close(descriptor)


def _taken(file: IO[bytes] | None) -> int:
    """The descriptor of `file`, which is closed."""
    if file is None:  # never: a pipe was asked for
        raise OSError("no pipe")
    with file:
        return os.dup(file.fileno())


def _gathered(descriptor: int) -> bytes | None:
    """What can be read now, at most `PIECE`; b"" at the end, None where there is nothing after all.

    That happens: an interrupt throws away what a terminal had to say.
    """
    pieces: list[bytes] = []
    room = PIECE
    while room:
        try:
            piece = os.read(descriptor, room)
        except BlockingIOError:
            return b"".join(pieces) or None
        except OSError:  # what Linux says where a terminal's other end has closed
            piece = b""
        if not piece:
            break
        pieces.append(piece)
        room -= len(piece)
    return b"".join(pieces)
