"""The machine's bytes between its connection and the emulator: bounded, in order, nothing dropped.

The reader's thread waits in `put` while the queue is full, so that the connection's own window fills up and the
machine stops: what a person types never waits behind megabytes that nobody could read.
"""

from __future__ import annotations

from collections import deque
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 64 * 1024
"""Bytes that may wait; one piece more is taken where it fits no more."""
PIECE = 96 * 1024
"""The most that a core is fed at once."""
SMALLEST = 32 * 1024
"""Cores are far quicker with long pieces of a flood: they need not draw what scrolls away within one."""
STEP = 0.008
"""Seconds that one piece should take the core: the smaller, the sooner a key is seen between two of them."""
END_OF_FRAME = b"\x1b[?2026l"
"""The end of synchronized output: what was drawn is complete here."""


class Feeder:
    """A queue of bytes. `put`, `close` from any thread; all the rest belongs to the application's thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called (from the thread that put) when bytes come into an empty queue."""
        self._wake = wake
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._closed = False
        self._changed = Condition()
        self._size = 2 * SMALLEST

    @property
    def waiting(self) -> int:
        """Bytes in the queue."""
        return self._waiting

    @property
    def hungry(self) -> bool:
        """Whether more should come."""
        return self._waiting < MOST and not self._closed

    def put(self, data: bytes, *, wait: bool = True, seconds: float | None = None) -> bool:
        """Add bytes; waits while the queue is full. False when it is closed, or `seconds` are over."""
        until = None if seconds is None else monotonic() + seconds
        with self._changed:
            while wait and not self.hungry and not self._closed:
                left = None if until is None else until - monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
            if self._closed:
                return False
            if not data:
                return True
            first = not self._pieces
            self._pieces.append(bytes(data))
            self._waiting += len(data)
        if first:
            self._wake()
        return True

    def take(self) -> bytes:
        """The next bytes for the core, up to the end of a frame; b"" where none wait."""
        with self._changed:
            if not self._pieces:
                return b""
            cut = self._size
            joined: list[bytes] = []
            size = 0
            while self._pieces and size < cut:
                joined.append(self._pieces.popleft())
                size += len(joined[-1])
            data = b"".join(joined)
            frame = data.find(END_OF_FRAME, 0, cut)
            if frame >= 0:
                cut = frame + len(END_OF_FRAME)
            if len(data) > cut:
                self._pieces.appendleft(data[cut:])
                data = data[:cut]
            self._waiting -= len(data)
            if self._waiting < MOST:
                self._changed.notify_all()
        return data

    def took(self, size: int, seconds: float) -> None:
        """How long the core took for a piece: the next ones are cut accordingly."""
        if size >= SMALLEST and seconds > 0:
            wanted = size * STEP / seconds
            self._size = int(max(SMALLEST, min(PIECE, (self._size + wanted) / 2)))

    def close(self) -> None:
        """Take no more, and let go of whoever waits."""
        with self._changed:
            self._closed = True
            self._pieces.clear()
            self._waiting = 0
            self._changed.notify_all()
