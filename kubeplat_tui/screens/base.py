"""What every screen shares: header, footer, filter, states, and reading in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.containers import Container, Vertical
from textual.screen import Screen

from kubeplat_tui import delivered
from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.sections import SECTION, SECTIONS
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.footer import KeyFooter
from kubeplat_tui.widgets.header import Header
from kubeplat_tui.widgets.navigation import Navigation
from kubeplat_tui.widgets.state import StateView, failed, loading
from kubeplat_tui.widgets.table import ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.worker import Worker

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.delivered import Delivered
    from kubeplat_tui.opened import Opened
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.widgets.filter_bar import FilterBar

T = TypeVar("T")


class BaseScreen(Screen[None]):
    """A full screen: header, body, footer.

    Textual calls `on_mount` and its like of every class in turn: a subclass has its own without calling ours.
    A subclass composes its body in `compose_body`, reads in `refresh_data` by `fetch`, and may give
    `filter_target`.
    """

    BINDINGS = bindings(
        "screen.refresh",
        "screen.filter",
        "screen.shell",
        "app.go_to",
        "app.theme",
        "app.help",
        "screen.back",
        "screen.quit",
    )
    was_left: bool = True
    """Whether another screen stood in this one's place before it is seen again; a dialog above it does not count."""
    AUTO_FOCUS: ClassVar[str | None] = ""
    """Nothing is focused by itself: what is hidden would take keys."""

    @property
    def kubeplat(self) -> KubeplatApp:
        """The application, by its own type."""
        return cast("KubeplatApp", self.app)

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="middle"), Vertical(id="body"):
            yield from self.compose_body()
        yield KeyFooter()

    def compose_body(self) -> ComposeResult:
        """What stands between header and footer."""
        yield from ()

    def on_mount(self) -> None:
        self.show_facts()
        self.focus_content()

    def on_screen_suspend(self) -> None:
        self.was_left = not self.app.screen.is_modal

    def on_screen_resume(self) -> None:
        self.show_facts()

    # --- for subclasses ---------------------------------------------------------------------------

    def refresh_data(self) -> None:
        """Read everything anew (`ctrl+r`)."""

    @property
    def refreshes(self) -> bool:
        """Whether `ctrl+r` does something now."""
        return True

    @property
    def own_titles(self) -> Mapping[str, str]:
        """Other titles for actions here, by id: what Enter does to a row, where `q` leads."""
        return {"screen.quit": "Back"} if self.app.screen_stack[0] is not self else {}

    @property
    def filter_target(self) -> ResourceTable[Any] | None:
        """The table that `/` filters: the focused one, else the first that is seen."""
        if isinstance(self.focused, ResourceTable) and self.focused.rows:
            return self.focused
        return next((table for table in self.query(ResourceTable) if table.focusable and table.rows), None)

    def focus_content(self) -> None:
        """Give the keys to the screen's main part."""
        first = next((widget for widget in self.query("#body *") if widget.focusable), None)
        if first is not None and self.focused is None:
            self.set_focus(
                first, scroll_visible=False
            )  # at once: `focus` comes after what is already waiting

    @property
    def state(self) -> StateView:
        """The screen's content with its notice. A screen without one overrides what uses it."""
        return self.query_one(StateView)

    def fetch(
        self,
        what: str,
        read: Callable[[], T],
        show: Callable[[T], None],
        *,
        failed: Callable[[KubeplatError], None] | None = None,
        group: str = "fetch",
        quiet: bool = False,
    ) -> Worker[None]:
        """Run `read` in a thread, then `show` with its result in the application's thread.

        Until then the screen says `what` ("Reading the instances"), not where `quiet`; a failure is shown
        with what to do, or given to `failed`. A second `fetch` of the same group makes the first one's
        result unwanted.
        """
        if not quiet:
            self.state.show_notice(loading(what, self.kubeplat.now()))

        return delivered.fetch(self, what, read, show, failed or self.show_failure, group=group)

    def show_failure(self, error: KubeplatError) -> None:
        """Show a failed reading."""
        self.state.show_notice(failed(error))
        self.refresh_bindings()

    def show_content(self) -> None:
        """Show the content, and give it the keys."""
        self.state.show_content()
        self.call_after_refresh(self.focus_content)
        self.refresh_bindings()

    def show_facts(self) -> None:
        """Bring the header up to date."""
        if self.is_mounted:
            self.query_one(Header).show(self.kubeplat.facts(None))

    # --- actions ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        if action == "filter":
            return self.filter_target is not None
        if action == "back":
            return self.can_go_back
        if action == "refresh":
            return self.refreshes
        return super().check_action(action, parameters)

    @property
    def can_go_back(self) -> bool:
        """Whether Esc leads anywhere from here."""
        table = self.filter_target
        return self.app.screen_stack[0] is not self or (table is not None and bool(table.filter))

    def action_refresh(self) -> None:
        """Read everything anew."""
        self.refresh_data()

    @property
    def shell_environment(self) -> str:
        """The environment that `!` opens a shell in; "" where there is none here."""
        return ""

    def action_shell(self) -> None:
        """Lend the terminal to a shell in the environment."""
        from kubeplat_tui.screens.shell import open_shell

        name = self.shell_environment
        if not name:
            self.notify("There is no environment here to open a shell in.", severity="warning")
        elif open_shell(self.app, name) and self.refreshes:
            self.action_refresh()  # much may have happened there

    async def action_filter(self) -> None:
        """Show the filter's line."""
        from kubeplat_tui.widgets.filter_bar import FilterBar

        table = self.filter_target
        if table is None:
            return
        self._filtered = table
        bars = self.query(FilterBar)
        if not bars:
            await self.mount(FilterBar(), before=self.query_one(KeyFooter))
        self.query_one(FilterBar).open(table.filter)

    async def action_back(self) -> None:
        """Take a filter away, else leave the screen."""
        table = self.filter_target
        if table is not None and table.filter:
            table.set_filter("")
            self.refresh_bindings()
        elif len(self.app.screen_stack) > 1:
            await self.leave()

    async def action_leave(self) -> None:
        """Leave the screen; from the first one, quit."""
        if len(self.app.screen_stack) > 1:
            await self.leave()
        else:
            await self.app.action_quit()

    async def leave(self) -> None:
        """Go one screen back. A screen with something unsaved asks first."""
        await self.app.pop_screen()

    # --- messages ---------------------------------------------------------------------------------

    def on_delivered(self, event: Delivered) -> None:
        event.stop()
        event.deliver()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        from kubeplat_tui.widgets.filter_bar import FilterBar

        self.query_one(FilterBar).show_problem(self._filtered.set_filter(event.text))

    def on_filter_bar_closed(self) -> None:
        self._filtered.focus()
        self.refresh_bindings()

    def on_resource_table_export_wanted(self, event: ResourceTable.ExportWanted) -> None:
        event.stop()
        from kubeplat_tui.screens.export import ExportDialog

        self.app.push_screen(ExportDialog(event.data, self.export_name(event.data.noun)))

    def export_name(self, noun: str) -> str:
        """The beginning of an exported file's name."""
        return noun.lower().replace(" ", "-")


