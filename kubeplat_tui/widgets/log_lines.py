"""The log's lines on the screen: followed, searched, filtered, wrapped; drawn only when they are seen."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from kubeplat_tui.actions import bindings
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.events import Level
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.log_store import LIMIT, LineStore, Search, Wrapping
from kubeplat_tui.widgets.pattern import Pattern
from kubeplat_tui.widgets.safe_text import Span, plain, styled, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.geometry import Size
    from textual.selection import Selection
    from textual.strip import Strip

FRAME = 1 / 30
"""Seconds between two repaints while lines arrive."""
PORTION = 0.008
"""Seconds of searching or wrapping in one go; the keys are answered between two of them."""
CONTEXTS = (0, 2, 5, 10)
TONES = {Level.ERROR: Tone.BAD, Level.WARNING: Tone.WARNING, Level.DEBUG: Tone.QUIET, Level.INFO: Tone.PLAIN}


class LogLines(LineView):
    """Appends cost next to nothing: they are counted and painted once a frame."""

    DEFAULT_CSS = """
    LogLines { overflow-x: auto; }
    LogLines > .line--hit { background: $warning; color: $background; }
    LogLines > .line--current { background: $primary; color: $background; text-style: bold underline; }
    LogLines > .line--around { text-style: dim; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--hit", "line--current", "line--around"}
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("log.next", "log.previous", "log.hits", "log.context", "log.wrap", "log.save")
    ]
    ALLOW_SELECT = True
    has_cursor = False

    class Changed(Message):
        """There is more to say in the title: lines, hits, following or not."""

    class SaveWanted(Message):
        """`s` was pressed: the screen asks where to."""

        def __init__(self, lines: LogLines) -> None:
            super().__init__()
            self.lines = lines

    last_filter: ClassVar[str] = ""
    """Remembered as long as the application runs, for every log."""

    def __init__(self, *, prefix: int = 0, hang: int = 0, limit: int = LIMIT, wrap: bool = False) -> None:
        super().__init__()
        self.store = LineStore(limit)
        self.search: Search | None = None
        self.only_hits = True
        """Whether a pattern hides what it does not find (a filter) or only marks what it finds (a search)."""
        self.context = 0
        self.following = True
        self.new_lines = 0
        """How many came since following was paused."""
        self.current: int | None = None
        """The number of the hit that `n` went to."""
        self._prefix = prefix
        self._hang = hang
        self._wrapping: Wrapping | None = Wrapping(80) if wrap else None
        self._flush_due = False
        self._own_scroll = False
        self._known_dropped = 0
        self._rows_gone = 0
        self._painted = 0.0

    # --- lines come -------------------------------------------------------------------------------

    def append(self, lines: Sequence[str], level: Level = Level.INFO) -> None:
        """Add lines; they are painted with the next frame. Call it in the application's thread."""
        if not lines:
            return
        before = self.store.end
        self.store.append(lines, level)
        if not self.following:
            self.new_lines += self.store.end - before
        self._flush_soon()

    def clear(self) -> None:
        """Forget every line; the pattern stays."""
        self.store = LineStore(self.store.limit)
        self._known_dropped = 0
        self.new_lines = 0
        self.following = True
        self.current = None
        self._restart_search()

    def _flush_soon(self, seconds: float = FRAME) -> None:
        if not self._flush_due and self.is_attached:
            self._flush_due = True
            self.set_timer(seconds, self._flush)

    def on_mount(self) -> None:
        """Show what was appended before there was a screen."""
        self._flush_soon()

    def _flush(self) -> None:
        """Search and wrap a portion; once a frame, and at the end, paint what there is."""
        self._flush_due = False
        began = perf_counter()
        self._rows_gone += self._forget_dropped()
        if self.search is not None and self.search.behind:
            self.search.advance(PORTION)
        self._wrap_more(began + PORTION)
        behind = (self.search is not None and self.search.behind) or self._wrap_behind()
        if not behind or began - self._painted >= FRAME:
            self._paint()
        if behind:
            self._flush_soon(0.001)

    def _paint(self) -> None:
        self._painted = perf_counter()
        gone, self._rows_gone = self._rows_gone, 0
        self._own_scroll = True
        try:
            self.rows_changed(keep_strips=not gone)
            if self.following:
                self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
            elif gone:
                self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, force=True)
        finally:
            self._own_scroll = False
        self.post_message(self.Changed())

    def _forget_dropped(self) -> int:
        """Follow the store's ring; returns how many rows vanished above."""
        lines = self.store.dropped - self._known_dropped
        self._known_dropped = self.store.dropped
        if not lines:
            return 0
        gone = self.search.forget_dropped() if self.search is not None else 0
        if not self._filtering():
            gone = lines
        return gone if self._wrapping is None else self._wrapping.drop(gone)

    # --- which line is where ----------------------------------------------------------------------

    def _filtering(self) -> bool:
        return self.search is not None and self.only_hits

    def shown(self) -> int:
        """How many lines pass the filter."""
        return len(self.search.rows) if self.search is not None and self.only_hits else len(self.store)

    def count(self) -> int:
        """How many rows they take."""
        return self._wrapping.rows if self._wrapping is not None else self.shown()

    def content_width(self) -> int:
        """Wrapped lines fit; others may be wider than the view."""
        return 0 if self._wrapping is not None else self.store.longest

    def _number(self, place: int) -> int:
        """The line's number, by its place among those shown."""
        if self.search is not None and self.only_hits:
            return self.search.rows[place]
        return self.store.dropped + place

    def _row_of(self, number: int) -> int:
        """The row in which a line begins."""
        place = number - self.store.dropped
        if self.search is not None and self.only_hits:
            low, high = 0, len(self.search.rows)
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if self.search.rows[middle] < number else (low, middle)
            place = low
        return self._wrapping.row_of(place) if self._wrapping is not None else place

    def top_line(self) -> int:
        """The number of the first line in sight."""
        if not self.count():
            return self.store.dropped
        row = min(self.scroll_offset.y, self.count() - 1)
        return self._number(self._wrapping.find(row)[0] if self._wrapping is not None else row)

    # --- painting ---------------------------------------------------------------------------------

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One row: the line's own colours, its level, the hits."""
        if self._wrapping is None:
            return self._line(self._number(index))
        place, piece = self._wrapping.find(index)
        text, spans = self._line(self._number(place))
        pieces = wrap(text, self._wrapping.width, self._wrapping.hang)
        piece = min(piece, len(pieces) - 1)
        start = sum(map(len, pieces[:piece]))
        size = len(pieces[piece])
        hang = self._wrapping.hang if piece else 0
        return " " * hang + pieces[piece], [
            (max(0, begin - start) + hang, min(size, end - start) + hang, style)
            for begin, end, style in spans
            if begin < start + size and end > start
        ]

    def _line(self, number: int) -> tuple[str, list[Span]]:
        text, spans = styled(self.store.shown(number))
        level = self.store.level(number)
        if level is not Level.INFO:
            spans.insert(0, (0, len(text), self.style(TONES[level])))
        if self._prefix:
            spans.append((0, min(8, len(text)), self.style(Tone.QUIET)))
        if self.search is not None:
            if self._filtering() and self.search.context and not self.search.is_hit(number):
                spans.append((0, len(text), self.style("around")))
            hit = self.style("current" if number == self.current else "hit")
            spans += [(begin, end, hit) for begin, end in self.search.pattern.spans(text)]
        return text, spans

    def render_line(self, y: int) -> Strip:
        """One line of the screen, with the mouse's selection over it."""
        strip = super().render_line(y)
        scroll_x, scroll_y = self.scroll_offset
        return strip.apply_offsets(scroll_x, scroll_y + y)

    def _strip(self, index: int, width: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(index) if selection is not None else None
        if span is None:
            return super()._strip(index, width)
        from textual.strip import Strip

        from kubeplat_tui.widgets.safe_text import segments

        text, spans = self.row(index, width)
        begin, end = span
        marked = self.screen.get_component_rich_style("screen--selection")
        return Strip(
            segments(text, [*spans, (begin, len(text) if end == -1 else min(end, len(text)), marked)])
        )

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse selected, as it is shown."""
        first = selection.start.y if selection.start else 0
        last = selection.end.y if selection.end else self.count() - 1
        last = min(last, self.count() - 1, first + 100_000)
        lines = [""] * first + [self.row(index, self.size.width)[0] for index in range(first, last + 1)]
        return selection.extract("\n".join(lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """The mouse moved."""
        self.refresh()

    # --- following --------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up pauses; reaching the end resumes."""
        super().watch_scroll_y(old_value, new_value)
        if not self._own_scroll and round(old_value) != round(new_value):
            self._set_following(round(new_value) >= self.max_scroll_y)

    def _set_following(self, following: bool) -> None:
        if following:
            self.new_lines = 0
        if following != self.following:
            self.following = following
            self.post_message(self.Changed())

    def action_move(self, how: str) -> None:
        """Move as everywhere; the end is where the log is followed."""
        if how == "last":
            self._set_following(True)
            self.jump(self.max_scroll_y)
        else:
            super().action_move(how)

    # --- search and filter ------------------------------------------------------------------------

    def find(self, pattern: Pattern | None) -> None:
        """Filter or search by another pattern; None shows everything again."""
        here = self.top_line()
        self.search = Search(self.store, pattern, self.context) if pattern is not None else None
        self.current = None
        self._rows_replaced(here)

    @property
    def filter(self) -> str:
        """The pattern as typed."""
        return self.search.pattern.text if self.search is not None else ""

    def set_filter(self, text: str) -> str:
        """Filter by what is typed; returns a sentence where `text` is no regular expression."""
        try:
            pattern = Pattern.parse(text)
        except InputError as error:
            return str(error)
        if pattern is not None:
            LogLines.last_filter = text
        self.find(pattern)
        self.refresh_bindings()
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be found without a pattern, nothing saved where there is nothing."""
        if action in {"hit", "only_hits", "context"}:
            return self.search is not None
        if action == "save":
            return len(self.store) > 0
        return super().check_action(action, parameters)

    def action_hit(self, forward: bool) -> None:
        """To the next or the previous hit."""
        if not self.go_to_hit(forward=forward):
            self.app.notify("Nothing matches.")

    def action_only_hits(self) -> None:
        """Switch between filter and search."""
        here = self.current if self.current is not None else self.top_line()
        self.only_hits = not self.only_hits
        self._rows_replaced(here)

    def action_context(self) -> None:
        """More lines around each hit: 0, 2, 5, 10, and none again."""
        self.context = CONTEXTS[(CONTEXTS.index(self.context) + 1) % len(CONTEXTS)]
        self.only_hits = True
        self._restart_search()

    def action_wrap(self) -> None:
        """Long lines in several rows, or not."""
        self.wrap_lines(not self.wraps)

    def action_save(self) -> None:
        """Ask the screen to save what is shown."""
        self.post_message(self.SaveWanted(self))

    def numbers_shown(self) -> list[int] | None:
        """The numbers of the lines that pass the filter; None for all."""
        return list(self.search.rows) if self.search is not None and self.only_hits else None

    def _restart_search(self) -> None:
        here = self.top_line()
        if self.search is not None:
            self.search = Search(self.store, self.search.pattern, self.context)
        self._rows_replaced(here)

    def _rows_replaced(self, keep: int) -> None:
        """Other lines are shown: begin to count anew, and keep the line `keep` in sight."""
        if self.search is not None:
            self.search.advance(PORTION)
        if self._wrapping is not None:
            self._wrapping = self._new_wrapping()
            self._wrap_more(perf_counter() + PORTION)
        self._strips.clear()
        self._own_scroll = True
        try:
            self.rows_changed()
            y = self.max_scroll_y if self.following else min(self._row_of(keep), self.max_scroll_y)
            self.scroll_to(y=y, animate=False, force=True)
        finally:
            self._own_scroll = False
        self.post_message(self.Changed())
        self._flush_soon(0.001)

    def go_to_hit(self, *, forward: bool) -> bool:
        """The next or previous hit, round the end; False where there is none."""
        if self.search is None:
            return False
        height = self.scrollable_content_region.height
        here = self.current
        if here is None:
            here = self.top_line() - 1 if forward else self.store.end
        hit = self.search.after(here) if forward else self.search.before(here)
        if hit is None:
            return False
        self.current = hit
        self._strips.clear()
        self._set_following(False)
        row = self._row_of(hit)
        if not self.scroll_offset.y <= row < self.scroll_offset.y + height:
            self._own_scroll = True
            self.jump(row - height // 2)
            self._own_scroll = False
        self.refresh()
        self.post_message(self.Changed())
        return True

    # --- wrapping ---------------------------------------------------------------------------------

    @property
    def wraps(self) -> bool:
        """Whether long lines take several rows."""
        return self._wrapping is not None

    def wrap_lines(self, on: bool) -> None:
        """Show long lines whole, in several rows."""
        here = self.top_line()
        self._wrapping = self._new_wrapping() if on else None
        self._rows_replaced(here)

    def width_changed(self) -> None:
        """Another width: wrap anew; and stay at the end if we were there."""
        if self._wrapping is not None and self._wrapping.width != self._wrap_width():
            here = self.top_line()
            self._wrapping = self._new_wrapping()
            self._rows_replaced(here)
        elif self.following:
            self._flush_soon(0.001)

    def _wrap_width(self) -> int:
        return max(2, self.room)

    def _new_wrapping(self) -> Wrapping:
        """Further rows of a line begin where its text begins, where there is room for that."""
        width = self._wrap_width()
        return Wrapping(width, self._hang if width >= 3 * self._hang else 0)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        self._own_scroll = True  # a smaller view is no scrolling by the user
        try:
            return super()._size_updated(size, virtual_size, container_size, layout)
        finally:
            self._own_scroll = False

    def _wrap_behind(self) -> bool:
        return self._wrapping is not None and self._wrapping.lines < self.shown()

    def _wrap_more(self, until: float) -> None:
        wrapping = self._wrapping
        while wrapping is not None and wrapping.lines < self.shown() and perf_counter() < until:
            stop = min(wrapping.lines + 256, self.shown())
            wrapping.add([self._height(self._number(place)) for place in range(wrapping.lines, stop)])

    def _height(self, number: int) -> int:
        line = self.store.shown(number)
        if self._wrapping is None:
            return 1
        width, hang = self._wrapping.width, self._wrapping.hang
        if line.isascii() and line.isprintable():
            return 1 if len(line) <= width else 1 - (width - len(line)) // (width - hang)
        return len(wrap(plain(line), width, hang))
