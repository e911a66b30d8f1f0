"""The application: which screen is seen, which environments are open, and how it ends."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import App, SystemCommand
from textual.worker import get_current_worker

from kubeplat_tui import quitting, themes
from kubeplat_tui.actions import bindings
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.live_settings import LiveSettings
from kubeplat_tui.opened import Opened
from kubeplat_tui.screens.mfa_asking import CodeAsker
from kubeplat_tui.screens.sections import SECTION
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.settings import Colours
from kubeplat_tui.widgets.credentials_life import life_mark, until_it_changes
from kubeplat_tui.widgets.footer import live_actions
from kubeplat_tui.widgets.header import Facts
from kubeplat_tui.widgets.terminal.keys import ExactKeys
from kubeplat_tui.widgets.too_small import TooSmall, too_small

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.timer import Timer

    from kubeplat_tui.intents import Intents
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.settings import Settings

SMALL_ENOUGH_TO_QUIT = {"ctrl+q", "ctrl+c"}


class KubeplatApp(App[int]):
    """kubeplat on the screen. Everything it does, it asks `intents` for, in threads."""

    TITLE = "kubeplat"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS = bindings("app.quit")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - declared by Textual as it is
    ENABLE_COMMAND_PALETTE = True
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self,
        intents: Intents,
        *,
        start: str | None = None,
        playground: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        colours: Colours = Colours.AUTO,
        slow_link: bool = False,
    ) -> None:
        """`start` names an environment to open at once; `playground` makes the user's where there is none."""
        colours = Colours.NONE if os.environ.get("NO_COLOR") else colours
        # Without colours, none of the theme's is to be turned into a grey either.
        super().__init__(ansi_color=True if colours is Colours.NONE else None)
        ExactKeys.install()
        self.intents = intents
        self.now = now
        self.start = start
        self.wants_playground = playground
        self.opened: dict[str, Opened] = {}
        self.branch = ""
        self.codes = CodeAsker(self)
        intents.credential_questions = self.codes
        self._countdown: Timer | None = None
        self.slow_link = slow_link
        self._live_settings = LiveSettings(self, intents.workplace.config, colours)
        self._live_settings.begin()

    def get_default_screen(self) -> Screen[None]:
        """The list of environments is the first thing painted."""
        from kubeplat_tui.screens.environments import EnvironmentsScreen

        return EnvironmentsScreen()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colours, for themes that have none."""
        return themes.derived(self.current_theme)

    def on_mount(self) -> None:
        if not self.is_headless:
            quitting.quit_when_told(self)
        self.screen_change_signal.subscribe(self, self._cover)
        self._live_settings.watch()
        self.call_after_refresh(lambda: self._cover(self.screen))
        self.branch = self.intents.git_branch()
        self.show_facts()
        if self.start:
            self.call_later(self.go, self.start, "overview")

    # --- environments -----------------------------------------------------------------------------

    def environment_opened(self, name: str) -> Opened:
        """What is remembered of environment `name`; made on first use."""
        return self.opened.setdefault(name, Opened(name))

    async def go(self, name: str, section: str = "overview") -> None:
        """Show a section of environment `name`; the environment is opened on the way, in the background."""
        opened = self.environment_opened(name)
        screen = opened.screens.get(section)
        if screen is None:
            screen = opened.screens[section] = SECTION[section].make(opened)
            self.install_screen(screen, f"{name}/{section}")
        while len(self.screen_stack) > 2:
            await self.pop_screen()
        entering = len(self.screen_stack) == 1
        if entering:
            await self.push_screen(screen)
        else:
            await self.switch_screen(screen)
        if opened.opening_since is None and (entering or opened.site is None or opened.lost):
            self.reopen(opened)

    async def go_home(self) -> None:
        """Show the list of environments."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    def reopen(self, opened: Opened) -> None:
        """Open the environment (again): its file is read anew, its sandbox started where it has ended."""
        opened.problem = None
        opened.opening_since = self.now()
        if opened.lost:
            opened.site = None
        self._tell(opened)

        def work() -> None:
            worker = get_current_worker()
            try:
                opened.environment = self.intents.environment(opened.name)
                self.post_message(Delivered(lambda: self._tell(opened)))
                site: Site | None = self.intents.open(opened.name)
                problem = None
            except KubeplatError as error:
                site, problem = None, error
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                site, problem = None, self.unexpected(f"opening {opened.name}", error)
            if not worker.is_cancelled:
                self.post_message(Delivered(lambda: self._opened(opened, site, problem)))

        self.run_worker(work, thread=True, exclusive=True, group=f"open {opened.name}", exit_on_error=False)

    def opening_words(self, opened: Opened) -> str:
        """What the loading state says while the environment is opened."""
        if opened.environment is not None and opened.environment.sandbox:
            return f"Starting the sandbox for {opened.name}"
        return f"Opening {opened.name}"

    def build_changed(self, opened: Opened) -> None:
        """The Build screen set or took away `opened.build`: header and navigation follow."""
        self._tell(opened)

    def _opened(self, opened: Opened, site: Site | None, problem: KubeplatError | None) -> None:
        opened.opening_since = None
        opened.problem = problem
        if site is None:
            self._tell(opened)
            return
        opened.site = site
        opened.environment = site.environment
        site.cloud.when_lost(lambda: self._post_lost(opened))
        self._tell(opened)
        for screen in opened.screens.values():
            if screen.is_mounted and screen.needs_site:
                screen.site_ready()

    def _post_lost(self, opened: Opened) -> None:
        self.post_message(Delivered(lambda: self._lost(opened)))

    def on_delivered(self, event: Delivered) -> None:
        """A worker is done."""
        event.deliver()

    def _lost(self, opened: Opened) -> None:
        opened.problem = KubeplatError(
            f"The sandbox of {opened.name} ended.",
            why="Its process is gone, and everything simulated in it.",
            todo="Press ctrl+r to start it anew.",
        )
        self._tell(opened)

    def _tell(self, opened: Opened) -> None:
        for screen in opened.screens.values():
            if screen.is_mounted:
                screen.show_opening()

    # --- header -----------------------------------------------------------------------------------

    def facts(self, opened: Opened | None) -> Facts:
        """What the header says on a screen of this environment, or on the list."""
        if opened is None:
            running = next((one for one in self.opened.values() if one.build), None)
            words = f"{running.name}: {running.build.verb}" if running and running.build else ""
            return Facts(branch=self.branch, build=words, sessions=self.sessions)
        environment = opened.environment
        build = opened.build
        return Facts(
            environment=opened.name,
            sandbox=environment is not None and environment.sandbox,
            account=opened.identity.account
            if opened.identity
            else environment.account
            if environment
            else "",
            identity=opened.identity.arn.rpartition(":")[2] if opened.identity else "",
            region=environment.region if environment else "",
            branch=self.branch,
            build=" · ".join(filter(None, (build.verb, build.step))) if build else "",
            sessions=self.sessions,
            keys=life_mark(expires, self.now()) if (expires := opened.keys_expire) else None,
        )

    def count_down(self, opened: Opened) -> None:
        """Bring the headers up to date when the credentials' remaining life is another number; never else."""
        expires = opened.keys_expire
        wait = until_it_changes(expires, self.now()) if expires is not None else 0.0
        if wait and self._countdown is None:
            self._countdown = self.set_timer(wait, self._minute_passed)

    def _minute_passed(self) -> None:
        self._countdown = None
        self.show_facts()

    @property
    def sessions(self) -> int:
        """The open SSH sessions of every environment."""
        return sum(opened.sessions for opened in self.opened.values())

    def show_facts(self) -> None:
        """Bring every header up to date."""
        from kubeplat_tui.screens.base import BaseScreen

        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen):
                screen.show_facts()

    # --- actions ----------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from kubeplat_tui.screens.help import HelpDialog

        self.push_screen(HelpDialog(live_actions(self.screen)))

    def action_go_to(self) -> None:
        """Ask where to go."""
        from kubeplat_tui.screens.go_to import GoTo, places

        here = getattr(self.screen, "opened", None)
        self.push_screen(GoTo(places(here, self.known_names())), self._go_to)

    def known_names(self) -> list[str]:
        """The environments' names, as last read."""
        from kubeplat_tui.screens.environments import EnvironmentsScreen

        return next((s.names for s in self.screen_stack if isinstance(s, EnvironmentsScreen)), [])

    async def _go_to(self, place: tuple[str, str] | None) -> None:
        if place is None:
            return
        name, section = place
        if name:
            await self.go(name, section)
        else:
            await self.go_home()

    async def action_quit(self) -> None:
        """Quit; asks first where something would be lost."""
        quitting.quit_asking(self)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything that can be done now, for the palette."""
        for hint in live_actions(screen):
            if hint.id.startswith("move.") or hint.id == "app.palette":
                continue
            yield SystemCommand(hint.title, hint.help, self._runner(hint.call, hint.node))

    def _runner(self, call: str, node: DOMNode) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_action, call, default_namespace=node)

        return run

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """A key of the keymap takes another action's key: say whose."""
        lost = sorted({binding.id for binding in clashed_bindings if binding.id})
        if lost:
            self.notify(
                f"The keymap takes the key of {', '.join(lost)}.", title="config.toml", severity="warning"
            )

    @property
    def settings(self) -> Settings:
        """What `config.toml` says now."""
        return self._live_settings.current

    def on_app_focus(self) -> None:
        """Back from another window, where the settings may have been edited."""
        self._live_settings.look()

    def on_unmount(self) -> None:
        self.codes.end()

    # --- what may go wrong ------------------------------------------------------------------------

    def unexpected(self, doing: str, error: Exception) -> KubeplatError:
        """A fault of kubeplat's own as a sentence; its traceback goes to the log in the state folder."""
        from kubeplat_tui.services.fault_log import fault

        return fault(self.intents.workplace.state, doing, error, self.now())

    # --- sizes ------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Where the terminal is too small to show what a key does, keys do nothing but quit."""
        blind = isinstance(event, events.InputEvent | events.Paste) and too_small(*self.size)
        if blind and not (isinstance(event, events.Key) and event.key in SMALL_ENOUGH_TO_QUIT):
            return
        await super().on_event(event)

    def on_resize(self) -> None:
        # Textual takes the new size over after this handler.
        self.call_next(lambda: self._cover(self.screen))

    def _cover(self, screen: Screen[object]) -> None:
        """Cover the screen with a sentence while the terminal is too small, and uncover it afterwards."""
        covers = screen.query(TooSmall)
        if too_small(*self.size):
            if covers:
                covers.refresh()
            elif screen.is_mounted:
                screen.mount(TooSmall())
        elif covers:
            covers.remove()
