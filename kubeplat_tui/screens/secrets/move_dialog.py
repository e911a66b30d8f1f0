"""Asks before files move: what would happen, and for each file that both sides claim what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.secrets.looks import MARKS
from kubeplat_tui.screens.secrets.moves import Answer, Choice, Way, files
from kubeplat_tui.screens.secrets.outline import standing
from kubeplat_tui.widgets.cells import Tone, age, byte_size, cut_middle
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.line_view import LineView
from kubeplat_tui.widgets.plan_tree import Line
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from kubeplat_tui.screens.secrets.moves import Move
    from kubeplat_tui.services.secrets.model import LocalFile, SecretFile, Stored
    from kubeplat_tui.widgets.safe_text import Span

CHOICES = tuple(Choice)
TONES = {Choice.KEEP: Tone.QUIET, Choice.THEIRS: Tone.CHANGING, Choice.MINE: Tone.WARNING}
LINES = 2
"""Lines of a contested file: its name with the choice, and below it what is on the two sides."""
HIGHEST = 3
"""Contested files that are seen at once."""
MEANINGS = {
    Choice.KEEP: "Both stay as they are.",
    Choice.THEIRS: "The bucket's comes here; mine is kept aside in the state folder.",
    Choice.MINE: "Mine goes to the bucket; theirs stays there as an earlier version.",
}


class ContestedList(LineView):
    """The files that both sides claim: name and choice, and below them the facts of both sides."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("moves.choose", "moves.choose_all")]

    def __init__(self, contested: Sequence[SecretFile], now: datetime, chosen: Callable[[], None]) -> None:
        super().__init__()
        self._files = contested
        self._now = now
        self._chosen = chosen
        self.choices = dict.fromkeys((file.key for file in contested), Choice.KEEP)

    def on_mount(self) -> None:
        """As high as its files, up to a height that leaves room for the rest of the dialog."""
        self.styles.height = LINES * min(HIGHEST, len(self._files))
        self.rows_changed()

    @property
    def current(self) -> SecretFile:
        """The file under the cursor."""
        return self._files[self.cursor // LINES]

    def count(self) -> int:
        """Lines of all files."""
        return LINES * len(self._files)

    def row(self, index: int, width: int) -> tuple[str, list[Span]]:
        """A file's first line, or its second."""
        file = self._files[index // LINES]
        line = Line(width)
        if index % LINES:
            line.add(
                f"  here {self._facts(file.here)} · there {self._facts(file.there)}", self.style(Tone.QUIET)
            )
            return line.finish()
        mark, choice = MARKS[standing(file)], self.choices[file.key]
        line.add(f"{mark.symbol} ", self.style(mark.tone))
        room = max(8, line.room - cell_len(choice) - 2)
        name = cut_middle(one_line(file.key), room)
        line.add(name + " " * (room - cell_len(name)))
        line.add(f"  {choice}", self.style(TONES[choice]), self.style("strong"))
        return line.finish()

    def validate_cursor(self, cursor: int) -> int:
        """The cursor stands on a file's first line."""
        at = super().validate_cursor(cursor)
        return at - at % LINES

    def watch_cursor(self, old: int, new: int) -> None:
        """Both lines of the file are seen; what its choice means is said below."""
        super().watch_cursor(old, new)
        self.reveal(new + LINES - 1)
        self._chosen()

    def move(self, rows: int) -> None:
        """By files."""
        super().move(rows * LINES)

    def action_choose(self) -> None:
        """The next choice for this file."""
        key = self.current.key
        self.choices[key] = CHOICES[(CHOICES.index(self.choices[key]) + 1) % len(CHOICES)]
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One choice for all, where they differ."""
        if action == "choose_all":
            return len(set(self.choices.values())) > 1
        return super().check_action(action, parameters)

    def clicked(self) -> None:
        """A second click chooses too."""
        self.action_choose()

    def action_choose_all(self) -> None:
        """This file's choice for all of them."""
        self.choices = dict.fromkeys(self.choices, self.choices[self.current.key])
        self._show()

    def _show(self) -> None:
        self.rows_changed()
        self._chosen()

    def _facts(self, side: LocalFile | Stored | None) -> str:
        if side is None:
            return "nothing"
        past = age(side.modified, self._now)
        return f"{byte_size(side.size)}, {past}{'' if past == 'now' else ' ago'}"


class MoveDialog(Dialog[Answer]):
    """Dismisses with what was decided, None for No. Enter alone is No."""

    BINDINGS = bindings("confirm.yes", "confirm.no", "moves.deletions")
    DEFAULT_CSS = """
    MoveDialog > .box { width: 84; }
    MoveDialog ContestedList { background: $surface; margin-top: 1; }
    MoveDialog #meaning { height: auto; margin-top: 1; }
    MoveDialog #deletions { margin-top: 1; }
    MoveDialog .buttons { height: 1; align-horizontal: right; margin-top: 1; }
    MoveDialog Button {
        min-width: 12; height: 1; border: none; margin-left: 2; background: $panel; color: $foreground;
    }
    MoveDialog Button:focus { background: $primary; color: $background; text-style: bold; }
    MoveDialog Button:disabled { color: $quiet; text-style: strike; }
    """

    def __init__(self, move: Move, now: datetime, *, why: str = "") -> None:
        """`why` is a sentence before everything else: what has just been made or renewed."""
        super().__init__()
        self.move = move
        self._why = why
        self._deletions = False
        self._list = ContestedList(move.contested, now, self._show)

    def compose(self) -> ComposeResult:
        """What would happen; the contested files; deletions; No and Yes."""
        move = self.move
        with Vertical(classes="box") as box:
            yield Static(self._title(), classes="title", markup=False)
            yield Static("\n".join(filter(None, (self._why, *move.sentences()))), markup=False)
            if move.deleted:
                yield Static(id="deletions")
            if move.contested:
                yield self._list
                yield Static(id="meaning", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("No", id="no", compact=True)
                yield Button(self._verb(), id="yes", compact=True)
        keys = "space chooses · " if move.contested else ""
        box.border_subtitle = f"{keys}y {self._verb().lower()} · esc cancels"

    def on_mount(self) -> None:
        """The list has the keys where something is to be chosen; else No."""
        (self._list if self.move.contested else self.query_one("#no")).focus()
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Yes only where something would be done."""
        if action == "yes":
            return self._answer().does_something(self.move)
        if action == "deletions":
            return bool(self.move.deleted)
        return super().check_action(action, parameters)

    def action_yes(self) -> None:
        """Do it."""
        if self._answer().does_something(self.move):
            self.dismiss(self._answer())

    def action_deletions(self) -> None:
        """Follow the deletions, or do not."""
        self._deletions = not self._deletions
        self._show()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """No or Yes."""
        if event.button.id == "yes":
            self.action_yes()
        else:
            self.dismiss(None)

    def _show(self) -> None:
        """Bring what depends on the choices up to date."""
        if not self.query("#yes"):
            return  # the list is made before the rest
        self.query_one("#yes", Button).disabled = not self._answer().does_something(self.move)
        if self.move.contested:
            choice = self._list.choices[self._list.current.key]
            self.query_one("#meaning", Static).update(
                Content.assemble((f"{choice}: ", "bold"), (MEANINGS[choice], "$quiet"))
            )
        if self.move.deleted:
            where = "here" if self.move.way is Way.FETCH else "in the bucket"
            count = files(len(self.move.deleted))
            word = f"✖ {count} deleted {where} too" if self._deletions else f"○ {count} left {where}"
            tone = "$warning" if self._deletions else "$quiet"
            self.query_one("#deletions", Static).update(
                Content.assemble(("d ", "$primary bold"), (word, tone))
            )
        self.refresh_bindings()

    def _answer(self) -> Answer:
        return Answer(dict(self._list.choices), self._deletions)

    def _verb(self) -> str:
        only_deletions = not (self.move.moving or self.move.contested)
        return "Delete" if only_deletions else self.move.way.value.capitalize()

    def _title(self) -> str:
        move = self.move
        if move.moving:
            return f"{self._verb()} {files(len(move.moving))}?"
        if move.contested:
            return f"{files(len(move.contested))} changed: which holds?"
        return f"Delete what was deleted on the other side? {files(len(move.deleted))}"
