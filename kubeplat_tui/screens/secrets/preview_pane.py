"""A secret's file to look at, masked. Revealing shows it for a short while, in a frame nobody overlooks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.screens.choice import Choice, ChoiceDialog
from kubeplat_tui.screens.secrets.preview_lines import PreviewLines
from kubeplat_tui.services.secrets.preview_model import Line, Preview, Role, Value, line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.secrets.model import Side

CLIPBOARD_WORDS = "It goes into the clipboard of your terminal (OSC 52)."
CLIPBOARD = 74_994
"""Bytes that xterm and others take in one OSC 52 sequence."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The file that is shown."""

    key: str
    side: Side
    data: bytes

    def __repr__(self) -> str:
        """Without the content."""
        return f"Shown({self.key!r}, {self.side})"


class PreviewPane(Vertical):
    """Holds the file while its row is chosen; what was revealed is held only while it is seen."""

    DEFAULT_CSS = """
    PreviewPane .title { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    PreviewPane PreviewLines { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._shown: Shown | None = None
        self._preview: Preview | None = None
        self._asked = 0
        """Counts what was wanted: an answer to an earlier question is not shown any more."""

    def compose(self) -> ComposeResult:
        """What it is, and its lines."""
        yield Static(classes="title")
        yield PreviewLines()

    # --- what is shown ----------------------------------------------------------------------------

    @property
    def revealed(self) -> bool:
        """Whether secrets can be seen now."""
        return self._lines.revealed

    @property
    def hides(self) -> bool:
        """Whether there is something to reveal."""
        return self._preview is not None and self._preview.hides

    @property
    def copies(self) -> bool:
        """Whether there is something to copy."""
        return self._shown is not None

    def show(self, key: str, side: Side, data: bytes) -> None:
        """Show this content of `key`, masked. It is read in a worker; until then what was there stays, masked."""
        self._lines.hide()
        same = self._shown is not None and self._shown.key == key
        self._shown, self._preview = Shown(key, side, data), None
        self._look(lambda preview: self._take(preview, same=same), revealed=False)

    def show_notice(self, text: str) -> None:
        """Show a few words instead of a file."""
        self.clear()
        self._lines.show([line((row, Role.PLAIN)) for row in text.splitlines()])

    def clear(self) -> None:
        """Show nothing, and keep nothing."""
        self._asked += 1
        self._shown = self._preview = None
        self._lines.show(())
        self._say_title()

    def reveal(self) -> None:
        """Show the secrets for a while; again: hide them."""
        if self.revealed:
            self._lines.hide()
        elif self.hides:
            self._look(lambda revealed: self._lines.show_revealed(revealed.lines), revealed=True)
        elif self._preview is not None:
            self.app.notify("Nothing is masked in it.")

    def _take(self, preview: Preview, *, same: bool) -> None:
        # The values are read again when one is copied: what is not looked at is not kept twice.
        self._preview = replace(preview, values=())
        self._lines.show(preview.lines, keep_place=same)
        self._say_title()
        self.screen.refresh_bindings()

    def on_preview_lines_changed(self) -> None:
        """Revealed, or hidden again."""
        self._say_title()
        self.screen.refresh_bindings()

    # --- copying ----------------------------------------------------------------------------------

    def copy_value(self) -> None:
        """Copy one of the file's values (OSC 52); which one is asked where there are several."""
        if self._shown is not None:
            self._look(self._offer, revealed=False)

    def _offer(self, preview: Preview) -> None:
        values = preview.values
        if len(values) == 1:
            self._copy(values[0])
            return
        names = [Choice(str(at), value.name, _meaning(value)) for at, value in enumerate(values)]
        shown = self._shown

        def chosen(at: str | None) -> None:
            if at is not None and shown is self._shown:
                self._copy(values[int(at)])

        self.app.push_screen(ChoiceDialog("Copy, without showing it", CLIPBOARD_WORDS, names), chosen)

    def _copy(self, value: Value) -> None:
        self.app.copy_to_clipboard(value.text)
        count = len(value.text)
        size = f"{count} character{'' if count == 1 else 's'}"
        said = f"Copied the {value.name.removeprefix('the ')}: {size}. It was not shown."
        if len(value.text.encode()) * 4 / 3 > CLIPBOARD:
            said += " Many terminals take no more than 74 KB."
        self.app.notify(said, markup=False)

    # --- inside -----------------------------------------------------------------------------------

    @property
    def _lines(self) -> PreviewLines:
        return self.query_one(PreviewLines)

    def _look(self, then: Callable[[Preview], None], *, revealed: bool) -> None:
        """Look into the file in a worker; `then` has the answer, unless something else was wanted meanwhile."""
        shown = self._shown
        if shown is None:
            return
        self._asked += 1
        asked = self._asked
        app = cast("KubeplatApp", self.app)
        now = app.now()

        def deliver(preview: Preview) -> None:
            if asked == self._asked and self.is_attached:
                then(preview)

        def work() -> None:
            from kubeplat_tui.services.secrets.preview import preview

            try:
                made = preview(shown.key, shown.data, revealed=revealed, now=now)
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                made = _unreadable(app.unexpected(f"looking into {shown.key}", error))
            self.post_message(Delivered(lambda: deliver(made)))

        self.run_worker(work, thread=True, group="preview", exit_on_error=False)

    def on_delivered(self, event: Delivered) -> None:
        """The worker is done."""
        event.stop()
        event.deliver()

    def _say_title(self) -> None:
        shown, preview = self._shown, self._preview
        if shown is None or preview is None:
            words = Content("")
        else:
            state = ""
            if preview.hides:
                state = " · revealed" if self.revealed else " · masked"
            name = shown.key.rpartition("/")[2]
            words = Content.assemble(
                (preview.title, "bold"), (f" · {name} · {shown.side}", "$quiet"), (state, "$warning")
            )
        self.query_one(".title", Static).update(words)


def _meaning(value: Value) -> str:
    return "secret" if value.secret else ""


def _unreadable(error: KubeplatError) -> Preview:
    from kubeplat_tui.services.secrets.preview_model import Kind

    lines: tuple[Line, ...] = tuple(line(row) for row in str(error).splitlines())
    return Preview(Kind.TEXT, "it cannot be shown", lines, ())
