"""Lines of words that can be copied: the checks, the summary, the description of a thing."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.cells import Tone, cut_middle
from kubeplat_tui.widgets.line_view import GUTTER, LineView
from kubeplat_tui.widgets.plan_tree import Line
from kubeplat_tui.widgets.safe_text import one_line, plain, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from textual.binding import BindingType

    from kubeplat_tui.widgets.safe_text import Span

STRONG = "strong"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line: pieces of text, each with a tone or `STRONG`; `copy` is what `y` copies ("": the text)."""

    pieces: tuple[tuple[str, str], ...] = ()
    copy: str = ""

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(text for text, _ in self.pieces)


class ReportView(LineView):
    """Shows what `make` gives for the width there is."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("line.copy")]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._make: Callable[[int], list[ReportLine]] = lambda _: []
        self._lines: list[ReportLine] = []
        self._made_for = 0

    def show(self, make: Callable[[int], list[ReportLine]]) -> None:
        """Show this from now on."""
        self._make = make
        self._made_for = max(20, self.room - GUTTER)
        self._lines = make(self._made_for)
        self.rows_changed()
        self.refresh_bindings()

    def width_changed(self) -> None:
        """Other line breaks."""
        if self._made_for != max(20, self.room - GUTTER):
            self.show(self._make)

    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One line."""
        line = Line(width)
        for text, style in self._lines[index].pieces:
            line.add(text, self.style(style))
        return line.finish()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to copy where there is nothing."""
        if action == "copy":
            return bool(self._lines)
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        """Copy the line."""
        line = self._lines[self.cursor]
        text = line.copy or line.text.strip()
        self.app.copy_to_clipboard(text)
        self.app.notify(f"Copied: {cut_middle(one_line(text), 50)}", markup=False)


# --- pieces of reports ----------------------------------------------------------------------------


def blank() -> ReportLine:
    """An empty line."""
    return ReportLine()


def heading(text: str, count: int | None = None) -> ReportLine:
    """`Outputs (12)`."""
    return ReportLine(((text, STRONG), (f" ({count})" if count is not None else "", Tone.QUIET)))


def sentence(
    text: str, width: int, *, lead: tuple[tuple[str, str], ...] = (), style: str = Tone.PLAIN
) -> Iterator[ReportLine]:
    """A text in words, wrapped; further lines begin below the first word."""
    indent = sum(cell_len(piece) for piece, _ in lead)
    room = max(12, width - indent)
    rows = [row for line in text.splitlines() for row in textwrap.wrap(plain(line), room) or [""]] or [""]
    for number, row in enumerate(rows):
        yield ReportLine((*(lead if number == 0 else ((" " * indent, Tone.PLAIN),)), (row, style)), copy=text)


def fields(rows: Iterable[tuple[str, str]], width: int, *, longest_name: int = 30) -> Iterator[ReportLine]:
    """Names and values in two columns; a long value takes several lines."""
    rows = list(rows)
    column = min(longest_name, max((cell_len(name) for name, _ in rows), default=0))
    for name, value in rows:
        shown = plain(cut_middle(name, column))
        lead = f"  {shown}{' ' * (column - cell_len(shown))}  "
        for number, piece in enumerate(wrap(one_line(value), max(12, width - column - 4))):
            yield ReportLine(
                ((lead if number == 0 else " " * (column + 4), Tone.QUIET), (piece, Tone.PLAIN)), copy=value
            )
