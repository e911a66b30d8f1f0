"""The checklist of a first run: what must be there before a build, how it stands, and one key to do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.services.prerequisites import Key, State
from kubeplat_tui.widgets.cells import Mark, Tone, done, failed, none, warned
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from kubeplat_tui.widgets.safe_text import plain
from kubeplat_tui.widgets.state import COLOURS, StateView
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.services.prerequisites import Prerequisite

STATES: dict[State, Mark] = {
    State.DONE: done("done"),
    State.MISSING: Mark("○", "missing", Tone.WARNING),
    State.WRONG: failed("wrong"),
    State.UNKNOWN: warned("unknown"),
    State.LATER: none("later"),
}


class ChecklistScreen(EnvironmentScreen):
    """Belongs to the overview, and leads back there. Enter does what the row under the cursor says."""

    section = "overview"
    BINDINGS = bindings("checklist.do")
    DEFAULT_CSS = """
    ChecklistScreen .detail { height: auto; max-height: 50%; padding: 1 3; border-top: solid $line; }
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._walks = True
        """Whether the cursor goes to the next row that is to be done."""

    def compose_body(self) -> ComposeResult:
        table: ResourceTable[Prerequisite] = ResourceTable(
            [
                Column("State", state_mark, weight=100, shortest=9),
                Column("Prerequisite", lambda row: row.title, weight=90, longest=40),
                Column(
                    "Detail",
                    lambda row: " ".join(row.detail.split()),
                    tone=Tone.QUIET,
                    cut="end",
                    longest=200,
                    weight=50,
                ),
            ],
            key=lambda row: row.key,
            noun="Checklist",
            opens=False,
        )
        yield StateView(
            table, VerticalScroll(Static(), classes="detail", can_focus=False), now=self.kubeplat.now
        )

    @property
    def own_titles(self) -> Mapping[str, str]:
        """Where there is nothing to do, Enter shows the credentials."""
        row = self._row
        shows = row is not None and not row.remedy
        return {**super().own_titles, **({"checklist.do": "Credentials"} if shows else {})}

    @property
    def _table(self) -> ResourceTable[Prerequisite]:
        return self.query_one(ResourceTable)

    @property
    def _row(self) -> Prerequisite | None:
        return self._table.current if self.state.has_content else None

    # --- reading ----------------------------------------------------------------------------------

    def refresh_data(self) -> None:
        site, intents = self.site, self.kubeplat.intents
        self.fetch("Looking at the prerequisites", lambda: intents.prerequisites(site), self._show)

    def on_screen_resume(self) -> None:
        """Another section may have changed how things stand."""
        if self.was_left and self._table.rows and not self.opened.lost:
            self.refresh_data()

    def _show(self, found: Sequence[Prerequisite]) -> None:
        walks, self._walks = self._walks, False
        self._table.set_rows(found)
        self._table.set_notes((progress(found),))
        if walks:
            self._go_on(found)
        self.show_content()
        self._show_detail()

    def _go_on(self, found: Sequence[Prerequisite]) -> None:
        """Put the cursor on the first row that is to be done."""
        waiting = to_do(found)
        if waiting:
            self._table.go_to(waiting[0].key)

    def on_resource_table_highlighted(self) -> None:
        """Another row: its detail, its key."""
        self._show_detail()
        self.refresh_bindings()

    def _show_detail(self) -> None:
        row = self._row
        if row is not None:
            self.query_one(".detail Static", Static).update(detail(row, self._can_do(row)))

    # --- doing ------------------------------------------------------------------------------------

    @staticmethod
    def _can_do(row: Prerequisite) -> bool:
        return bool(row.remedy) or row.key is Key.CREDENTIALS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Every section is somewhere else; Enter only where it does something."""
        if action == "go":
            return True
        if action == "do":
            return (row := self._row) is not None and self._can_do(row)
        return super().check_action(action, parameters)

    def action_do(self) -> None:
        """Do what the row says, after asking."""
        row = self._row
        if row is None:
            return
        if not row.remedy:
            self._walks = True
            self.action_credentials()
            return
        decision = Decision(f"{row.remedy}?", plain(row.detail), yes="Do it")

        def decided(answer: str | None) -> None:
            if answer is not None:
                self._do(row)

        self.app.push_screen(ConfirmDialog(decision), decided)

    def _do(self, row: Prerequisite) -> None:
        site, intents = self.site, self.kubeplat.intents
        self.fetch(
            f"{row.title}: {row.remedy}", lambda: intents.remedy(site, row.key), self._done, group="remedy"
        )

    def _done(self, said: str) -> None:
        """The file may have been written: the environment is opened anew, and that reads everything anew."""
        self._walks = True
        self.kubeplat.reopen(self.opened)
        self.app.notify(said, markup=False)

    async def leave(self) -> None:
        """Back to the overview."""
        await self.kubeplat.go(self.opened.name, "overview")


def state_mark(row: Prerequisite) -> Mark:
    """How it stands."""
    return STATES[row.state]


def to_do(found: Sequence[Prerequisite]) -> list[Prerequisite]:
    """What keeps a first build from succeeding."""
    return [one for one in found if one.state in {State.MISSING, State.WRONG}]


def progress(found: Sequence[Prerequisite]) -> str:
    """`3 of 7 done · 2 to do`; `nothing is missing`."""
    needed = len(to_do(found))
    unknown = sum(one.state is State.UNKNOWN for one in found)
    if not needed:
        return f"{unknown} unknown" if unknown else "nothing is missing"
    settled = sum(one.state is State.DONE for one in found)
    return f"{settled} of {len(found)} done · {needed} to do"


def detail(row: Prerequisite, possible: bool) -> Content:
    """Everything that is known of one, and what Enter does."""
    mark = STATES[row.state]
    lines = [
        Content.assemble((str(mark), COLOURS[mark.tone]), "  ", (plain(row.title), "bold")),
        Content(plain(row.detail)),
    ]
    if possible:
        lines.append(
            Content.assemble(("enter", "bold $primary"), f"  {row.remedy or 'shows the credentials'}")
        )
    return Content("\n").join([line for line in lines if line.plain])
