"""The list of environments: where the application begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import BaseScreen
from kubeplat_tui.screens.environments.rows import Row, columns, detail
from kubeplat_tui.screens.environments.survey import Survey
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.state import StateView, empty
from kubeplat_tui.widgets.table import ResourceTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.intents import Listing
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.environments.standing import Standing
    from kubeplat_tui.services.pki.findings import Expiry

LIVE_ROW_ACTIONS = {"copy_environment", "rename", "delete"}


class EnvironmentsScreen(BaseScreen):
    """Every environment of the folder: names at once, then their files, then what stands of each.

    Enter opens one, `n` makes the playground, `N` any other.
    """

    BINDINGS = bindings(
        "environments.playground",
        "environments.new",
        "environments.copy",
        "environments.rename",
        "environments.delete",
    )
    DEFAULT_CSS = """
    EnvironmentsScreen .detail { height: auto; max-height: 45%; padding: 1 3; border-top: solid $line; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Row] = {}
        self._known = False
        self._playground = ""
        self._wanted = ""
        self._stale = False
        self._highlighted = ""

    @property
    def names(self) -> list[str]:
        """The environments' names, as last read."""
        return list(self._rows)

    def expect(self, name: str) -> None:
        """Put the cursor on this environment when the list is read next."""
        self._wanted = name

    def compose_body(self) -> ComposeResult:
        self._survey = Survey(self, self._take_standing)
        table = ResourceTable(columns(self.kubeplat.now), key=lambda row: row.name, noun="Environments")
        yield StateView(
            table, VerticalScroll(Static(), classes="detail", can_focus=False), now=self.kubeplat.now
        )

    def on_mount(self) -> None:
        if self.kubeplat.wants_playground:
            self._make_playground()
        else:
            self.refresh_data()

    def on_unmount(self) -> None:
        self._survey.stop()

    def on_screen_resume(self) -> None:
        if self._known:
            self._survey.forget([self._current_name])  # it may be built now
            self._read_names(quiet=True)

    def refresh_data(self) -> None:
        self._survey.forget(self._rows)
        self._read_names(quiet=self._known)

    def export_name(self, noun: str) -> str:
        return f"kubeplat-{super().export_name(noun)}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "playground":
            return self._known and self._playground not in self._rows
        if action == "new":
            return self._known
        if action in LIVE_ROW_ACTIONS:
            row = self._table.current if self._rows else None
            return row is not None and (row.environment is not None or action == "delete")
        return super().check_action(action, parameters)

    def action_playground(self) -> None:
        """Make the user's playground."""
        self._make_playground()

    def action_new(self) -> None:
        """Ask for a new environment's settings."""
        from kubeplat_tui.screens.environments.wizard import NewEnvironmentScreen

        self.app.push_screen(NewEnvironmentScreen())

    def action_copy_environment(self) -> None:
        """Make a new environment with the settings of the one under the cursor."""
        from kubeplat_tui.screens.environments import changes

        changes.copy(self, self._current_name, self._changed)

    def action_rename(self) -> None:
        """Give the environment under the cursor another name."""
        from kubeplat_tui.screens.environments import changes

        changes.rename(self, self._current_name, self._changed)

    def action_delete(self) -> None:
        """Delete the environment under the cursor."""
        from kubeplat_tui.screens.environments import changes

        changes.delete(self, self._current_name, self._changed)

    def on_resource_table_opened(self, event: ResourceTable.Opened[Row]) -> None:
        self.app.call_later(self.kubeplat.go, event.row.name)

    def on_resource_table_highlighted(self, event: ResourceTable.Highlighted[Row]) -> None:
        if event.row.name != self._highlighted:
            self._highlighted = event.row.name
            if self.state.has_content:
                self.state.show_content()  # what was refused is about another row
        self._describe(event.row)
        self.refresh_bindings()

    # --- reading ----------------------------------------------------------------------------------

    @property
    def _table(self) -> ResourceTable[Row]:
        return self.query_one(ResourceTable)

    @property
    def _current_name(self) -> str:
        row = self._table.current
        return row.name if row else ""

    @property
    def shell_environment(self) -> str:
        return self._current_name if self._rows else ""

    def _read_names(self, *, quiet: bool) -> None:
        self.fetch("Reading the environments", self._names_and_playground, self._show_names, quiet=quiet)

    def _names_and_playground(self) -> tuple[list[str], str]:
        from kubeplat_tui.services.environments import playground_name

        intents = self.kubeplat.intents
        return intents.environment_names(), playground_name(intents.user)

    def _show_names(self, read: tuple[Sequence[str], str]) -> None:
        names, self._playground = read
        self._known = True
        self._survey.forget(self._rows.keys() - set(names))
        self._rows = {name: self._rows.get(name, Row(name)) for name in names}
        if not names:
            self._show_none()
            return
        self._draw()
        if self._wanted:
            self._table.go_to(self._wanted)
            self._wanted = ""
        self.show_content()
        self.fetch(
            "Reading the environments",
            self.kubeplat.intents.environments,
            self._show_listings,
            group="files",
            quiet=True,
        )

    def _show_none(self) -> None:
        self.state.show_notice(
            empty(
                "There is no environment yet.",
                "Press n to make your playground: a small cluster of your own, described in "
                f"{self._playground}.tfvars.\nWithout an AWS account it lives in the sandbox: AWS "
                "simulated on this computer, nothing to pay.\nPress N for any other environment.",
            ),
            keep=False,
        )
        self.refresh_bindings()

    def _show_listings(self, listings: Sequence[Listing]) -> None:
        self._rows = {
            listing.found.name: replace(
                self._rows.get(listing.found.name, Row(listing.found.name)), listing=listing
            )
            for listing in listings
        }
        self._survey.ask([name for name, row in self._rows.items() if row.environment is not None])
        self._draw()
        self.refresh_bindings()
        self.fetch(
            "Reading the expiries",
            self._read_expiries,
            self._show_expiries,
            failed=lambda _: None,  # a comfort: whatever is wrong with a working copy, the list stays
            group="expiry",
            quiet=True,
        )

    def _read_expiries(self) -> dict[str, Expiry | KubeplatError | None]:
        """From the working copies on this computer; the list is there before."""
        found: dict[str, Expiry | KubeplatError | None] = {}
        for name in self.names:
            try:
                found[name] = self.kubeplat.intents.expiry(name)
            except KubeplatError as error:
                found[name] = error
        return found

    def _show_expiries(self, expiries: dict[str, Expiry | KubeplatError | None]) -> None:
        self._rows = {name: replace(row, expiry=expiries.get(name)) for name, row in self._rows.items()}
        self._draw()

    def _take_standing(self, name: str, standing: Standing) -> None:
        if name in self._rows:
            self._rows[name] = replace(self._rows[name], standing=standing)
        if not self._stale:
            self._stale = True  # many answers at once are drawn once
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._stale = False
        table = self._table
        table.set_rows(self._rows.values())
        table.set_notes(self._survey.notes)
        row = table.current
        if row is not None:
            self._describe(row)

    def _describe(self, row: Row) -> None:
        self.query_one(".detail Static", Static).update(detail(row, self.kubeplat.now()))

    # --- after a change -----------------------------------------------------------------------------

    def _make_playground(self) -> None:
        self.fetch("Making your playground", self.kubeplat.intents.playground, self._made)

    def _made(self, environment: Environment) -> None:
        self._changed(environment.name)

    def _changed(self, name: str) -> None:
        """Read the list anew, with the cursor on `name` where there is one."""
        self.expect(name)
        self._read_names(quiet=self._known)
