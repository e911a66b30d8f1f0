"""The table of every list: typed columns, rows by key, refresh by difference, sort, filter, marks, copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.cells import Mark, Tone, cut_end, cut_middle
from kubeplat_tui.widgets.columns import GAP, Column, TableData, fit, natural_widths
from kubeplat_tui.widgets.moves import rows_of
from kubeplat_tui.widgets.table_rows import TableRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual import events

__all__ = ["Column", "ResourceTable", "TableData"]

Row = TypeVar("Row")
Item = TypeVar("Item")
HEAD = 2
"""Lines above the rows: the title and the column heads."""
LEAD = 2
"""Cells before the first column: the cursor's bar and the mark."""


class ResourceTable(ScrollView, Generic[Row], can_focus=True):
    """Rows of one kind of thing. `noun` names them in the title: `Instances (7/12)`."""

    BINDINGS = bindings(
        "table.open",
        *(
            f"move.{name}"
            for name in (
                "down",
                "up",
                "first",
                "last",
                "half_down",
                "half_up",
                "page_down",
                "page_up",
                "left",
                "right",
            )
        ),
        "table.mark",
        "table.sort",
        "table.copy",
        "table.copy_row",
        "table.export",
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--title",
        "table--head",
        "table--head-current",
        "table--cursor",
        "table--cursor-idle",
        "table--marked",
        "table--section",
        *(f"table--{tone}" for tone in Tone),
    }
    DEFAULT_CSS = """
    ResourceTable {
        height: 1fr; padding: 0 1; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    ResourceTable > .table--title { color: $foreground; text-style: bold; }
    ResourceTable > .table--head { color: $quiet; }
    ResourceTable > .table--head-current { color: $quiet; text-style: underline; }
    ResourceTable > .table--cursor { background: $cursor; text-style: bold; }
    ResourceTable > .table--cursor-idle { background: $cursor-idle; }
    ResourceTable > .table--marked { color: $primary; text-style: bold; }
    ResourceTable > .table--section { color: $primary; }
    ResourceTable > .table--plain { color: $foreground; }
    ResourceTable > .table--quiet { color: $quiet; }
    ResourceTable > .table--accent { color: $primary; }
    ResourceTable > .table--good { color: $success; }
    ResourceTable > .table--changing { color: $changing; }
    ResourceTable > .table--warning { color: $warning; }
    ResourceTable > .table--bad { color: $error; }
    """

    class Opened(Message, Generic[Item]):
        """Enter on a row, or a double click."""

        def __init__(self, table: ResourceTable[Item], row: Item) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> ResourceTable[Item]:
            """The table, for `@on(ResourceTable.Opened, "#id")`."""
            return self.table

    class Highlighted(Opened[Item]):
        """The cursor is on another row (or this row's values changed)."""

    class ExportWanted(Message):
        """`e` was pressed: the screen asks where to."""

        def __init__(self, data: TableData) -> None:
            super().__init__()
            self.data = data

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        key: Callable[[Row], str],
        noun: str,
        sort: str = "",
        descending: bool = False,
        opens: bool = True,
        section: Callable[[Row], str] | None = None,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        """`sort` is the title of the column to begin with ("": the order the rows are given in).

        `opens` says whether Enter does something: the screen then handles `Opened`. `section` gives a
        heading that stands above the first row of each, while the rows are in the order given.
        """
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.noun = noun
        self._opens = opens
        self._data = TableRows(self.columns, key, section)
        self._data.sorted_by = next(
            (at for at, column in enumerate(self.columns) if column.title == sort), -1
        )
        self._data.descending = descending
        self._cursor = 0
        self._column = 0
        self._notes: tuple[str, ...] = ()
        self._layout: list[tuple[int, int]] = []
        self._strips: dict[tuple[str, bool, bool], Strip] = {}

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """Every row, in the order given."""
        return list(self._data.by_key.values())

    @property
    def shown(self) -> list[Row]:
        """The rows that pass the filter, in the order seen."""
        return [self._data.by_key[key] for key in self._data.order]

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._data.by_key[self._data.order[self._cursor]] if self._data.order else None

    @property
    def column(self) -> int:
        """The column under the cursor; one that had to give way is stood in for by the first."""
        visible = [number for number, _ in self._layout]
        return self._column if self._column in visible or not visible else visible[0]

    @property
    def marked(self) -> list[Row]:
        """The marked rows, in the order seen; those that are gone are not among them."""
        return [self._data.by_key[key] for key in self._data.order if key in self._data.marked]

    @property
    def filter(self) -> str:
        """The filter as typed."""
        return self._data.filter

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Show these rows. The cursor, the marks and the scroll position stay with the rows they were on."""
        before = self._key_here
        changed = self._data.set(rows)
        if changed is not None:
            self._rearranged(before)

    def set_notes(self, notes: tuple[str, ...]) -> None:
        """Words of the screen's own beside the title."""
        if notes != self._notes:
            self._notes = notes
            self.refresh()

    def start_at(self, title: str) -> None:
        """Put the cursor on the column with this title: what `y` copies first."""
        self._column = next(number for number, column in enumerate(self.columns) if column.title == title)

    def go_to(self, key: str) -> None:
        """Put the cursor on the row with this key, where it is shown."""
        if key in self._data.order:
            self._put_cursor(self._data.order.index(key))

    def set_filter(self, text: str) -> str:
        """Show only rows that match the regular expression `text` (`!` first: that do not); "" shows all.

        Returns a sentence where `text` is no regular expression; the filter before it then stays.
        """
        before = self._key_here
        problem = self._data.set_filter(text)
        if not problem:
            self._rearranged(before)
        return problem

    def data(self) -> TableData:
        """The rows shown (the marked ones, where some are), for an export."""
        return self._data.data(self.noun)

    # --- actions ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works on no rows; Enter only where it opens something."""
        if action in {"mark", "copy", "copy_row", "export", "sort", "move"}:
            return bool(self._data.order)
        if action == "open":
            return self._opens and bool(self._data.order)
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        """Tell the screen that a row was opened."""
        row = self.current
        if row is not None:
            self.post_message(self.Opened(self, row))

    def action_move(self, how: str) -> None:
        """Move the cursor: over rows, or over columns with `left` and `right`."""
        if how in {"left", "right"}:
            visible = [number for number, _ in self._layout]
            if visible:
                at = visible.index(self.column) + (1 if how == "right" else -1)
                self._column = visible[max(0, min(len(visible) - 1, at))]
            self.refresh()
            return
        page = max(1, self.size.height - HEAD)
        self._put_cursor(self._cursor + rows_of(how, page, len(self._data.order)))

    def action_mark(self) -> None:
        """Mark the row or take its mark, and go on to the next."""
        if self._data.order:
            self._data.marked ^= {self._data.order[self._cursor]}
            self._put_cursor(self._cursor + 1)
            self.refresh()

    def action_sort(self) -> None:
        """Sort by the column under the cursor; by it already: the other way round."""
        before = self._key_here
        self._data.sort_by(self.column)
        self._rearranged(before)

    def action_copy(self) -> None:
        """Copy the cell under the cursor."""
        if self._data.order:
            text = self._data.words(self._data.order[self._cursor])[self.column]
            self.app.copy_to_clipboard(text)
            self.app.notify(f"{self.columns[self.column].title} copied: {cut_middle(text, 50)}", markup=False)

    def action_copy_row(self) -> None:
        """Copy the row, or the marked ones."""
        here = self._key_here
        rows = self.data().texts if self._data.marked else [self._data.words(here)] if here else []
        self.app.copy_to_clipboard("\n".join("\t".join(row) for row in rows))
        self.app.notify("1 row copied." if len(rows) == 1 else f"{len(rows)} rows copied.")

    def action_export(self) -> None:
        """Ask the screen to export what is shown."""
        self.post_message(self.ExportWanted(self.data()))

    # --- order and cursor -------------------------------------------------------------------------

    @property
    def _key_here(self) -> str | None:
        return self._data.order[self._cursor] if self._cursor < len(self._data.order) else None

    def _rearranged(self, before: str | None) -> None:
        """The rows are others, or in another order: the cursor stays on its row, else on its line."""
        order = self._data.order
        self._measure()
        self._put_cursor(order.index(before) if before in order else self._cursor)
        self.refresh_bindings()
        self.refresh()

    def _put_cursor(self, index: int) -> None:
        self._cursor = max(0, min(len(self._data.order) - 1, index))
        height = self.size.height - HEAD
        if height > 0 and self._data.order:
            top, line = self.scroll_offset.y, self._data.line_of[self._cursor]
            # The heading above a section's first row comes into sight with it.
            first = line - 1 if line and isinstance(self._data.lines[line - 1], str) else line
            if first < top:
                self.scroll_to(y=first, animate=False, force=True)
            elif line >= top + height:
                self.scroll_to(y=line - height + 1, animate=False, force=True)
        self.refresh()
        row = self.current
        if row is not None:
            self.post_message(self.Highlighted(self, row))

    # --- drawing ----------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._measure()
        self._put_cursor(self._cursor)

    def watch_show_vertical_scrollbar(self) -> None:
        """A scrollbar takes a cell: the columns share what is left."""
        self._measure()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme changed: drawn lines are stale."""
        super().notify_style_update()
        self._strips.clear()

    def _measure(self) -> None:
        """Decide each column's width: natural; long ones shrink; the lightest are left out."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        self.virtual_size = Size(width, len(self._data.lines) + HEAD)
        self._strips.clear()
        self._layout = fit(
            self.columns, natural_widths(self.columns, self._data.texts(), self._data.sorted_by), width - LEAD
        )

    def render_line(self, y: int) -> Strip:
        """Line `y` of the widget: the title, the heads, then rows."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y == 0:
            strip = self._title()
        elif y == 1:
            strip = self._heads()
        else:
            at = self._at_line(y)
            if isinstance(at, int):
                return self._row(at, width)
            strip = Strip([Segment("  "), Segment(at, self._style("section"))] if at else [])
            if not self._data.order and self._data.by_key and y == HEAD + 1:
                strip = Strip(
                    [Segment("  Nothing matches; esc takes the filter away.", self._style("quiet"))]
                )
        return strip.adjust_cell_length(width, base).apply_style(Style(bgcolor=base.bgcolor))

    def _at_line(self, y: int) -> int | str:
        """The row's index or the heading on line `y` of the widget, "" where there is neither."""
        line = y - HEAD + self.scroll_offset.y
        return self._data.lines[line] if line < len(self._data.lines) else ""

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"table--{name}", partial=True)

    def _title(self) -> Strip:
        shown, all_ = len(self._data.order), len(self._data.by_key)
        count = f"({shown}/{all_})" if self._data.filter else f"({all_})"
        notes = [f"filter {self._data.filter}"] if self._data.filter else []
        if self._data.marked:
            notes.append(f"{len(self._data.marked)} marked")
        notes += self._notes
        return Strip(
            [
                Segment(f"{self.noun} ", self._style("title")),
                Segment(count, self._style("quiet")),
                Segment("".join(f" · {note}" for note in notes), self._style("accent")),
            ]
        )

    def _heads(self) -> Strip:
        segments = [Segment("  ")]
        for number, width in self._layout:
            column = self.columns[number]
            arrow = (" ↓" if self._data.descending else " ↑") if number == self._data.sorted_by else ""
            title = cut_end(column.title, max(1, width - len(arrow))) + arrow
            current = number == self.column and self.has_focus
            room = " " * (width - cell_len(title))
            style = self._style("head-current" if current else "head")
            pieces = [Segment(room), Segment(title, style)]
            segments += pieces if column.align == "right" else reversed(pieces)
            segments.append(Segment(" " * GAP))
        return Strip(segments)

    def _row(self, index: int, width: int) -> Strip:
        key = self._data.order[index]
        here = index == self._cursor
        at = (key, here, here and self.has_focus)
        marked = key in self._data.marked
        if at in self._strips and not marked:
            return self._strips[at]
        lead = "▌" if here else " "
        segments = [
            Segment(lead, self._style("accent")),
            Segment("+" if marked else " ", self._style("marked")),
        ]
        for number, cell_width in self._layout:
            column, cell = self.columns[number], self._data.cells[key][number]
            tone = cell.tone if isinstance(cell, Mark) else column.tone
            if here and tone is Tone.QUIET:
                tone = Tone.PLAIN  # quiet text is hard to read on the cursor's ground
            style = self._style("marked") if marked and number == 0 else self._style(tone)
            segments += [Segment(column.cell_text(cell, cell_width), style), Segment(" " * GAP)]
        base = self.rich_style
        strip = Strip(segments).adjust_cell_length(width, base)
        background = Style(bgcolor=base.bgcolor)
        if here:
            background = self._style("cursor" if self.has_focus else "cursor-idle")
        strip = Strip(
            [Segment(segment.text, (segment.style or base) + background) for segment in strip], width
        )
        if not marked:
            self._strips[at] = strip
        return strip

    # --- mouse ------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset_capture(self)
        if at.y == 1:
            x = LEAD
            for number, width in self._layout:
                if x <= at.x < x + width:
                    self._column = number
                    self.action_sort()
                x += width + GAP
        elif at.y >= HEAD:
            index = self._at_line(at.y)
            if isinstance(index, int):
                self._put_cursor(index)
                if event.chain == 2 and self._opens:
                    self.action_open()
