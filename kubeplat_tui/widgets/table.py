"""The table of every list: typed columns, rows by key, refresh by difference, sort, filter, marks, copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.cells import Mark, Tone, cut_end, cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual import events

    from kubeplat_tui.services.values import Value

Row = TypeVar("Row")
Item = TypeVar("Item")
Cell = str | Mark
HEAD = 2
"""Lines above the rows: the title and the column heads."""
GAP = 2


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. On a narrow screen the one with the least `weight` goes first; 100 never goes."""

    title: str
    get: Callable[[Row], Cell]
    align: Literal["left", "right"] = "left"
    tone: Tone = Tone.PLAIN
    cut: Literal["middle", "end"] = "middle"
    shortest: int = 8
    """Cells a long value may be cut down to before a column is left out."""
    longest: int = 60
    weight: int = 50
    sort: Callable[[Row], float | str] | None = None
    """What to sort by; without it the text itself."""
    raw: Callable[[Row], Value] | None = None
    """What an export to JSON holds; without it the text itself."""

    def cell_text(self, cell: Cell, width: int) -> str:
        """The cell in exactly `width` cells."""
        text = str(cell)
        text = cut_middle(text, width) if self.cut == "middle" else cut_end(text, width)
        room = " " * (width - cell_len(text))
        return room + text if self.align == "right" else text + room


