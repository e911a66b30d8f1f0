"""What a person sees of a terminal: the rows in sight, the cursor, the place in the history. No keys, no machine."""

from __future__ import annotations

from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from rich.color import Color as RichColour
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.colours import Looks, Palette, blend
from kubeplat_tui.widgets.terminal.core import PLAIN, CursorShape
from kubeplat_tui.widgets.terminal.document import BLANK, Document
from kubeplat_tui.widgets.terminal.painting import Mark, Painter, covered

if TYPE_CHECKING:
    from textual.timer import Timer

    from kubeplat_tui.widgets.terminal.core import Cursor, Line, TerminalCore

FRAME = 1 / 60
"""Seconds between two repaints, at least."""
LONGEST_HOLD = 0.15
"""Seconds that a frame in the making (mode 2026) may hold the one before: a machine that forgot its end is seen."""

MOST_SAID = 1000
"""Lines of the application's own that are remembered."""


class Mode(StrEnum):
    """What the view itself does with keys."""

    NONE = "none"
    WALK = "walk"
    SEARCH = "search"


class TerminalPane(Widget, can_focus=True):
    """Draws a core. Call `core_changed` when it was fed."""

    DEFAULT_CSS = """
    TerminalPane { background: $background; color: $foreground; height: 1fr; width: 1fr; }
    TerminalPane > .terminal--selection { background: $cursor; color: $foreground; }
    TerminalPane > .terminal--match { background: $warning; color: $background; }
    TerminalPane > .terminal--here { background: $primary; color: $background; text-style: bold underline; }
    TerminalPane > .terminal--cursor { background: $primary; color: $background; }
    TerminalPane > .terminal--said { background: $panel; color: $warning; }
    TerminalPane > .terminal--place { background: $panel; color: $foreground; }
    TerminalPane > .terminal--bar { background: $background; color: $line; }
    TerminalPane > .terminal--thumb { background: $background; color: $primary; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"terminal--{name}"
        for name in ("selection", "match", "here", "cursor", "said", "place", "bar", "thumb")
    }
    ALLOW_SELECT = False

    def __init__(
        self,
        core: TerminalCore,
        *,
        id: str | None = None,  # noqa: A002 - Textual's word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.core = core
        self.document = Document(core)
        self.mode = Mode.NONE
        self.back = 0
        """Rows between what is seen and the end; 0 follows the machine."""
        self._said: list[str] = []
        self._all_said: list[tuple[int, str]] = []
        """What was ever said, and the number of the line before which it stands."""
        self._painter = Painter(Looks(Palette((), (255, 255, 255), (0, 0, 0), native=True)))
        self._reversed = False
        self._rows: list[Strip] = []
        self._top = 0
        self._changed: set[int] = set()
        self._all_changed = True
        self._cursor_row: int | None = None
        self._painted = 0.0
        self._paint_timer: Timer | None = None
        self._held_since: float | None = None
        self._screen_painted = 0
        self._hidden = False
        self.frame = FRAME
        """Seconds between two repaints now."""

    # --- what there is to see ---------------------------------------------------------------------

    @property
    def end(self) -> int:
        """The number after the last row that can be seen."""
        document = self.document
        if not self._said:
            return document.end
        return document.screen + max(self.core.rows, document.used() + len(self._said))

    @property
    def top(self) -> int:
        """The number of the row that is seen first."""
        return self.end - self.size.height - self.back

    @property
    def above(self) -> int:
        """How far back one can look."""
        return max(0, self.end - self.size.height - self.document.first)

    def say(self, text: str) -> None:
        """Show lines of the application's own below the machine's text, until the machine writes on.

        They stay in `text()`.
        """
        number = self.document.screen + self.document.used()
        lines = [one_line(line).rstrip() for line in text.splitlines() or [""]]
        self._said += lines
        self._all_said += [(number, line) for line in lines]
        del self._all_said[:-MOST_SAID]
        self.look_again()

    def unsay(self) -> None:
        """Take away what was said."""
        if self._said:
            self._said.clear()
            self.look_again()

    def core_changed(self) -> None:
        """The core was fed, or has another size: show it with the next frame."""
        changes = self.core.take_changes()
        self.document.take(changes)
        self._changed.update(changes.rows)
        if changes.everything or changes.history_cleared:
            self._all_changed = True
        if self.back:
            self.back = 0 if changes.history_cleared else min(self.back + changes.added, self.above)
            self._all_changed = True
        self.paint_soon()

    def scroll_rows(self, rows: int) -> None:
        """Look further back (more than 0) or towards the end."""
        back = max(0, min(self.back + rows, self.above))
        if back != self.back:
            self.back = back
            self.scrolled()
            self.look_again()

    def scrolled(self) -> None:
        """Another part is seen; for subclasses."""

    def reveal(self, number: int) -> None:
        """Scroll as little as needed to see a row."""
        if number < self.top:
            self.scroll_rows(self.top - number)
        elif number >= self.top + self.size.height:
            self.scroll_rows(self.top + self.size.height - 1 - number)

    # --- when to paint ----------------------------------------------------------------------------

    def look_again(self) -> None:
        """Every row may look different."""
        self._all_changed = True
        self.paint_soon()

    def paint_soon(self) -> None:
        """Paint now if the last frame is old enough, else when it is."""
        if self._paint_timer is not None or not self.is_attached:
            return
        wait = self._painted + self.frame - perf_counter()
        if wait <= 0:
            self._paint()
        else:
            self._paint_timer = self.set_timer(wait, self._paint)

    @property
    def painted(self) -> bool:
        """Whether everything that the core was fed is on the screen, or was given to Textual to show."""
        return self._paint_timer is None and not self._changed and not self._all_changed

    def _held(self) -> bool:
        """Whether the machine is drawing a frame that shall be seen as a whole."""
        if not self.core.modes.synchronized:
            self._held_since = None
            return False
        now = perf_counter()
        if self._held_since is None:
            self._held_since = now
        return now - self._held_since < LONGEST_HOLD

    def _paint(self) -> None:
        """Make the rows that changed anew, and have Textual show those that look different."""
        if self._paint_timer is not None:
            self._paint_timer.stop()
            self._paint_timer = None
        width, height = self.size
        if not width or not height or self._hidden or not self.is_attached:
            self._all_changed = True
            return
        if self._held():
            self._paint_timer = self.set_timer(FRAME, self._paint)
            return
        self._painted = perf_counter()
        regions = [Region(0, y, width, 1) for y in self._make_rows(width, height)]
        if len(regions) == height:
            self.refresh()
        elif regions:
            self.refresh(*regions)

    def _make_rows(self, width: int, height: int) -> list[int]:
        """The rows that look different now."""
        modes = self.core.modes
        if modes.reverse_screen is not self._reversed:
            self._reversed = modes.reverse_screen
            self._new_looks()
        top, everything = self.top, self._all_changed or len(self._rows) != height
        cursor = self.core.cursor
        cursor_row = self.document.screen - top + cursor.y
        if everything or top - self._top != self.document.screen - self._screen_painted:
            rows = set(range(height))
            self._rows = (self._rows + [Strip.blank(width)] * height)[:height]
        else:
            shift = self.document.screen - top
            rows = {row + shift for row in self._changed}
            rows |= {row for row in (self._cursor_row, cursor_row) if row is not None}
        self._top, self._screen_painted = top, self.document.screen
        self._changed.clear()
        self._all_changed = False
        self._cursor_row = cursor_row
        different = []
        for y in sorted(row for row in rows if 0 <= row < height):
            strip = self._row(top + y, y, width, cursor)
            if strip is not self._rows[y]:
                self._rows[y] = strip
                different.append(y)
        if self.has_focus and 0 <= cursor_row < height:
            # Textual leaves the user's own cursor there, unseen: an input method opens its window beside it.
            self.app.cursor_position = self.content_region.offset + Offset(
                min(cursor.x, width - 1), cursor_row
            )
        return different

    def render_line(self, y: int) -> Strip:
        """A row as it was made for the last frame (Textual's line API)."""
        if y < len(self._rows):
            return self._rows[y]
        return Strip.blank(self.size.width, self.rich_style)

    # --- a row ------------------------------------------------------------------------------------

    def _row(self, number: int, y: int, width: int, cursor: Cursor) -> Strip:
        said = self._said_at(number)
        if said is not None:
            return self._painter.text(f"▌ {said}", width, self.style("said"))
        line = self.document.line(number) if number < self.document.end else BLANK
        marks = self.marks(number, line)
        bar = None
        if self._cursor_seen(cursor) and number == self.document.screen + cursor.y:
            start, end = glyphs.span_at(line, min(cursor.x, width - 1))
            marks.append(Mark(start, end, self._cursor_style(cursor)))
            if self._is_bar(cursor) and not glyphs.between(line, start, end).strip():
                bar = start
        strip = self._painter.strip(line, width, marks)
        if bar is not None:
            strip = covered(strip, bar, Strip([Segment("▏", self._bar_style())]))
        return self.over(strip, y, width)

    def _said_at(self, number: int) -> str | None:
        if not self._said:
            return None
        index = number - self.document.screen - self.document.used()
        return self._said[index] if 0 <= index < len(self._said) else None

    def marks(self, number: int, line: Line) -> list[Mark]:
        """What lies over a row of the text; for subclasses."""
        del number, line
        return []

    def over(self, strip: Strip, y: int, width: int) -> Strip:
        """What lies over a row in sight: while one looks back, a bar, and how far back that is."""
        if not self.back:
            return strip
        height = self.size.height
        above = max(1, self.above)
        size = max(1, round(height * height / (above + height)))
        start = round((above - self.back) / above * (height - size))
        name = "thumb" if start <= y < start + size else "bar"
        strip = covered(strip, width - 1, Strip([Segment("▐", self.style(name))]))
        if y == 0:
            words = f" ↑ {self.back:,} of {self.above:,} "
            strip = covered(strip, width - 1 - len(words), Strip([Segment(words, self.style("place"))]))
        return strip

    # --- looks ------------------------------------------------------------------------------------

    def style(self, name: str) -> Style:
        """The style `terminal--<name>`, as far as it says anything."""
        return self.get_component_rich_style(f"terminal--{name}", partial=True)

    def _new_looks(self) -> None:
        palette = Palette.of_theme(self.app.current_theme)
        self._painter = Painter(Looks(palette, reversed_screen=self._reversed))
        self._all_changed = True

    def notify_style_update(self) -> None:
        """Another theme: every row is made anew."""
        super().notify_style_update()
        if self.is_attached:
            self._new_looks()
            self.paint_soon()

    def _cursor_seen(self, cursor: Cursor) -> bool:
        return cursor.visible and self.mode is Mode.NONE

    def _is_bar(self, cursor: Cursor) -> bool:
        return cursor.shape is CursorShape.BAR and self.has_focus

    def _cursor_style(self, cursor: Cursor) -> Style:
        """A full block with the focus, a shade of one without; underlined, or a bar's shade, where that is asked for.

        A cell can hold no bar beside its character.
        """
        palette = self._painter.looks.palette
        if palette.native:
            block = self.has_focus and cursor.shape is CursorShape.BLOCK
            return Style(reverse=True) if block else Style(underline=True)
        if not self.has_focus:
            return Style(bgcolor=self._shade(0.4))
        if cursor.shape is CursorShape.UNDERLINE:
            return Style(underline=True, bold=True, bgcolor=self._shade(0.25))
        if cursor.shape is CursorShape.BAR:
            return Style(bgcolor=self._shade(0.25))
        return self.style("cursor")

    def _bar_style(self) -> Style:
        look = self._painter.looks.of(PLAIN)
        cursor = self.style("cursor")
        return look + Style(color=cursor.bgcolor) if cursor.bgcolor else look

    def _shade(self, part: float) -> RichColour:
        cursor = self.style("cursor").bgcolor
        strong = Color.from_rich_color(cursor).rgb if cursor else self._painter.looks.palette.foreground
        return RichColour.from_rgb(*blend(self._painter.looks.palette.background, strong, part))

    # --- Textual's events -------------------------------------------------------------------------

    def on_mount(self) -> None:
        """The theme is known."""
        self._new_looks()
        self.paint_soon()

    def on_show(self) -> None:
        """It can be seen (again): what came meanwhile was not painted."""
        self._hidden = False
        self.look_again()

    def on_hide(self) -> None:
        """Nobody sees it: the machine goes on, nothing is painted."""
        self._hidden = True

    def on_focus(self) -> None:
        """The cursor looks different."""
        self.look_again()

    def on_blur(self) -> None:
        """The cursor looks different."""
        self.look_again()
