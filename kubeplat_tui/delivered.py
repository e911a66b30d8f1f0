"""How a worker thread gives its result to the application's own thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable


class Delivered(Message):
    """A worker is done: `deliver` runs where the message arrives, and an error in it is seen there."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver
