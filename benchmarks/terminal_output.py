"""A machine's terminal while output floods it: how much is taken a second, and how long a key takes to be seen.

Over a real SSH connection through a bastion (tests/ssh/farm.py). Ours beside textual-tty and beside `ssh` inside tmux,
each a program of its own in a pseudo-terminal of 160x45.

Output: a log with colours, from the key that starts it until its last line is drawn. Latency: the machine writes 5 MB
a second of such lines, each begun with a word that every key changes; the clock runs from writing the key to the
program's terminal until the program draws a line with the new word.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import terminal_programs as programs
from benchmarks.result import Result, compared
from benchmarks.ssh_connect import Pair
from tests.ssh.debian import program
from tests.ssh.farm import Farm

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from benchmarks.terminal_programs import Screen

    Opened = Callable[[str], AbstractContextManager[Screen]]

BENCHMARK = "terminal"
SIZE = 8_000_000
SAMPLES = 3
KEYS = 200
RATE = 5_000_000
LONGEST = 20.0
LINE = (
    "\x1b[90m2026-03-01T09:30:{:02}Z\x1b[0m \x1b[32minfo\x1b[0m  apiserver \x1b[1mGET\x1b[0m /api/v1/namespaces/"
    "default/pods/web-{:06} \x1b[36m200\x1b[0m {:3} ms\n"
)
FLOOD = (
    "stty -echo; printf RE; printf ADY; read line; cat {file}; printf 'END OF THE '; printf FLOOD; sleep 60"
)
TALKER = """\
import os, select, sys, time, tty
rate = float(sys.argv[1])
tty.setraw(0)
lines = [line + b"\\r\\n" for line in open(sys.argv[2], "rb").read(1 << 20).splitlines()]
number = place = 0
due = time.monotonic()
word = b""
os.write(1, b"RE" + b"ADY")
while True:
    if select.select([0], [], [], max(0.0, due - time.monotonic()))[0]:
        if os.read(0, 1) == b"q":
            break
        number += 1
        word = "".join(chr(65 + (number * 7 + at * 3) % 26) for at in range(8)).encode()
    if number and time.monotonic() >= due:
        piece = b"".join(word + b" " + line for line in lines[place : place + 40])
        place = (place + 40) % (len(lines) - 40)
        due = max(due + len(piece) / rate, time.monotonic() - 0.05)
        while piece:
            piece = piece[os.write(1, piece):]
    elif not number:
        due = time.monotonic() + 0.05
"""


def mark(number: int) -> bytes:
    """What the machine draws for the key of that number: no letter stands where the one before had it."""
    return "".join(chr(65 + (number * 7 + at * 3) % 26) for at in range(8)).encode()


def measure() -> list[Result]:
    """All of it; about two minutes."""
    with tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-") as place:
        folder = Path(place)
        farm = Farm(folder / "farm")
        try:
            return _measure(Pair(farm, folder), folder)
        finally:
            farm.close()


def _measure(pair: Pair, folder: Path) -> list[Result]:
    log = folder / "log"
    _write_log(log)
    talker = folder / "talker.py"
    talker.write_text(TALKER)
    with pair.shared("machine") as config:
        standing = pair.farm.client.command(program("ssh"), "-tt", "-F", config, "machine")
        openers: dict[str, Opened] = {
            "ours": lambda command: programs.ours(pair.place, command),
            "textual-tty": lambda command: programs.textual_tty([*standing, command]),
            "ssh in tmux": lambda command: programs.tmux([*standing, command]),
        }
        rates: dict[str, list[float]] = {name: [] for name in openers}
        for number in range(SAMPLES + 1):
            for name, opened in openers.items():
                rate = _flood(opened, log)
                if number:
                    rates[name].append(rate)
        latencies = {
            name: _latencies(opened, f"{sys.executable} -I {talker} {RATE} {log}")
            for name, opened in openers.items()
        }
    return [
        *(
            compared(
                BENCHMARK, "output taken a second", rates["ours"], rates[name], unit="MB/s", peer_name=name
            )
            for name in ("textual-tty", "ssh in tmux")
        ),
        *(
            Result(
                BENCHMARK,
                f"key to echo while 5 MB/s arrive, {words}",
                1000 * value(latencies["ours"]),
                "ms",
                1000 * value(latencies[name]),
                name,
                samples=len(latencies["ours"]),
            )
            for name in ("textual-tty", "ssh in tmux")
            for words, value in (("median", statistics.median), ("99th percentile", _late))
        ),
    ]


def _late(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99) - 1]


def _write_log(path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    with path.open("w", newline="") as file:
        size = number = 0
        while size < SIZE:
            number += 1
            size += file.write(LINE.format(number % 60, number, chance.randrange(1000)))


def _flood(opened: Opened, log: Path) -> float:
    """MB a second, from the key to the last line on the screen."""
    with opened(FLOOD.format(file=log)) as screen:
        screen.see(b"READY")
        screen.rest(0.2)
        began = screen.press(b"\r")
        ended = screen.see(b"END OF THE FLOOD")
    return log.stat().st_size / 1e6 / (ended - began)


def _latencies(opened: Opened, command: str) -> list[float]:
    """Seconds from each key until its mark is seen."""
    chance = random.Random(2)  # noqa: S311 - no secret
    found: list[float] = []
    with opened(command) as screen:
        screen.see(b"READY")
        screen.rest(0.2)
        for number in range(1, KEYS + 21):
            pressed = screen.press(b"k")
            seen = screen.see(mark(number), LONGEST)
            if number > 20:
                found.append(seen - pressed)
            screen.rest(0.02 + 0.04 * chance.random())
        screen.press(b"q")
        time.sleep(0.05)
    return found
