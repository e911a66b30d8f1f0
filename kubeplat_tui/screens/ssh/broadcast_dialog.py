"""Which tabs get what is typed into one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.cells import Tone, cut_end
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from kubeplat_tui.widgets.safe_text import Span

HIGHEST = 10


class Members(LineView):
    """The sessions that could take part: space takes one in or leaves it out."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("broadcast.mark", "broadcast.all", "broadcast.start")]

    def __init__(self, names: Sequence[tuple[str, str]], chosen: set[str]) -> None:
        """`names` are keys and names."""
        super().__init__()
        self._names = names
        self.chosen = chosen

    def on_mount(self) -> None:
        """As high as its rows."""
        self.styles.height = min(HIGHEST, len(self._names))
        self.rows_changed()

    def count(self) -> int:
        """A row each."""
        return len(self._names)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """`[x] secure-a`."""
        key, name = self._names[index]
        taken = key in self.chosen
        text = cut_end(f"{'[x]' if taken else '[ ]'} {name}", width)
        return text, [(0, 3, self.style(Tone.WARNING if taken else Tone.QUIET))]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Typing to one is no broadcast."""
        if action == "start":
            return len(self.chosen) > 1
        return super().check_action(action, parameters)

    def action_mark(self) -> None:
        """In or out."""
        self.chosen ^= {self._names[self.cursor][0]}
        self.rows_changed()
        self.refresh_bindings()

    def clicked(self) -> None:
        """A second click does the same."""
        self.action_mark()

    def action_all(self) -> None:
        """All, or none where all are taken."""
        every = {key for key, _ in self._names}
        self.chosen = set() if self.chosen == every else every
        self.rows_changed()
        self.refresh_bindings()

    def action_start(self) -> None:
        """Begin."""
        self.screen.dismiss(self.chosen)


class BroadcastDialog(Dialog[set[str]]):
    """Dismisses with the keys of the sessions chosen, two at least."""

    DEFAULT_CSS = """
    BroadcastDialog Members { background: $surface; margin-top: 1; }
    """

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._members = Members(names, {key for key, _ in names})

    def compose(self) -> ComposeResult:
        """What it means, and the sessions."""
        with Vertical(classes="box -danger") as box:
            yield Static("▲ Type into several sessions at once", classes="title", markup=False)
            yield Static(
                "What is typed or pasted into one of them goes to all. Each shows a frame as long as it lasts.",
                markup=False,
            )
            yield self._members
        box.border_subtitle = "space marks · a all · enter starts · esc cancels"

    def on_mount(self) -> None:
        """The rows have the keys."""
        self._members.focus()
