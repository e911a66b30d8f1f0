"""The lines of a preview, or of a difference, wrapped to the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cached_cell_len

from kubeplat_tui.services.secrets.preview_model import Role
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.safe_text import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubeplat_tui.services.secrets.preview_model import Line
    from kubeplat_tui.widgets.safe_text import Span

TONES: dict[Role, str] = {
    Role.PLAIN: Tone.PLAIN,
    Role.QUIET: Tone.QUIET,
    Role.STRONG: "strong",
    Role.NAME: Tone.ACCENT,
    Role.STRING: Tone.PLAIN,
    Role.NUMBER: Tone.CHANGING,
    Role.COMMENT: Tone.QUIET,
    Role.GOOD: Tone.GOOD,
    Role.WARNING: Tone.WARNING,
    Role.BAD: Tone.BAD,
    Role.SECRET: Tone.WARNING,
}
Pieces = list[tuple[str, Role]]


class PreviewLines(LineView):
    """Scrolls; nothing is cut off. `forget` leaves nothing of what was shown in memory."""

    DEFAULT_CSS = """
    PreviewLines { padding: 0 1; }
    """
    has_cursor = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Line] = ()
        self._rows: list[Pieces] = []
        self._made_for = 0

    def show(self, lines: Sequence[Line], *, keep_place: bool = False) -> None:
        """Show these lines, from the first one on or from where the view is."""
        self._lines = lines
        self._fit()
        if not keep_place:
            self.jump(0)

    def forget(self) -> None:
        """Show nothing, and drop every copy of what was drawn: rows, strips, and rich's measured texts."""
        self._lines = ()
        self._rows = []
        self.rows_changed()
        cached_cell_len.cache_clear()

    def _fit(self) -> None:
        self._made_for = max(20, self.room)
        self._rows = [row for line in self._lines for row in wrapped(line, self._made_for)]
        self.rows_changed()

    def width_changed(self) -> None:
        """Other line breaks."""
        if self._made_for != max(20, self.room):
            self._fit()

    def count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """One row."""
        spans: list[Span] = []
        at = 0
        for text, role in self._rows[index]:
            spans.append((at, at + len(text), self.style(TONES[role])))
            at += len(text)
        return "".join(text for text, _ in self._rows[index]), spans


def wrapped(line: Line, width: int) -> Iterator[Pieces]:
    """A line in rows of at most `width` cells; further rows begin where its value begins."""
    hang = _hang(line)
    hang = hang if 2 * hang <= width else 0
    rest: Pieces = [(piece.text, piece.role) for piece in line.pieces]
    for number, part in enumerate(wrap(line.text, width, hang)):
        row: Pieces = [(" " * hang, Role.PLAIN)] if number and hang else []
        room = len(part)
        while room and rest:
            text, role = rest.pop(0)
            row.append((text[:room], role))
            if len(text) > room:
                rest.insert(0, (text[room:], role))
            room -= min(room, len(text))
        yield row


def _hang(line: Line) -> int:
    """Where the value of a field begins, else the line's indentation."""
    if len(line.pieces) > 1 and line.pieces[0].role is Role.NAME and line.pieces[0].text.endswith("  "):
        return len(line.pieces[0].text)
    text = line.text
    return len(text) - len(text.lstrip(" "))
