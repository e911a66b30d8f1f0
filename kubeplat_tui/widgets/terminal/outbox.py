"""What a core has for others until it is fetched, bounded: answers for the machine, notices for the person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.core import BellRang, ClipboardWanted, TitleSet
from kubeplat_tui.widgets.terminal.limits import CLIPBOARD_BYTES, REPLY_BYTES, clean_title

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import Notice


class Outbox:
    """Of each kind of notice the latest is kept."""

    def __init__(self) -> None:
        self._replies = bytearray()
        self._notices: dict[type, Notice] = {}

    def reply(self, answer: bytes) -> None:
        """An answer to the machine; left out where nobody fetched those before."""
        if len(self._replies) + len(answer) <= REPLY_BYTES:
            self._replies += answer

    def bell(self) -> None:
        """BEL."""
        self._notices[BellRang] = BellRang()

    def title(self, title: str) -> None:
        """OSC 0 and 2."""
        self._notices[TitleSet] = TitleSet(clean_title(title))

    def clipboard(self, text: str, size: int) -> None:
        """OSC 52: a wish to write `text`, which came in `size` bytes."""
        if 0 < size <= CLIPBOARD_BYTES:
            self._notices[ClipboardWanted] = ClipboardWanted(text)

    def take_notices(self) -> tuple[Notice, ...]:
        """What the machine wants of the person: of each kind the latest."""
        notices = tuple(self._notices.values())
        self._notices.clear()
        return notices

    def take_replies(self) -> bytes:
        """What is to be sent to the machine."""
        replies = bytes(self._replies)
        self._replies.clear()
        return replies
