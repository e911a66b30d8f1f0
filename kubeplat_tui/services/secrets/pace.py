"""A long transfer: how often it says how far it is, and that it ends with who asked for it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from kubeplat_tui.services.events import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

A_SECOND = 20

Item = TypeVar("Item")


@contextlib.contextmanager
def ended(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """`items`, whose generator is closed at the end of the block: the threads behind it end then."""
    try:
        yield items
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


class Pace:
    """Counts what is done of `total` things and `total_size` bytes, and says so at most `A_SECOND` times a second."""

    def __init__(self, doing: str, total: int, total_size: int) -> None:
        self._doing = doing
        self._total = total
        self._total_size = total_size
        self._said_at = float("-inf")
        self.done = 0
        self.size = 0

    def step(self, size: int) -> Iterator[Progress]:
        """One more thing of `size` bytes is done."""
        self.done += 1
        self.size += size
        if self.done == self._total or time.monotonic() - self._said_at >= 1 / A_SECOND:
            yield self.now()

    def now(self) -> Progress:
        """How far it is."""
        self._said_at = time.monotonic()
        return Progress(
            doing=self._doing,
            done=self.done,
            total=self._total,
            size=self.size,
            total_size=self._total_size,
        )
