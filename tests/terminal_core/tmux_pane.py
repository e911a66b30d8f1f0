"""A pane of a tmux of one's own that is fed bytes and asked what it shows."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.terminal_core.corpus import Capture

if TYPE_CHECKING:
    from types import TracebackType

TMUX = shutil.which("tmux")

# Runs in the pane: writes what it is sent, asks the terminal for a sign of life, and hands back what it answered. The
# sign comes after everything before it was drawn.
_FEEDER = r"""
import os, socket, struct, sys, tty
tty.setraw(0)
link = socket.socket(socket.AF_UNIX); link.connect(sys.argv[1])
def take(count):
    data = b""
    while len(data) < count:
        part = link.recv(count - len(data))
        if not part: raise SystemExit
        data += part
    return data
while True:
    data = take(struct.unpack("!I", take(4))[0])
    wanted, rest, answers = data.count(b"\x1b[5n") + 1, data + b"\x1b[5n", b""
    while rest: rest = rest[os.write(1, rest):]
    while answers.count(b"\x1b[0n") < wanted: answers += os.read(0, 65536)
    link.sendall(struct.pack("!I", len(answers)) + answers)
"""

_FLAGS = (
    "alternate_on", "cursor_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag", "mouse_standard_flag",
    "mouse_button_flag", "mouse_all_flag", "mouse_sgr_flag", "origin_flag", "wrap_flag", "scroll_region_upper",
    "scroll_region_lower", "pane_title",
)  # fmt: skip
_SETTINGS = "set -g status off\nset -g history-limit 10000\nset -g remain-on-exit on\nset -s escape-time 0\n"


class TmuxPane:
    """A context: the tmux lives as long as it, on a socket in a folder that goes with it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._folder = Path(tempfile.mkdtemp(prefix="terminal-core-"))
        self._tmux = [TMUX or "tmux", "-S", str(self._folder / "tmux"), "-f", str(self._folder / "settings")]
        (self._folder / "settings").write_text(_SETTINGS)
        listener = socket.socket(socket.AF_UNIX)
        listener.settimeout(20)
        listener.bind(str(self._folder / "link"))
        listener.listen(1)
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "SHELL": "/bin/sh", "HOME": str(self._folder),
        }  # fmt: skip
        try:
            subprocess.run(
                [*self._tmux, "-u", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-n", "pane",
                 sys.executable, "-I", "-S", "-c", _FEEDER, str(self._folder / "link")],
                check=True, env=environment, cwd=self._folder, timeout=20,
            )  # fmt: skip
            self._link, _ = listener.accept()
            self._link.settimeout(20)
            self.feed(b"\x1b]2;machine\x07")  # a pane's first title is the computer's name
        except BaseException:
            self._stop()
            raise
        finally:
            listener.close()

    def __enter__(self) -> TmuxPane:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()
        self._stop()

    def _stop(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def version() -> tuple[int, ...]:
        """Its version's numbers: (3, 3) for `tmux 3.3a`."""
        output = subprocess.run(
            [TMUX or "tmux", "-V"], check=True, capture_output=True, timeout=20
        ).stdout.decode()
        return tuple(map(int, re.findall(r"\d+", output)))

    def feed(self, data: bytes) -> bytes:
        """Draw the bytes; returns what tmux answered."""
        self._link.sendall(struct.pack("!I", len(data)) + data)
        (length,) = struct.unpack("!I", self._take(4))
        return self._take(length).removesuffix(b"\x1b[0n")

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._link.recv(count - len(data))
            if not part:
                msg = "the program in the pane ended"
                raise ConnectionError(msg)
            data += part
        return data

    def capture(self) -> Capture:
        """What the pane shows now."""
        numbers = "#{history_size} #{cursor_x} #{cursor_y}"
        flags = "\t".join(f"#{{{flag}}}" for flag in _FLAGS)
        output = subprocess.run(
            [*self._tmux, "display-message", "-p", f"{numbers}\t{flags}", ";",
             "capture-pane", "-p", "-e", "-N", "-S", "-"],
            check=True, capture_output=True, timeout=20,
        ).stdout.decode()  # fmt: skip
        head, _, text = output.partition("\n")
        numbers, *values = head.split("\t")
        history, x, y = map(int, numbers.split())
        return Capture(
            tuple(text.removesuffix("\n").split("\n")),
            history,
            (x, y),
            dict(zip(_FLAGS, values, strict=True)),
        )

    def show(self, data: bytes) -> Capture:
        """Draw the bytes and capture."""
        self.feed(data)
        return self.capture()

    def fill(self) -> tuple[str, ...]:
        """Write into the last column of every row and capture the screen. The pane is of no use afterwards."""
        places = "".join(f"\x1b[{row + 1};{self.columns}H|" for row in range(self.rows))
        return self.show(f"\x1b[?6;69l\x1b[4l\x1b(B\x0f\x1b[m{places}".encode()).lines[-self.rows :]
