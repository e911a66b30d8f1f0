"""The recorded streams and what tmux showed of them."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("recordings")
SIZES = ((80, 24), (132, 43))


@dataclass(frozen=True, slots=True)
class Capture:
    """What tmux tells of a pane: its lines with looks (`capture-pane -e -N`, the history first), cursor and modes.

    tmux leaves out what was only erased, in whatever colour, at the end of a line. `filled` are the lines of the screen
    once more, after a `|` was written into the last column of each: then it tells of all the others.
    """

    lines: tuple[str, ...]
    history: int
    cursor: tuple[int, int]
    flags: dict[str, str]
    filled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """The bytes of a program for a terminal of that size, and after how many of them the screen was complete."""

    columns: int
    rows: int
    data: bytes
    marks: tuple[int, ...]

    def pieces(self) -> list[bytes]:
        """The bytes from mark to mark."""
        starts = (0, *self.marks)
        return [self.data[start:end] for start, end in zip(starts, self.marks, strict=False)]

    def save(self, name: str) -> None:
        """Write the stream; the same stream makes the same file."""
        head = json.dumps(list(self.marks)).encode() + b"\n"
        _path(name, self.columns, self.rows, "stream.gz").write_bytes(
            gzip.compress(head + self.data, 9, mtime=0)
        )

    def save_captures(self, name: str, captures: list[Capture]) -> None:
        """Write what tmux showed after each piece."""
        text = json.dumps([asdict(capture) for capture in captures], ensure_ascii=False).encode()
        _path(name, self.columns, self.rows, "tmux.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def _path(name: str, columns: int, rows: int, kind: str) -> Path:
    return FOLDER / f"{name}-{columns}x{rows}.{kind}"


def names() -> list[str]:
    """Every recorded program."""
    return sorted({path.name.rpartition("-")[0] for path in FOLDER.glob("*.stream.gz")})


def load(name: str, columns: int, rows: int) -> Stream:
    """A recorded stream."""
    head, _, data = gzip.decompress(_path(name, columns, rows, "stream.gz").read_bytes()).partition(b"\n")
    return Stream(columns, rows, data, tuple(json.loads(head)))


def load_captures(name: str, columns: int, rows: int) -> list[Capture]:
    """What tmux showed when the stream was recorded."""
    text = gzip.decompress(_path(name, columns, rows, "tmux.json.gz").read_bytes())
    return [
        Capture(
            tuple(item["lines"]), item["history"], tuple(item["cursor"]), item["flags"], tuple(item["filled"])
        )
        for item in json.loads(text)
    ]
