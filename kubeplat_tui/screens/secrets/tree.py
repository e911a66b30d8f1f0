"""The tree of the secrets: folders and files with their state, size, age and expiry, on lines drawn when seen."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.message import Message

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.secrets.columns import GAP, WIDTHS, cell, columns, name_width
from kubeplat_tui.screens.secrets.looks import look, readers_of
from kubeplat_tui.screens.secrets.outline import Kind, Node, Outline
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.widgets.cells import Mark, Tone, cut_end, cut_middle
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.pattern import Pattern
from kubeplat_tui.widgets.plan_tree import Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.style import Style
    from textual.binding import BindingType

    from kubeplat_tui.services.secrets.model import SecretFile
    from kubeplat_tui.widgets.safe_text import Span

INDENT = 2


class SecretTree(LineView):
    """Shows one outline after the other; cursor, folds and marks stay with their keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "secrets.open",
            "plan.into",
            "plan.out",
            "secrets.open_all",
            "secrets.close_all",
            "table.mark",
            "secrets.copy_key",
        )
    ]

    class Opened(Message):
        """Enter on a file."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Highlighted(Message):
        """The cursor is on another row, or this row is not what it was."""

    class Changed(Message):
        """The title has to say something else."""

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._now = now
        self._outline: Outline | None = None
        self._rows: list[int] = []
        self._folds: dict[str, bool] = {}
        self._filter = ""
        self._pattern: Pattern | None = None
        self._passing: set[int] | None = None
        self._found_open: dict[str, bool] = {}
        """Folds under the filter: it opens everything, and takes its folds with it."""
        self._folders_closed = self._folders_open = False
        """Whether a folder that is seen is closed, or open."""
        self.marks: set[str] = set()

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def outline(self) -> Outline | None:
        """What is shown."""
        return self._outline

    @property
    def current(self) -> Node | None:
        """The row under the cursor."""
        if self._outline is None or self.cursor >= len(self._rows):
            return None
        return self._outline.nodes[self._rows[self.cursor]]

    @property
    def filter(self) -> str:
        """The filter as typed."""
        return self._filter

    @property
    def matching(self) -> int:
        """How many files the filter leaves."""
        outline = self._outline
        if outline is None:
            return 0
        if self._passing is None:
            return outline.files
        return sum(outline.nodes[place].kind is Kind.FILE for place in self._passing)

    def show(self, outline: Outline) -> None:
        """Show another outline."""
        before, fallback = self.current, self.cursor
        self._outline = outline
        self.marks = {key for key in self.marks if key in outline.at}
        self._passing = None if self._pattern is None else outline.passing(self._pattern)
        self._arrange(before.key if before is not None else None, fallback)

    def set_filter(self, text: str) -> str:
        """Show only what matches; returns a sentence where `text` is no regular expression."""
        try:
            pattern = Pattern.parse(text)
        except InputError as error:
            return str(error)
        before = self.current
        self._filter = text if pattern is not None else ""
        self._pattern = pattern
        self._found_open.clear()
        if self._outline is not None:
            self._passing = None if pattern is None else self._outline.passing(pattern)
            self._arrange(before.key if before is not None else None, 0)
        return ""

    def chosen(self) -> list[SecretFile]:
        """The files that a key acts on: the marked ones, else those at and below the cursor; in their order.

        Under a filter, what it hides is not among those below a folder.
        """
        outline, node = self._outline, self.current
        if outline is None:
            return []
        if self.marks:
            marked = (outline.nodes[place].file for place in sorted(outline.at[key] for key in self.marks))
            return [file for file in marked if file is not None]
        return [] if node is None else list(outline.below(self._rows[self.cursor], self._passing))

    @property
    def one_by_one(self) -> bool:
        """Whether the files of `chosen` were each pointed at, not swept up with a folder."""
        node = self.current
        return bool(self.marks) or (node is not None and node.kind is Kind.FILE)

    def listed(self) -> list[Node]:
        """The files for a list: the marked ones, else those that the filter leaves, open or not."""
        if self._outline is None:
            return []
        nodes = self._outline.nodes
        if self.marks:
            return [nodes[place] for place in sorted(self._outline.at[key] for key in self.marks)]
        places = range(len(nodes)) if self._passing is None else sorted(self._passing)
        return [nodes[place] for place in places if not nodes[place].holds]

    def go_to(self, key: str) -> None:
        """Put the cursor on a key, where it is seen."""
        at = self._row_of(key)
        if at is not None:
            self.cursor = at

    def _is_open(self, node: Node) -> bool:
        if self._pattern is not None:
            return self._found_open.get(node.key, True)
        return self._folds.get(node.key, node.begins_open)

    def _arrange(self, key: str | None, fallback: int) -> None:
        """The rows are others: the cursor stays on its key, else on its line."""
        outline = self._outline
        self._rows = [] if outline is None else outline.rows(self._is_open, self._passing)
        seen = [] if outline is None else [outline.nodes[place] for place in self._rows]
        self._folders_closed = any(node.kind is Kind.FOLDER and not self._is_open(node) for node in seen)
        self._folders_open = any(node.kind is Kind.FOLDER and self._is_open(node) for node in seen)
        at = self._row_of(key)
        self.set_reactive(SecretTree.cursor, self.validate_cursor(fallback if at is None else at))
        self.rows_changed()
        self.reveal(self.cursor)
        self.refresh_bindings()
        self.post_message(self.Changed())
        self.post_message(self.Highlighted())

    def _row_of(self, key: str | None) -> int | None:
        """The row of a key, or of the closed folder that it is in."""
        if key is None or self._outline is None or key not in self._outline.at:
            return None
        place = self._outline.at[key]
        while place >= 0:
            row = bisect_left(self._rows, place)  # the rows are in the order of their places
            if row < len(self._rows) and self._rows[row] == place:
                return row
            place = self._outline.nodes[place].parent
        return None

    # --- rows -------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many rows can be seen."""
        return len(self._rows)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One row, drawn."""
        if self._outline is None:
            raise IndexError(index)
        node = self._outline.nodes[self._rows[index]]
        kept = columns(width)
        room = name_width(width, kept)
        text, spans = self._name_of(node, room)
        text += " " * (room - cell_len(text))
        line = Line(width - room)
        cells = look(node, self._now())
        marks = (
            cells.state,
            Mark("", cells.size, Tone.QUIET),
            Mark("", cells.age, Tone.QUIET),
            cells.expires,
        )
        for column, mark in zip(WIDTHS, marks, strict=True):
            if column in kept:
                line.add(" " * GAP)
                line.add(cell(column, str(mark)), self.style(mark.tone))
        rest, styles = line.finish()
        start = len(text)
        return text + rest, [*spans, *((start + begin, start + end, style) for begin, end, style in styles)]

    def _name_of(self, node: Node, width: int) -> tuple[str, list[Span]]:
        """Mark, indent, fold, name; behind a folder's name its count and who may read it."""
        line = Line(max(0, width))
        marked = node.key in self.marks
        line.add("+" if marked else " ", self.style(Tone.ACCENT), self.style("strong"))
        line.add(" " * (INDENT * node.depth))
        if node.kind is Kind.FOLDER:
            line.add("▾ " if self._is_open(node) else "▸ ", self.style(Tone.QUIET))
        if node.holds:
            self._folder(line, node)
        else:
            line.add(" " * INDENT)
            line.add(node.name, *self._file_styles(node, marked=marked))
        return line.finish()

    def _folder(self, piece: Line, node: Node) -> None:
        count = f" ({node.files or node.children})"
        readers = readers_of(node)
        tone = Tone.QUIET if node.machines else Tone.ACCENT if node.kind is Kind.BUCKET else Tone.PLAIN
        name = cut_middle(node.name, max(4, piece.room - cell_len(count)))
        piece.add(name, self.style(tone), *(() if node.machines else (self.style("strong"),)))
        piece.add(cut_end(count, piece.room), self.style(Tone.QUIET))
        piece.add(cut_end(f"  {readers}" if readers else "", piece.room), self.style(Tone.QUIET))

    def _file_styles(self, node: Node, *, marked: bool) -> tuple[Style, ...]:
        if marked:
            return self.style(Tone.ACCENT), self.style("strong")
        return (self.style(Tone.QUIET if node.machines else Tone.PLAIN),)

    # --- moving and folding -----------------------------------------------------------------------

    def watch_cursor(self, old: int, new: int) -> None:
        """Another row: what can be done, and the preview, follow."""
        super().watch_cursor(old, new)
        self.refresh_bindings()
        self.post_message(self.Highlighted())

    def width_changed(self) -> None:
        """Another size, of width or height: the cursor's row stays in sight."""
        self.reveal(self.cursor)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing works on no rows; the machines' own can be neither marked nor moved."""
        node = self.current
        if action in {"open", "copy_key", "into", "out"}:
            return node is not None
        if action in {"open_all", "close_all"}:
            return self._folders_closed if action == "open_all" else self._folders_open
        if action == "mark":
            return node is not None and node.kind is Kind.FILE
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        """Open or close a folder; go into a file's preview."""
        node = self.current
        if node is None:
            return
        if node.holds:
            self._fold(node, is_open=not self._is_open(node))
        else:
            self.post_message(self.Opened(node))

    def clicked(self) -> None:
        """A click on the cursor's row is Enter."""
        self.action_open()

    def action_into(self) -> None:
        """Open the folder, or go to its first row; a file is gone into."""
        node = self.current
        if node is None:
            return
        if not node.holds:
            self.post_message(self.Opened(node))
        elif not self._is_open(node):
            self._fold(node, is_open=True)
        else:
            self.cursor += 1

    def action_out(self) -> None:
        """Close the folder, or go to what holds the row."""
        node, outline = self.current, self._outline
        if node is None or outline is None:
            return
        if node.kind is Kind.FOLDER and self._is_open(node):
            self._fold(node, is_open=False)
        elif node.parent >= 0:
            self.go_to(outline.nodes[node.parent].key)

    def action_open_all(self) -> None:
        """Open every folder."""
        self._fold_all(is_open=True)

    def action_close_all(self) -> None:
        """Close every folder."""
        self._fold_all(is_open=False)

    def action_mark(self) -> None:
        """Mark the file or take its mark, and go on to the next row."""
        node = self.current
        if node is not None and node.kind is Kind.FILE:
            self.marks ^= {node.key}
            self.rows_changed()
            self.cursor += 1
            self.post_message(self.Changed())
            self.refresh_bindings()

    def clear_marks(self) -> None:
        """Take every mark away."""
        self.marks.clear()
        self.rows_changed()
        self.post_message(self.Changed())
        self.refresh_bindings()

    def action_copy_key(self) -> None:
        """Copy the key of the object, the folder's path, or the bucket's name."""
        node = self.current
        if node is not None and self._outline is not None:
            text = node.key or self._outline.bucket
            self.app.copy_to_clipboard(text)
            self.app.notify(f"Copied: {cut_middle(text, 50)}", markup=False)

    def _fold(self, node: Node, *, is_open: bool) -> None:
        (self._folds if self._pattern is None else self._found_open)[node.key] = is_open
        self._arrange(node.key, self.cursor)

    def _fold_all(self, *, is_open: bool) -> None:
        if self._outline is None:
            return
        here = self.current
        folds = self._folds if self._pattern is None else self._found_open
        folds.update({node.key: is_open for node in self._outline.nodes if node.kind is Kind.FOLDER})
        self._arrange(here.key if here is not None else None, 0)
