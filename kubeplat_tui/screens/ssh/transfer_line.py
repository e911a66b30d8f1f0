"""One line while files are copied: what, how far, how fast, and that it can be stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.actions import BY_ID, shown
from kubeplat_tui.pace import paced
from kubeplat_tui.widgets.cells import byte_size, cut_middle, duration
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.services.ssh.transfer_model import TransferProgress

LOOKS = 1 / 5
"""Seconds between two looks at how far it is."""
BAR = 20
LONGEST_NAME = 40


class TransferLine(Widget):
    """`tell` and `say` may be called from any thread; what was told last is drawn five times a second."""

    DEFAULT_CSS = """
    TransferLine { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; }
    """

    def __init__(self, what: str, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._what = what
        self._now = now
        self._since: datetime | None = None
        self._latest: TransferProgress | None = None
        self._words = ""
        self._stopping = False

    def on_mount(self) -> None:
        """Drawn anew by itself."""
        self.set_interval(paced(self, LOOKS), self.refresh)

    def say(self, words: str) -> None:
        """What connecting does."""
        self._words = words

    def tell(self, progress: TransferProgress) -> None:
        """How far it is."""
        if self._latest is None:
            self._since = self._now()
        self._latest = progress

    def stopping(self) -> None:
        """It was asked to stop."""
        self._stopping = True
        self.refresh()

    def render(self) -> Content:
        """What fits: the bar gives way first, then the file's name."""
        latest = self._latest
        head = Content.assemble(("◐ ", "$changing"), one_line(cut_middle(self._what, LONGEST_NAME)))
        if self._stopping:
            tail = Content.assemble(("stopping", "$warning"))
        else:
            key = shown(BY_ID["ssh.stop"].keys[0])
            tail = Content.assemble((key, "$primary bold"), (" stops", "$quiet"))
        if latest is None:
            words = Content.assemble((one_line(self._words or "looking at what there is"), "$quiet"))
            return Content("  ").join([head, words, tail])
        done = round(BAR * min(1, latest.bytes_done / latest.bytes)) if latest.bytes else BAR
        bar = Content.assemble(("━" * done, "$primary"), ("─" * (BAR - done), "$line"))
        size = Content(f"{byte_size(latest.bytes_done)} of {byte_size(latest.bytes)}")
        name = Content.assemble(
            (f"{latest.files_done:,}/{latest.files:,} {one_line(latest.name)}", "$quiet")
            if latest.files > 1
            else ("", "")
        )
        pieces = [head, bar, size, self._rate(latest), name, tail]
        for lightest in (name, bar):
            if sum(piece.cell_length + 2 for piece in pieces) - 2 > self.content_size.width:
                pieces.remove(lightest)
        return Content("  ").join([piece for piece in pieces if piece.cell_length])

    def _rate(self, latest: TransferProgress) -> Content:
        seconds = (self._now() - self._since).total_seconds() if self._since is not None else 0.0
        if seconds < 1 or not latest.bytes_done:
            return Content("")
        rate = latest.bytes_done / seconds
        left = (latest.bytes - latest.bytes_done) / rate
        return Content.assemble((f"{byte_size(int(rate))}/s, {duration(left)} left", "$quiet"))
