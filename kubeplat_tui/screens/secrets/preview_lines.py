"""The lines of a preview, or of a difference, wrapped to the view; revealed for a short while."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from rich.cells import cached_cell_len
from textual.message import Message

from kubeplat_tui.services.secrets.preview_model import Role
from kubeplat_tui.widgets.cells import Tone
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.safe_text import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.timer import Timer

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
HIDE_AFTER = 30.0
"""Seconds a secret is seen."""
TICK = 0.25
Pieces = list[tuple[str, Role]]


class PreviewLines(LineView):
    """Scrolls; nothing is cut off.

    What is revealed hides again after `HIDE_AFTER`, when another screen comes, when the terminal loses the focus,
    and when the application is suspended. Nothing of it stays in memory then.
    """

    DEFAULT_CSS = """
    PreviewLines { padding: 0 1; }
    PreviewLines.-revealed {
        border: heavy $error; padding: 0; border-title-color: $error; border-title-style: bold;
        border-subtitle-color: $error; border-subtitle-style: bold;
    }
    """
    has_cursor = False

    class Changed(Message):
        """Secrets are seen now, or not any more."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._masked: Sequence[Line] = ()
        self._rows: list[Pieces] = []
        self._lines: Sequence[Line] = ()
        self._made_for = 0
        self._until = 0.0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Whatever takes the person's eyes away hides what is revealed."""
        self.app.screen_change_signal.subscribe(self, lambda _: self.hide(), immediate=True)
        self.app.app_suspend_signal.subscribe(self, lambda _: self.hide(), immediate=True)
        self.watch(self.app, "app_focus", self._focus_changed, init=False)

    def show(self, lines: Sequence[Line], *, keep_place: bool = False) -> None:
        """Show these lines, which hold no secret, from the first one on or from where the view is."""
        self._masked = lines
        self.hide()
        self._draw(lines)
        if not keep_place:
            self.jump(0)

    # --- revealing --------------------------------------------------------------------------------

    @property
    def revealed(self) -> bool:
        """Whether secrets can be seen now."""
        return self.has_class("-revealed")

    def show_revealed(self, lines: Sequence[Line]) -> None:
        """Show these lines, which hold secrets, for a while; only where a person looks at this view now."""
        if not (self.is_on_screen and self.screen.is_current and self.app.app_focus):
            return
        self.hide()
        self.add_class("-revealed")
        self._until = monotonic() + HIDE_AFTER
        self._timer = self.set_interval(TICK, self._tick)
        self._tick()
        self._draw(lines)
        self.call_after_refresh(self._go_to_secret)
        self.post_message(self.Changed())

    def _go_to_secret(self) -> None:
        """Where none of the secrets is in sight, go to the first one."""
        found = [at for at, row in enumerate(self._rows) if any(role is Role.SECRET for _, role in row)]
        top = int(self.scroll_offset.y)
        seen = range(top, top + self.scrollable_content_region.height)
        if self.revealed and found and not any(at in seen for at in found):
            self.jump(found[0] - 1)

    def hide(self) -> None:
        """Show what was shown before, and drop every copy of what was drawn: rows, strips, measured texts."""
        if not self.revealed:
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.remove_class("-revealed")
        self.border_title = self.border_subtitle = None
        self._draw(self._masked)
        cached_cell_len.cache_clear()  # rich remembers the texts that it measured
        self.post_message(self.Changed())

    def on_hide(self) -> None:
        """The view is not on the screen any more."""
        self.hide()

    def _focus_changed(self, focused: bool) -> None:
        if not focused:
            self.hide()

    def _tick(self) -> None:
        left = self._until - monotonic()
        if left <= 0:
            self.hide()
            return
        self.border_title = "▲ SECRETS ARE SHOWN"
        self.border_subtitle = f"hidden again in {int(left) + 1} s"

    # --- rows -------------------------------------------------------------------------------------

    def _draw(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._fit()

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
