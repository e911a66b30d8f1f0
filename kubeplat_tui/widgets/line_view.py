"""A scrolling list of rows that are made when they are looked at: the base of log, plan and resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.cache import LRUCache
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.moves import rows_of
from kubeplat_tui.widgets.safe_text import Span, segments

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

KEPT_STRIPS = 2048
GUTTER = 1
"""Cells to the left of every row for the cursor's mark."""
HERE = "▌"


class LineView(ScrollView, can_focus=True):
    """Subclasses say how many rows there are (`count`) and what one looks like (`row`)."""

    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: auto;
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
    }
    LineView > .line--cursor { background: $cursor; text-style: bold; }
    LineView > .line--cursor-idle { background: $cursor-idle; }
    LineView > .line--strong { text-style: bold; }
    LineView > .line--plain { color: $foreground; }
    LineView > .line--quiet { color: $quiet; }
    LineView > .line--accent { color: $primary; }
    LineView > .line--good { color: $success; }
    LineView > .line--changing { color: $changing; }
    LineView > .line--warning { color: $warning; }
    LineView > .line--bad { color: $error; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line--cursor",
        "line--cursor-idle",
        "line--strong",
        *(f"line--{tone}" for tone in Tone),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            *(
                f"move.{name}"
                for name in ("down", "up", "first", "last", "half_down", "half_up", "page_down", "page_up")
            )
        )
    ]

    has_cursor: ClassVar[bool] = True
    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._strips: LRUCache[tuple[int, int], Strip] = LRUCache(KEPT_STRIPS)

    # --- for subclasses ---------------------------------------------------------------------------

    def count(self) -> int:
        """How many rows there are."""
        return 0

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """The row's safe text and its styles. `width` is what can be seen of it."""
        raise IndexError(index)  # a view without rows is never asked

    def content_width(self) -> int:
        """How wide the widest row is, in cells; 0 where rows fit themselves to the view."""
        return 0

    @property
    def room(self) -> int:
        """The cells of a line, beside the scrollbar."""
        return int(self.scrollable_content_region.width)

    def width_changed(self) -> None:
        """Another size, or a scrollbar came or went: rows that depend on the width are made anew."""

    def style(self, name: str) -> Style:
        """The style `line--<name>` (a `Tone`, `strong`), without the background."""
        return self.get_component_rich_style(f"line--{name}", partial=True)

    def rows_changed(self, *, keep_strips: bool = False) -> None:
        """Say that rows came, went or look different."""
        if not keep_strips:
            self._strips.clear()
        size = Size(self.content_width(), self.count())
        if size != self.virtual_size:
            # Setting the property would lay out the whole screen, for rows that no other widget depends on.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        if self.has_cursor:
            self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    # --- painting ---------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of the screen (Textual's line API)."""
        scroll_x, scroll_y = self.scroll_offset
        width = self.room
        index = scroll_y + y
        base = self.rich_style
        if index >= self.count():
            return Strip.blank(width, base)
        if not self.has_cursor:
            return self._strip(index, width).crop_extend(scroll_x, scroll_x + width, None).apply_style(base)
        here = index == self.cursor
        strip = self._strip(index, width - GUTTER).crop_extend(scroll_x, scroll_x + width - GUTTER, None)
        strip = Strip([Segment(HERE if here else " ", self.style(Tone.ACCENT)), *strip], width)
        if here:
            base += self.style("cursor" if self.has_focus else "cursor-idle")
        return strip.apply_style(base)

    def _strip(self, index: int, width: int) -> Strip:
        strip = self._strips.get((index, width))
        if strip is None:
            text, spans = self.row(index, width)
            strip = Strip(segments(text, spans) if text else [Segment("")])
            self._strips[index, width] = strip
        return strip

    def on_resize(self) -> None:
        """Another size."""
        self.width_changed()

    def watch_show_vertical_scrollbar(self) -> None:
        """One column more, or less."""
        if self.is_attached:
            self.call_after_refresh(self.width_changed)

    def notify_style_update(self) -> None:
        """Another theme: every row is made anew."""
        super().notify_style_update()
        self._strips.clear()

    # --- moving -----------------------------------------------------------------------------------

    def validate_cursor(self, cursor: int) -> int:
        """The cursor stays on a row."""
        return max(0, min(cursor, self.count() - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint both rows and keep the new one in sight."""
        if not self.has_cursor:
            return
        self.refresh_line(old)
        self.refresh_line(new)
        self.reveal(new)

    def reveal(self, index: int) -> None:
        """Scroll as little as needed to show a row."""
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if index < top:
            self.jump(index)
        elif index >= top + height:
            self.jump(index - height + 1)

    def jump(self, y: float) -> None:
        """Scroll at once: nothing glides here."""
        self.scroll_to(y=max(0, min(y, self.max_scroll_y)), animate=False, force=True)

    def move(self, rows: int) -> None:
        """Move the cursor, or the view where there is none."""
        if self.has_cursor:
            self.cursor += rows
        else:
            self.jump(self.scroll_offset.y + rows)

    def action_move(self, how: str) -> None:
        """Move as the table does: by rows, pages, to the ends."""
        page = max(1, self.scrollable_content_region.height)
        self.move(rows_of(how, page, self.count()))

    def on_focus(self) -> None:
        """The cursor's row looks different."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor's row looks different."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """The mouse moves the cursor; a second click on it is Enter."""
        row = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if not self.has_cursor or row >= self.count():
            return
        if row == self.cursor:
            self.clicked()
        else:
            self.cursor = row

    def clicked(self) -> None:
        """The row under the cursor was clicked again."""