@dataclass(frozen=True, slots=True)
class TableData:
    """What an export writes: the rows shown, under the columns' titles."""

    noun: str
    titles: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    raws: tuple[tuple[Value, ...], ...]


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
        self._key = key
        self._opens = opens
        self._section = section
        self._rows: dict[str, Row] = {}
        self._cells: dict[str, tuple[Cell, ...]] = {}
        self._order: list[str] = []
        self._lines: list[int | str] = []
        """What stands on each line below the heads: the index of a row in `_order`, or a heading."""
        self._line_of: list[int] = []
        self._cursor = 0
        self._column = 0
        self._sort = next((number for number, column in enumerate(self.columns) if column.title == sort), -1)
        self._descending = descending
        self._filter = ""
        self._marked: set[str] = set()
        self._notes: tuple[str, ...] = ()
        self._layout: list[tuple[int, int]] = []
        self._strips: dict[tuple[str, bool, bool], Strip] = {}

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """Every row, in the order given."""
        return list(self._rows.values())

    @property
    def shown(self) -> list[Row]:
        """The rows that pass the filter, in the order seen."""
        return [self._rows[key] for key in self._order]

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self._order[self._cursor]] if self._order else None

    @property
    def column(self) -> int:
        """The column under the cursor; one that had to give way is stood in for by the first."""
        visible = [number for number, _ in self._layout]
        return self._column if self._column in visible or not visible else visible[0]

    @property
    def marked(self) -> list[Row]:
        """The marked rows, in the order seen; those that are gone are not among them."""
        return [self._rows[key] for key in self._order if key in self._marked]

    @property
    def filter(self) -> str:
        """The filter as typed."""
        return self._filter

    def set_rows(self, rows: Iterable[Row]) -> None:
        """Show these rows. The cursor, the marks and the scroll position stay with the rows they were on."""
        fresh = {self._key(row): row for row in rows}
        cells = {key: tuple(column.get(row) for column in self.columns) for key, row in fresh.items()}
        same = list(fresh) == list(self._rows)
        changed = {key for key, cell in cells.items() if self._cells.get(key) != cell}
        self._rows, self._cells = fresh, cells
        if same and not changed:
            return
        self._marked &= fresh.keys()
        for stale in [at for at in self._strips if at[0] in changed or at[0] not in fresh]:
            del self._strips[stale]
        self._arrange()

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
        if key in self._order:
            self._put_cursor(self._order.index(key))

    def set_filter(self, text: str) -> str:
        """Show only rows that match the regular expression `text` (`!` first: that do not); "" shows all.

        Returns a sentence where `text` is no regular expression; the filter before it then stays.
        """
        try:
            re.compile(text.removeprefix("!"))
        except re.error as error:
            return f"Not a regular expression yet: {error}."
        self._filter = text
        self._arrange()
        return ""

    def data(self) -> TableData:
        """The rows shown (the marked ones, where some are), for an export."""
        keys = [key for key in self._order if key in self._marked] or self._order
        return TableData(
            self.noun,
            tuple(column.title for column in self.columns),
            tuple(tuple(_text(cell) for cell in self._cells[key]) for key in keys),
            tuple(
                tuple(
                    column.raw(self._rows[key]) if column.raw else _text(cell)
                    for column, cell in zip(self.columns, self._cells[key], strict=True)
                )
                for key in keys
            ),
        )

    # --- actions ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works on no rows; Enter only where it opens something."""
        if action in {"mark", "copy", "copy_row", "export", "sort", "move"}:
            return bool(self._order)
        if action == "open":
            return self._opens and bool(self._order)
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
        to = {
            "down": self._cursor + 1,
            "up": self._cursor - 1,
            "first": 0,
            "last": len(self._order) - 1,
            "half_down": self._cursor + page // 2,
            "half_up": self._cursor - page // 2,
            "page_down": self._cursor + page,
            "page_up": self._cursor - page,
        }[how]
        self._put_cursor(to)

    def action_mark(self) -> None:
        """Mark the row or take its mark, and go on to the next."""
        if self._order:
            self._marked ^= {self._order[self._cursor]}
            self._put_cursor(self._cursor + 1)
            self.refresh()

    def action_sort(self) -> None:
        """Sort by the column under the cursor; by it already: the other way round."""
        self._descending = not self._descending if self._sort == self.column else False
        self._sort = self.column
        self._arrange()

    def action_copy(self) -> None:
        """Copy the cell under the cursor."""
        if self._order:
            text = _text(self._cells[self._order[self._cursor]][self.column])
            self.app.copy_to_clipboard(text)
            self.app.notify(f"{self.columns[self.column].title} copied: {cut_middle(text, 50)}", markup=False)

    def action_copy_row(self) -> None:
        """Copy the row, or the marked ones."""
        data = self.data() if self._marked else None
        rows = data.texts if data else [tuple(_text(cell) for cell in self._cells[self._order[self._cursor]])]
        self.app.copy_to_clipboard("\n".join("\t".join(row) for row in rows))
        self.app.notify("1 row copied." if len(rows) == 1 else f"{len(rows)} rows copied.")

    def action_export(self) -> None:
        """Ask the screen to export what is shown."""
        self.post_message(self.ExportWanted(self.data()))

    # --- order and cursor -------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Filter, sort, measure; the cursor stays on its row, else on its line."""
        before = self._order[self._cursor] if self._order else None
        had = bool(self._order)
        keys = list(self._rows)
        if self._filter:
            wanted = not self._filter.startswith("!")
            pattern = re.compile(self._filter.removeprefix("!"), re.IGNORECASE)
            keys = [
                key for key in keys if bool(pattern.search("  ".join(map(str, self._cells[key])))) is wanted
            ]
        if self._sort >= 0:
            keys.sort(key=self._sort_key, reverse=self._descending)
        self._order = keys
        self._lay_out()
        self._measure()
        self._put_cursor(keys.index(before) if before in keys else self._cursor)
        if had != bool(self._order):
            self.refresh_bindings()
        self.refresh()

    def _lay_out(self) -> None:
        self._lines, self._line_of = [], []
        heading = ""
        for index, key in enumerate(self._order):
            if self._section is not None and self._sort < 0:
                section = self._section(self._rows[key])
                if section != heading:
                    self._lines.append(section)
                    heading = section
            self._line_of.append(len(self._lines))
            self._lines.append(index)

    def _sort_key(self, key: str) -> tuple[int, float, str]:
        column = self.columns[self._sort]
        value = (
            column.sort(self._rows[key]) if column.sort else _text(self._cells[key][self._sort]).casefold()
        )
        return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")

    def _put_cursor(self, index: int) -> None:
        self._cursor = max(0, min(len(self._order) - 1, index))
        height = self.size.height - HEAD
        if height > 0 and self._order:
            top, line = self.scroll_offset.y, self._line_of[self._cursor]
            # The heading above a section's first row comes into sight with it.
            first = line - 1 if line and isinstance(self._lines[line - 1], str) else line
            if first < top:
                self.scroll_to(y=first, animate=False)
            elif line >= top + height:
                self.scroll_to(y=line - height + 1, animate=False)
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
        self.virtual_size = Size(width, len(self._lines) + HEAD)
        self._strips.clear()
        room = width - 2
        natural = [
            max(
                cell_len(column.title) + (2 if number == self._sort else 0),
                max(
                    (min(column.longest, cell_len(str(self._cells[key][number]))) for key in self._rows),
                    default=0,
                ),
            )
            for number, column in enumerate(self.columns)
        ]
        least = [
            max(cell_len(column.title), min(width, column.shortest))
            if column.align == "left" and column.tone is not Tone.GOOD
            else width
            for column, width in zip(self.columns, natural, strict=True)
        ]
        kept = list(range(len(self.columns)))
        while len(kept) > 1 and sum(least[number] + GAP for number in kept) - GAP > room:
            kept.remove(min(kept, key=lambda number: (self.columns[number].weight, -number)))
        widths = {number: natural[number] for number in kept}
        over = sum(widths.values()) + GAP * (len(kept) - 1) - room
        while over > 0:
            widest = max(kept, key=lambda number: widths[number] - least[number])
            if widths[widest] <= least[widest]:
                break
            widths[widest] -= 1
            over -= 1
        self._layout = [(number, widths[number]) for number in kept]

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
            if not self._order and self._rows and y == HEAD + 1:
                strip = Strip(
                    [Segment("  Nothing matches; esc takes the filter away.", self._style("quiet"))]
                )
        return strip.adjust_cell_length(width, base).apply_style(Style(bgcolor=base.bgcolor))

    def _at_line(self, y: int) -> int | str:
        """The row's index or the heading on line `y` of the widget, "" where there is neither."""
        line = y - HEAD + self.scroll_offset.y
        return self._lines[line] if line < len(self._lines) else ""

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"table--{name}", partial=True)

    def _title(self) -> Strip:
        shown, all_ = len(self._order), len(self._rows)
        count = f"({shown}/{all_})" if self._filter else f"({all_})"
        notes = [f"filter {self._filter}"] if self._filter else []
        if self._marked:
            notes.append(f"{len(self._marked)} marked")
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
            arrow = (" ↓" if self._descending else " ↑") if number == self._sort else ""
            title = cut_end(column.title, max(1, width - len(arrow))) + arrow
            current = number == self.column and self.has_focus
            room = " " * (width - cell_len(title))
            style = self._style("head-current" if current else "head")
            pieces = [Segment(room), Segment(title, style)]
            segments += pieces if column.align == "right" else reversed(pieces)
            segments.append(Segment(" " * GAP))
        return Strip(segments)

    def _row(self, index: int, width: int) -> Strip:
        key = self._order[index]
        here = index == self._cursor
        at = (key, here, here and self.has_focus)
        marked = key in self._marked
        if at in self._strips and not marked:
            return self._strips[at]
        lead = "▌" if here else " "
        segments = [
            Segment(lead, self._style("accent")),
            Segment("+" if marked else " ", self._style("marked")),
        ]
        for number, cell_width in self._layout:
            column, cell = self.columns[number], self._cells[key][number]
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
            x = 2
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


def _text(cell: Cell) -> str:
    """A cell as it is copied and exported: a state by its word."""
    return cell.word if isinstance(cell, Mark) else cell