class EnvironmentScreen(BaseScreen):
    """A section of one environment, with the navigation at its side.

    A subclass names its `section` and implements `compose_body` (with a `StateView` in it) and
    `refresh_data`, which may use `self.site`. `site_ready` is called whenever the environment was opened
    (again); it refreshes.
    """

    section: ClassVar[str]
    needs_site: ClassVar[bool] = True
    """False where the section is of use although the environment could not be opened."""

    BINDINGS = bindings(*(f"go.{section.id}" for section in SECTIONS), "environment.credentials")

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.opened = opened

    @property
    def shell_environment(self) -> str:
        return self.opened.name

    @property
    def unsaved(self) -> bool:
        """Whether something here would be lost by quitting."""
        return False

    def ask_to_quit(self) -> None:
        """Ask what becomes of the build at work here, then quit (the Build screen knows how)."""

    @property
    def site(self) -> Site:
        """The opened environment. Only to be asked for after `site_ready`."""
        if self.opened.site is None:
            raise KubeplatError(f"{self.opened.name} is not open.", todo="Press ctrl+r to open it.")
        return self.opened.site

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="middle"):
            yield Navigation(SECTIONS, self.section)
            with Vertical(id="body"):
                yield from self.compose_body()
        yield KeyFooter()

    def on_mount(self) -> None:
        if self.needs_site:
            self.show_opening()
        if self.opened.site is not None or not self.needs_site:
            self.site_ready()

    def show_opening(self) -> None:
        """Say how far the opening of the environment is (called whenever that changes)."""
        opened = self.opened
        self.show_facts()
        if not self.needs_site:
            return
        if opened.problem is not None:
            self.show_failure(opened.problem)
        elif opened.site is None:
            self.state.show_notice(
                loading(self.kubeplat.opening_words(opened), opened.opening_since or self.kubeplat.now())
            )
        self.refresh_bindings()

    def site_ready(self) -> None:
        """The environment was opened."""
        self.refresh_data()

    def action_refresh(self) -> None:
        """Read everything anew; open the environment first where that failed or its sandbox ended."""
        if self.needs_site and (self.opened.site is None or self.opened.lost):
            self.kubeplat.reopen(self.opened)
        else:
            self.refresh_data()

    def show_facts(self) -> None:
        if self.is_mounted:
            self.query_one(Header).show(self.kubeplat.facts(self.opened))
            self.kubeplat.count_down(self.opened)
            self.query_one(Navigation).show_busy("build" if self.opened.build else "")
            self.query_one(Navigation).show_count("ssh", self.opened.sessions)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "go":
            return parameters[0] in SECTION and parameters[0] != self.section
        if action == "credentials":
            return self.opened.site is not None and not self.opened.lost
        return super().check_action(action, parameters)

    async def action_go(self, section: str) -> None:
        """Go to another section of this environment."""
        await self.kubeplat.go(self.opened.name, section)

    def action_credentials(self) -> None:
        """Show the credentials of this environment; what is seen here is read anew where they became others."""
        from kubeplat_tui.screens.credentials import CredentialsDialog

        def closed(changed: bool | None) -> None:
            if changed and self.needs_site and self.refreshes:
                self.action_refresh()

        self.app.push_screen(CredentialsDialog(self.site), closed)

    def on_delivered(self, event: Delivered) -> None:
        """What was read may have needed new credentials: the header counts theirs.

        Textual calls the handler above as well: calling it here would show everything twice.
        """
        del event
        self.show_facts()

    async def on_navigation_chosen(self, event: Navigation.Chosen) -> None:
        await self.action_go(event.section)

    def export_name(self, noun: str) -> str:
        return f"{self.opened.name}-{super().export_name(noun)}"
