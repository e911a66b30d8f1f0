"""One line at the bottom while files move: how far it is, and that it can be stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.actions import BY_ID, shown
from kubeplat_tui.pace import paced
from kubeplat_tui.services.events import Progress
from kubeplat_tui.widgets.cells import byte_size

if TYPE_CHECKING:
    from textual.timer import Timer

    from kubeplat_tui.services.events import Event

LOOKS = 1 / 10
"""Seconds between two looks at how far it is: a transfer says far more than can be read."""
BAR = 24


class ProgressLine(Widget):
    """`tell` may be called from any thread; what was told last is drawn ten times a second."""

    DEFAULT_CSS = """
    ProgressLine { height: 1; display: none; padding: 0 1; background: $panel; text-wrap: nowrap; }
    ProgressLine.-moving { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._doing = ""
        self._latest: Progress | None = None
        self._stopping = False
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Nothing is drawn while nothing moves."""
        self._timer = self.set_interval(paced(self, LOOKS), self.refresh, pause=True)

    def begin(self, doing: str) -> None:
        """Show the line: `Fetching 12 files`."""
        self._doing, self._latest, self._stopping = doing, None, False
        self.add_class("-moving")
        if self._timer is not None:
            self._timer.resume()
        self.refresh()

    def end(self) -> None:
        """Nothing moves any more."""
        self.remove_class("-moving")
        if self._timer is not None:
            self._timer.pause()

    def stopping(self) -> None:
        """It was asked to stop."""
        self._stopping = True
        self.refresh()

    def tell(self, event: Event) -> None:
        """Something happened."""
        if isinstance(event, Progress):
            self._latest = event

    def render(self) -> Content:
        """How far it is."""
        latest = self._latest
        head = Content.assemble(
            ("◐ ", "$changing"), self._doing if latest is None else latest.doing.capitalize()
        )
        keys = Content.assemble((shown(BY_ID["secrets.stop"].keys[0]), "$primary bold"), (" stops", "$quiet"))
        if self._stopping:
            keys = Content.assemble(("stopping after the files under way", "$warning"))
        if latest is None or not latest.total:
            return Content("  ").join([head, keys])
        count = f"{latest.done:,}/{latest.total:,}"
        sizes = f"{byte_size(latest.size)} of {byte_size(latest.total_size)}" if latest.total_size else ""
        done = round(BAR * min(1, latest.done / latest.total))
        bar = Content.assemble(("━" * done, "$primary"), ("─" * (BAR - done), "$line"))
        pieces = [head, Content(count), Content.assemble((sizes, "$quiet")), bar, keys]
        if sum(piece.cell_length + 2 for piece in pieces) - 2 > self.content_size.width:
            pieces.remove(bar)
        return Content("  ").join([piece for piece in pieces if piece.cell_length])
