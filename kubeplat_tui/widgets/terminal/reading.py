"""Reading what is there: marking with the mouse or by keyboard, copying, searching. The machine knows nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style

from kubeplat_tui.actions import bindings
from kubeplat_tui.widgets.moves import rows_of
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.copy_mode import Walk
from kubeplat_tui.widgets.terminal.document import Place
from kubeplat_tui.widgets.terminal.messages import Copied, Searched
from kubeplat_tui.widgets.terminal.painting import Mark
from kubeplat_tui.widgets.terminal.pane import Mode, TerminalPane
from kubeplat_tui.widgets.terminal.search import Match, Search
from kubeplat_tui.widgets.terminal.selection import Grain, Selection, columns_of

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType
    from textual.strip import Strip

    from kubeplat_tui.widgets.terminal.core import Line

PORTION = 0.006
"""Seconds of searching in one go."""
WALKING = {"row_start", "row_end", "word", "word_end", "mark", "find", "leave"}
"""Actions of the copy mode that are always possible in it."""


class TerminalReader(TerminalPane):
    """A pane whose text can be marked, copied and searched."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "terminal.walk",
            "terminal.mark",
            "terminal.mark_lines",
            "terminal.copy",
            "terminal.find",
            "terminal.next",
            "terminal.previous",
            "terminal.leave",
            "terminal.word",
            "terminal.word_before",
            "terminal.word_end",
            "terminal.row_start",
            "terminal.row_end",
            *(
                f"move.{name}"
                for name in (
                    *("down", "up", "left", "right", "first", "last"),
                    *("half_down", "half_up", "page_down", "page_up"),
                )
            ),
        )
    ]

    walk: Walk | None = None
    found: Search | None = None
    """The search whose matches are marked."""
    selection: Selection | None = None
    """What the mouse marked."""
    _here: Match | None = None
    _typed = ""
    _wanted_from: Place | None = None
    """The place above which a match is to be gone to as soon as one is found."""
    _asked_at: Place | None = None
    """The place from which a pattern is searched while it is typed."""
    _searching = False

    # --- marking and copying ----------------------------------------------------------------------

    @property
    def selected_text(self) -> str:
        """What is marked, "" where nothing is."""
        marked = self._marked()
        return marked.text(self.document) if marked is not None else ""

    def visible_text(self) -> str:
        """What is seen."""
        return self.document.text(
            Place(self.top, 0), Place(self.top + self.size.height - 1, self.core.columns)
        ).rstrip("\n")

    def text(self, *, history: bool = True) -> str:
        """The whole session with what the application said, or its screen.

        Wrapped rows are joined, blanks at the ends of lines left out.
        """
        document = self.document
        start = document.first if history else document.screen
        pieces = []
        for number, said in self._all_said:
            if number > start:
                pieces.append(document.text(Place(start, 0), Place(number - 1, self.core.columns)))
            if number >= start:
                pieces.append(said)
                start = number
        pieces.append(document.text(Place(start, 0), Place(document.end - 1, self.core.columns)))
        return "\n".join(pieces).rstrip("\n")

    def select(self, selection: Selection | None) -> None:
        """Mark something, or nothing."""
        if selection != self.selection:
            self.selection = selection
            self.look_again()

    def copy(self) -> None:
        """Copy what is marked (OSC 52)."""
        text = self.selected_text
        if text:
            self.app.copy_to_clipboard(text)
            self.post_message(Copied(self, text))

    def _marked(self) -> Selection | None:
        return self.walk.selection if self.walk is not None and self.walk.selection else self.selection

    # --- the copy mode ----------------------------------------------------------------------------

    def start_walk(self) -> None:
        """Walk through the text with a cursor: the keys are the view's until `leave`."""
        if self.walk is None:
            cursor = self.core.cursor
            self.walk = Walk(self.document, Place(0, 0))
            number = min(self.document.screen + cursor.y, self.top + self.size.height - 1)
            self.walk.go(Place(max(self.top, number), cursor.x))
        self._turn(Mode.WALK)

    def leave(self) -> None:
        """End the copy mode and the search, and see what the machine writes."""
        self.walk = None
        self._forget_search()
        self.selection = None
        self.scroll_rows(-self.back)
        self._turn(Mode.NONE)

    def _turn(self, mode: Mode) -> None:
        self.mode = mode
        self.look_again()

    def _walked(self) -> None:
        if self.walk is not None:
            self.reveal(self.walk.at.line)
        self.look_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key where it does something."""
        if action == "walk":
            return self.mode is Mode.NONE and not self.takes_every_key
        if action == "move":
            sideways = parameters and parameters[0] in {"left", "right"}
            scrolls = self.mode is Mode.NONE and not self.takes_every_key and not sideways
            return self.mode is Mode.WALK or scrolls
        if action == "match":
            return self.mode is Mode.WALK and self.found is not None
        if action == "copy_marked":
            return self.mode is Mode.WALK and self.walk is not None and self.walk.anchor is not None
        if action in WALKING:
            return self.mode is Mode.WALK
        return super().check_action(action, parameters)

    @property
    def takes_every_key(self) -> bool:
        """Whether keys go to the machine; for subclasses."""
        return False

    def action_walk(self) -> None:
        """Begin to walk."""
        self.start_walk()

    def action_leave(self) -> None:
        """Done."""
        self.leave()

    def action_mark(self, grain: str) -> None:
        """Begin to mark, or stop it."""
        if self.walk is not None:
            self.walk.mark(Grain[grain])
            self.refresh_bindings()
            self._walked()

    def action_copy_marked(self) -> None:
        """Copy, and go back."""
        self.copy()
        self.leave()

    def action_move(self, how: str) -> None:
        """By rows and pages, to the ends: the cursor of the copy mode, else what is seen."""
        if how in {"left", "right"}:
            self._step(how)
            return
        rows = rows_of(how, max(1, self.size.height - 1), self.above + self.core.rows)
        if self.walk is not None:
            if how in {"first", "last"}:
                self.walk.to_start()
            self.walk.rows(rows)
            self._walked()
        else:
            self.scroll_rows(-rows)

    def action_row_start(self) -> None:
        """To the row's start."""
        self._step("row_start")

    def action_row_end(self) -> None:
        """To the row's end."""
        self._step("row_end")

    def action_word(self, forward: bool) -> None:
        """To the next word, or back."""
        self._step("word" if forward else "word_before")

    def action_word_end(self) -> None:
        """To the word's end."""
        self._step("word_end")

    def _step(self, how: str) -> None:
        walk = self.walk
        if walk is None:
            return
        match how:
            case "left":
                walk.left()
            case "right":
                walk.right()
            case "row_start":
                walk.to_start()
            case "row_end":
                walk.to_end()
            case "word_end":
                walk.word_end()
            case _:
                walk.word(forward=how == "word")
        self._walked()

    # --- searching --------------------------------------------------------------------------------

    def search(self, pattern: str) -> None:
        """Mark every match of a pattern and go to the nearest one above the end; "" forgets the search.

        A regular expression, or the text itself where it is none. `Searched` tells how it stands.
        """
        if not pattern:
            self._forget_search()
            self.post_message(Searched(self, "", 0, 0, done=True))
            self.look_again()
            return
        self.found = Search(self.document, pattern)
        self.found.look_at_screen()
        self._here = None
        if self.mode is Mode.SEARCH and self._asked_at is not None:
            self._wanted_from = self._asked_at
        else:
            self._wanted_from = self.walk.at if self.walk is not None else Place(self.document.end, 0)
        self._search_on()

    def search_previous(self) -> None:
        """To the match before (above), round the end."""
        if self.found is not None:
            self._go_to(self.found.before(self._search_place()))

    def search_next(self) -> None:
        """To the next match (below), round the end."""
        if self.found is not None:
            self._go_to(self.found.after(self._search_place()))

    def start_search(self) -> None:
        """Ask for a pattern in the last row; Enter keeps it, Esc forgets it."""
        self.start_walk()
        self._asked_at = self.walk.at if self.walk is not None else None
        self._typed = ""
        self._turn(Mode.SEARCH)

    def action_find(self) -> None:
        """Ask for a pattern."""
        self.start_search()

    def action_match(self, forward: bool) -> None:
        """To the next match, or the one before."""
        if forward:
            self.search_next()
        else:
            self.search_previous()

    def _search_place(self) -> Place:
        if self.walk is not None:
            return self.walk.at
        return self._here.start if self._here is not None else Place(self.document.end, 0)

    def _go_to(self, match: Match | None) -> None:
        self._here = match
        if match is not None:
            if self.walk is not None:
                self.walk.go(match.start)
            middle = self.top + self.size.height // 2
            if not self.top <= match.start.line < self.top + self.size.height - 1:
                self.scroll_rows(middle - match.start.line)
        self._tell_search()
        self.look_again()

    def _search_on(self) -> None:
        """Search a portion; go to the first match that is wanted as soon as it is found."""
        self._searching = False
        search = self.found
        if search is None:
            return
        search.advance(PORTION)
        wanted = self._wanted_from
        if wanted is not None and (search.on_screen or not search.behind):
            self._wanted_from = None
            self._go_to(search.before(wanted))
        self._tell_search()
        self.look_again()
        if search.behind:
            self._searching = True
            self.set_timer(0.001, self._search_on)

    def _tell_search(self) -> None:
        search = self.found
        if search is not None:
            here = search.number(self._here) if self._here is not None else 0
            self.post_message(
                Searched(self, search.pattern, len(search.matches), here, done=not search.behind)
            )

    def _forget_search(self) -> None:
        self.found = self._here = self._wanted_from = None
        self.refresh_bindings()

    def core_changed(self) -> None:
        """The machine wrote: search that too."""
        super().core_changed()
        if self.found is not None:
            self.found.look_at_screen()
            if self.found.behind and not self._searching:
                self._search_on()

    def search_key(self, event: events.Key) -> None:
        """A key while the pattern is asked for."""
        match event.key:
            case "enter":
                self._turn(Mode.WALK)
                self.refresh_bindings()
                return
            case "escape" | "ctrl+c":
                self._forget_search()
                self._turn(Mode.WALK)
                return
            case "backspace":
                self._typed = self._typed[:-1]
            case "ctrl+u":
                self._typed = ""
            case _ if event.is_printable and event.character:
                self._typed += event.character
            case _:
                return
        self.search(self._typed)

    def search_paste(self, text: str) -> None:
        """Text pasted while the pattern is asked for."""
        self._typed += (text.splitlines() or [""])[0]
        self.search(self._typed)

    # --- painting ---------------------------------------------------------------------------------

    def marks(self, number: int, line: Line) -> list[Mark]:
        """Matches, what is marked, and the cursor of the copy mode."""
        marks: list[Mark] = []
        columns = self.core.columns
        if self.found is not None:
            for match in self.found.on_row(number):
                span = columns_of((match.start, match.end), number, columns)
                if span is not None:
                    marks.append(Mark(*span, self.style("here" if match == self._here else "match")))
        marked = self._marked()
        if marked is not None:
            span = columns_of(marked.ends(self.document), number, columns)
            if span is not None:
                marks.append(Mark(*span, self.style("selection")))
        if self.walk is not None and self.walk.at.line == number:
            marks.append(Mark(*glyphs.span_at(line, self.walk.at.column), self._walk_style()))
        return marks

    def _walk_style(self) -> Style:
        return self.style("cursor") + Style(underline=True)

    def over(self, strip: Strip, y: int, width: int) -> Strip:
        """The question for a pattern in the last row."""
        if self.mode is not Mode.SEARCH or y != self.size.height - 1:
            return super().over(strip, y, width)
        search = self.found
        count = ""
        if search is not None:
            here = search.number(self._here) if self._here is not None else 0
            count = f"  {here:,} of {len(search.matches):,}" + (" …" if search.behind else "")
        return self._painter.text(f"/{one_line(self._typed)}▏{count}", width, self.style("place"))
