"""Bytes that mean harm: real streams broken in every way, sequences with absurd numbers, strings without end, noise.

    python -m tests.terminal_core.hostile [CORE] [SECONDS] [SEED]

feeds them to a core for that long and tells how it went; `bittty` by default, or `evp`. Run evp in a process of its
own: its fault is to abort.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from typing import TYPE_CHECKING

from tests.terminal_core import corpus

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import TerminalCore

_FINALS = "".join(map(chr, range(0x40, 0x7F)))
_STRINGS = ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX")
_CHARACTERS = (
    "a",
    "é",
    "日",
    "😀",
    "\u0301",
    "\u200d",
    "\ufe0f",
    "\u202e",
    "\U000e0041",
    "\x85",
    "\x9b",
    "\t",
    "\b",
    "\r\n",
    "\x0e",
)


def _number(source: random.Random) -> str:
    return source.choice(
        ["", "0", "1", "7", "24", "80", "255", "256", "1049", "65535", "2147483648", "9" * 30]
    )


def _sequence(source: random.Random) -> str:
    marker = source.choice(["", "", "", "?", ">", "=", "<"])
    separator = source.choice(";;;:")
    parameters = separator.join(_number(source) for _ in range(source.randrange(6)))
    between = source.choice(["", "", "", " ", "$", "'", "*", '"', "!", "#"])
    return f"\x1b[{marker}{parameters}{between}{source.choice(_FINALS)}"


def _link(source: random.Random) -> str:
    target = "x" * source.choice([0, 5, 300, 3000])
    end = source.choice(["\x07", "\x1b\\", ""])
    return f"\x1b]8;id={_number(source)};http://{target}{end}"


def _string(source: random.Random) -> str:
    body = source.choice(["52;c;", "0;", "8;;", "4;", "$q", "+q", "1;0;1!z", "Ga=T,"]) + "A" * source.choice(
        [0, 3, 200, 9000]
    )
    return source.choice(_STRINGS) + body + source.choice(["\x07", "\x1b\\", "\x18", "", "\x1b"])


def _text(source: random.Random) -> str:
    return "".join(source.choices(_CHARACTERS, k=source.randrange(40)))


def _escape(source: random.Random) -> str:
    return "\x1b" + source.choice(["", "(", "#", " ", "%"]) + chr(source.randrange(0x20, 0x7F))


def _repeated(source: random.Random) -> str:
    return f"{source.choice(_CHARACTERS)}\x1b[{_number(source)}b"


def hostile_bytes(source: random.Random, size: int) -> bytes:
    """About that many bytes."""
    kinds = (_sequence, _sequence, _sequence, _link, _string, _text, _escape, _repeated)
    data = bytearray()
    while len(data) < size:
        kind = source.randrange(len(kinds) + 2)
        if kind == len(kinds):
            data += source.randbytes(source.randrange(60))
        elif kind > len(kinds):
            stream = corpus.load(source.choice(["vim", "tmux", "htop", "unicode", "curses"]), 80, 24).data
            start = source.randrange(len(stream))
            data += stream[start : start + source.randrange(400)]
        else:
            data += kinds[kind](source).encode()
    for _ in range(source.randrange(4)):
        data[source.randrange(len(data))] = source.randrange(256)
    return bytes(data)


def _core(name: str) -> TerminalCore:
    if name == "evp":
        from kubeplat_tui.widgets.terminal.evp_core import EvpCore

        return EvpCore(80, 24)
    from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore

    return BitttyCore(80, 24)


def main(name: str = "bittty", seconds: str = "60", seed: str = "1") -> None:
    """Feed, look at everything, resize now and then; print memory and speed every ten seconds."""
    source = random.Random(int(seed))  # noqa: S311  # the same bytes for the same seed
    core = _core(name)
    start = shown = time.monotonic()
    fed, slowest = 0, 0.0
    while time.monotonic() - start < float(seconds):
        data = hostile_bytes(source, source.choice([200, 4000, 30_000]))
        before = time.monotonic()
        core.feed(data)
        slowest = max(slowest, time.monotonic() - before)
        fed += len(data)
        for y in range(core.rows):
            core.line(y)
        if core.history_length:
            core.history_line(source.randrange(core.history_length))
        core.take_changes(), core.take_notices(), core.take_replies()
        if source.random() < 0.02:
            core.resize(source.choice([1, 2, 40, 80, 200, 300]), source.choice([1, 2, 24, 50, 100]))
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(  # noqa: T201  # a command of the developers'
                f"{shown - start:6.0f} s {fed / 1e6:7.1f} MB {memory:6.0f} MiB, slowest {slowest:.3f} s,",
                f"errors {getattr(core, 'errors', 0)}",
                flush=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
