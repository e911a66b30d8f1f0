"""Records what programs write to a terminal, for the comparison with tmux.

    python -m tests.terminal_core.record [--captures] [NAME …]

Needs Linux, root, the programs, and tmux for its captures. Every program runs in namespaces of its own, as user root
of a computer called `machine`, in a home folder made for it, with no other processes: nothing of the computer it is
recorded on gets into the files. The tests only read what this wrote.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from dataclasses import replace
from pathlib import Path

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from tests.terminal_core.corpus import SIZES, Stream, load
from tests.terminal_core.tmux_pane import TmuxPane

QUIET = 0.35  # seconds without output: the program waits for the next key
LONGEST = 6.0
PROGRAMS = Path(__file__).with_name("programs")


class Scenario:
    """A command of a shell and the keys pressed, each once the program waits; the screen is compared after each."""

    def __init__(self, command: str, *keys: str) -> None:
        self.command = command
        self.keys = keys


_VIM = """vim -u NONE -N --cmd 'syntax on' --cmd 'set hlsearch laststatus=2 number ruler bg=dark' src/picture.py"""
_GIT = "git -c color.ui=always --no-pager"
_BASH = "PS1='\\[\\033[1;32m\\]ada@machine\\[\\033[0m\\]:\\w\\$ ' exec bash --norc --noprofile -i"

SCENARIOS = {
    "vim": Scenario(
        _VIM,
        "\x06", "/screen\r", "iinserted 日本語 text\x1b", ":split docs/chapter-2.md\r", "Gvgg",
        "\x1b:set cursorline list\r", "\x17w15dd", "5Op\x1b", ":vsplit\r", "\x17w\x05\x05\x05\x04", ":%s/def/DEF/g\r",
        ":version\r", "q", ":qa!\r",
    ),
    "less": Scenario(
        "less -R -M +/window src/picture.py", " ", "b", "jjjjj", "G", "gkk", "?curses\r", "-S\r", "q"
    ),
    "man": Scenario("man -l manual.1", " ", "g", "/size\r", "q"),
    "htop": Scenario("htop -d 30", "t", "\x1b[B\x1b[B", "h", "q", "\x1bOS", "\x1b", "q"),
    "top": Scenario("top -d 1 -n 3", "", ""),
    "tmux": Scenario(
        """tmux -L inner -f /dev/null new-session "PS1='ada@machine:\\w$ ' ENV= sh -i\"""",
        "ls --color=always -l src\r", "\x02%", "echo right\r", "\x02\"", f"{_GIT} log --oneline\r", "\x02z", "\x02z",
        "\x02[\x1b[5~", "q", "\x02:resize-pane -L 10\r", "\x02xy", "\x02t", "q", "\x02&y",
    ),
    "curses": Scenario("python3 src/picture.py", " ", " ", " ", " "),
    "ls": Scenario("ls --color=always -laR --time-style=long-iso ."),
    "git-log": Scenario(f"{_GIT} log --graph --decorate --stat"),
    "git-diff": Scenario(f"{_GIT} -c diff.wsErrorHighlight=all diff --word-diff=color"),
    "progress": Scenario('python3 "$PROGRAMS/progress.py"', "\r", "\r"),
    "unicode": Scenario('python3 "$PROGRAMS/letters.py"', "\r", "\r"),
    "shell": Scenario(
        _BASH,
        "ls -C --color=always src docs bin\r", "echo a long line that is edited \x01\x1b[C\x1b[C\x0b\x19\r",
        "for i in 1 2 3; do printf '%s\\t%s\\n' $i $i; done\r", "grep -rn --color=always return src\r", "cle\t\x15",
        "printf '\\a\\033[31mred'\r", "tput reset; dircolors | head -c 3000\r", "exit\r",
    ),
}  # fmt: skip


def record(scenario: Scenario, columns: int, rows: int) -> Stream:
    """Run it on a pty, answer as our terminal does, and note where to compare."""
    core = BitttyCore(columns, rows)
    child, terminal = pty.fork()
    if child == 0:
        environment = {
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "SHELL": "/bin/sh",
            "PROGRAMS": str(PROGRAMS), "HOME": "/home/ada",
        }  # fmt: skip
        prepare = '. "$PROGRAMS/prepare.sh" >/dev/null 2>&1 </dev/null; printf "\\001"; '
        command = ["unshare", "-uipmf", "--mount-proc", "sh", "-c", prepare + scenario.command]
        os.execvpe(command[0], command, environment)  # noqa: S606  # no shell is wanted here
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    started, collected = False, bytearray()
    marks: list[int] = []
    keys = iter(scenario.keys)
    while True:
        ready, _, _ = select.select([terminal], [], [], QUIET if started else LONGEST)
        if not ready:
            marks.append(len(collected))
            key = next(keys, None)
            if key is None:
                break
            os.write(terminal, key.encode())
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        if not started:
            started, data = True, data.partition(b"\x01")[2]
        collected += data
        core.feed(data)
        if replies := core.take_replies():
            os.write(terminal, replies)
    os.close(terminal)
    os.waitpid(child, 0)
    marks.append(len(collected))
    places = sorted({place for place in marks if place})
    return Stream(columns, rows, bytes(collected), tuple(places))


def _filled(stream: Stream, end: int) -> tuple[str, ...]:
    with TmuxPane(stream.columns, stream.rows) as pane:
        pane.feed(stream.data[:end])
        return pane.fill()


def main(names: list[str], *, again: bool) -> None:
    """Record the named streams, or all, in every size, with tmux's captures beside them.

    `again`: take the recorded streams and only ask tmux anew.
    """
    for columns, rows in SIZES:
        for name, scenario in SCENARIOS.items():
            if names and name not in names:
                continue
            if again:
                stream = load(name, columns, rows)
            else:
                stream = record(scenario, columns, rows)
                stream.save(name)
            with TmuxPane(columns, rows) as pane:
                captures = [pane.show(piece) for piece in stream.pieces()]
            stream.save_captures(
                name,
                [
                    replace(capture, filled=_filled(stream, end))
                    for capture, end in zip(captures, stream.marks, strict=True)
                ],
            )
            print(f"{name} {columns}x{rows}: {len(stream.data)} bytes, {len(stream.marks)} screens")  # noqa: T201


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if name != "--captures"], again="--captures" in sys.argv)
