"""SSH: a picker of machines, sessions in tabs, port forwards, files to and from machines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.inventory import InventoryScreen
from kubeplat_tui.screens.ssh.asking import Asker
from kubeplat_tui.screens.ssh.copying import Copying, Way
from kubeplat_tui.screens.ssh.forwards_pane import ForwardsPane
from kubeplat_tui.screens.ssh.looks import Phase, can_open
from kubeplat_tui.screens.ssh.machines import Machine, machine_table, machines
from kubeplat_tui.screens.ssh.panes import Panes
from kubeplat_tui.screens.ssh.seen import Seen
from kubeplat_tui.screens.ssh.sessions import Sessions
from kubeplat_tui.screens.ssh.tab_strip import TabStrip
from kubeplat_tui.screens.ssh.tabs import FORWARDS, MACHINES
from kubeplat_tui.screens.ssh.terminal import SessionTerminal
from kubeplat_tui.services.ssh.names import short_names
from kubeplat_tui.widgets.state import StateView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.screens.ssh.pane import SessionPane
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.model import KnownHost
    from kubeplat_tui.widgets.table import ResourceTable

BESIDE = 132
"""From this width on two sessions stand side by side; on a narrower screen above each other."""
MOVING = {"pending", "stopping", "shutting-down"}
Read = tuple[list["Instance"], tuple["KnownHost", ...]]


class SshScreen(InventoryScreen):
    """Its tabs: the machines, the forwards, and one for each session. Sessions live on while it is not looked at."""

    section = "ssh"
    BINDINGS = bindings(
        "ssh.connect",
        "ssh.connect_agent",
        "ssh.reconnect",
        "ssh.close",
        "ssh.new",
        "ssh.duplicate",
        "ssh.next",
        "ssh.previous",
        "ssh.split",
        "ssh.broadcast",
        "ssh.save",
        "ssh.rename",
        "ssh.forwards",
        "ssh.api",
        "ssh.put",
        "ssh.get",
        "ssh.stop",
    )
    DEFAULT_CSS = """
    SshScreen #picker, SshScreen ForwardsPane, SshScreen Panes { display: none; }
    SshScreen.-machines #picker, SshScreen.-forwards ForwardsPane, SshScreen.-sessions Panes { display: block; }
    SshScreen.-beside Panes { layout: horizontal; }
    SshScreen.-beside SessionPane.-second { border-left: solid $line; }
    SshScreen.-beside SessionPane.-second.-broadcast { border: heavy $warning; }
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self.instances: list[Instance] = []
        self._known: tuple[KnownHost, ...] = ()
        self.asker = Asker(self, self._asks)
        self.sessions = Sessions(self, self.asker)
        self.copying = Copying(self)

    def compose_body(self) -> ComposeResult:
        """Tabs, what they show, and lines for a search and for what is copied."""
        now = self.kubeplat.now
        self.strip = TabStrip()
        self.table = machine_table(now)
        self.forwards = ForwardsPane(self)
        yield self.strip
        yield StateView(self.table, now=now, id="picker")
        yield self.forwards
        yield Panes(self.sessions)
        yield self.copying.lines

    def on_mount(self) -> None:
        """The machines are seen first."""
        self.set_interval(1, self._tick)
        Seen(self, self._seldom_seen).watch()
        self.show_tab()

    def _seldom_seen(self) -> list[Widget]:
        """What comes and goes."""
        panes = self.query_one(Panes).children
        return [
            self.table,
            self.state,
            self.forwards,
            self.forwards.table,
            *panes,
            *self.query(SessionTerminal),
        ]

    def on_resize(self) -> None:
        """Side by side where there is room."""
        self.set_class(self.size.width >= BESIDE, "-beside")

    def on_unmount(self) -> None:
        """The application ends: so does everything here."""
        self.sessions.close_all()
        self.copying.stop_all()

    def on_screen_resume(self) -> None:
        """What was asked meanwhile is shown now; a tab that came meanwhile takes the keys."""
        self.asker.show_next()
        pane = self.sessions.pane
        if pane is not None and not self._has_keys(pane):
            # Its shell may begin while the dialog about its host key goes away.
            self.call_after_refresh(self._focus_tab, False, pane)

    def _has_keys(self, pane: SessionPane) -> bool:
        return self.focused is not None and pane in self.focused.ancestors_with_self

    @property
    def state(self) -> StateView:
        """The machines with their notice."""
        return self.query_one("#picker", StateView)

    # --- reading ----------------------------------------------------------------------------------

    def read_again(self, *, quiet: bool) -> None:
        """The machines, and what we know of their host keys."""
        site, intents = self.site, self.kubeplat.intents

        def read() -> Read:
            found = intents.instances(site)
            return found, intents.ssh(site).host_keys.known()

        self.fetch("Reading the machines", read, self._show, quiet=quiet)

    def _show(self, read: Read) -> None:
        self.instances, self._known = read
        self._show_rows()
        self.forwards.look()
        self.shown(self.table, f"{self.opened.name} has no machines.")
        self.show_labels()

    def known_by_now(self, machine: Instance) -> None:
        """A shell runs on a machine: its host key is known."""
        if all(host.instance_id != machine.id for host in self._known):
            self.read_again(quiet=True)

    def _show_rows(self) -> None:
        counts = Counter(session.machine.id for session in self.sessions.open)
        self.table.set_rows(machines(self.instances, self._known, counts))

    def refresh_data(self) -> None:
        """Read now; on the forwards, look whether each would carry."""
        if self.tab == FORWARDS:
            self.forwards.probe_all()
        else:
            super().refresh_data()

    @property
    def changing(self) -> bool:
        """Whether a machine is on its way."""
        return any(one.state in MOVING for one in self.instances)

    def site_ready(self) -> None:
        """Opened (again): the forwards may be others."""
        self.forwards.site_ready()
        self.read_again(quiet=self.state.has_content)

    def short_name(self, machine: Instance) -> str:
        """`secure-a`: how a machine is called where the environment is known."""
        others = [one for one in self.instances if one.id != machine.id]
        return short_names([machine, *others])[machine.id]

    # --- what is seen -----------------------------------------------------------------------------

    @property
    def tab(self) -> str:
        """The tab that is looked at."""
        return self.sessions.tabs.current

    def show_tab(self, *, typing: bool = False) -> None:
        """Another tab is looked at, or two sessions instead of one. `typing`: its machine gets the keys."""
        for name, there in (
            ("-machines", self.tab == MACHINES),
            ("-forwards", self.tab == FORWARDS),
            ("-sessions", bool(self.sessions.tabs.session)),
        ):
            self.set_class(there, name)
        self.sessions.show()
        self.show_labels()
        self.refresh_bindings()
        if self.is_mounted:
            pane = self.sessions.pane
            begins = pane if pane is not None and not pane.terminal.live else None
            self.call_after_refresh(self._focus_tab, typing, begins)

    def _focus_tab(self, typing: bool, begins: SessionPane | None = None) -> None:
        """What is looked at takes the keys from what is not.

        The shell of `begins` may have begun since this was asked for: its machine keeps the keys that it got by that.
        """
        pane = self.sessions.pane
        if not self.is_active:
            return
        if pane is not None and pane.is_mounted:
            pane.take_keys(typing=typing or (pane is begins and pane.terminal.takes_every_key))
        else:
            self.set_focus(None)
            self.focus_content()

    def show_labels(self) -> None:
        """The tabs say something else."""
        if self.is_mounted:
            self.strip.show(self.sessions.labels())

    def show_heads(self) -> None:
        """A session has another name."""
        for head in self.query("SessionHead"):
            head.refresh()

    def sessions_changed(self) -> None:
        """A session stands otherwise."""
        self.opened.sessions = len(self.sessions.open)
        if self.is_mounted:
            self._show_rows()
            self.show_labels()
            self.refresh_bindings()
        self.kubeplat.show_facts()

    def focus_content(self) -> None:
        """What is looked at takes the keys, where nothing has them."""
        if self.focused is not None or self.app.screen is not self:
            return
        if self.sessions.pane is not None:
            self.sessions.pane.take_keys(typing=False)
            return
        target: Widget = self.table if self.tab == MACHINES else self.forwards.target
        if target.focusable:
            target.focus(scroll_visible=False)

    def _tick(self) -> None:
        self.sessions.tick()
        if any(session.phase in {Phase.CONNECTING, Phase.SILENT} for session in self.sessions.open):
            self.show_labels()

    def _asks(self, owner: object, waiting: bool) -> None:
        self.sessions.asks(owner, waiting)

    # --- keys -------------------------------------------------------------------------------------

    @property
    def filter_target(self) -> ResourceTable[Any] | None:
        """The table that is seen."""
        if self.tab == MACHINES:
            return self.table if self.table.rows and self.state.has_content else None
        if self.tab == FORWARDS:
            return self.forwards.table if self.forwards.table.rows else None
        return None

    @property
    def own_titles(self) -> Mapping[str, str]:
        """Enter opens a shell; Esc goes on typing, or cancels."""
        titles = {**super().own_titles, "table.open": "Shell" if self.tab == MACHINES else "Open"}
        session = self.sessions.session
        if session is not None:
            titles["screen.back"] = "Cancel" if session.phase is Phase.CONNECTING else "Type"
            if not session.open:
                titles["screen.back"] = "Machines"
        return titles

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        possible = self._possible.get(action)
        if possible is not None:
            return bool(possible())
        if action in {"back", "refresh"} and self.sessions.session is not None:
            return action == "back"
        return super().check_action(action, parameters)

    @property
    def _possible(self) -> dict[str, Callable[[], object]]:
        """What decides whether an action would do something now."""
        session, tabs = self.sessions.session, self.sessions.tabs
        return {
            "connect": lambda: self._machine,
            "reconnect": lambda: session is not None and not session.open,
            "close": lambda: session,
            "duplicate": lambda: session,
            "save": lambda: session,
            "rename": lambda: session,
            "new": lambda: self.tab != MACHINES,
            "split": lambda: tabs.can_split,
            "broadcast": lambda: session and (self.sessions.broadcast or len(self._live) > 1),
            "forwards": lambda: self.tab != FORWARDS,
            "api": lambda: self.forwards.ready,
            "put": lambda: self._target,
            "get": lambda: self._target,
            "stop": lambda: self.copying.busy,
        }

    @property
    def _live(self) -> list[tuple[str, str]]:
        return [(session.key, session.name) for session in self.sessions.all if session.live]

    @property
    def _machine(self) -> Instance | None:
        """The machine under the cursor, where a shell can be had there."""
        if self.filter_target is not self.table or self.table.current is None:
            return None
        machine = self.table.current.instance
        return machine if can_open(machine) else None

    @property
    def _target(self) -> Instance | None:
        """The machine that files go to or come from."""
        session = self.sessions.session
        if session is not None:
            return session.machine
        return self._machine

    async def action_back(self) -> None:
        """Cancel connecting; go on typing; else to the machines; else back."""
        session = self.sessions.session
        if session is None:
            if self.tab == FORWARDS and not (self.filter_target and self.filter_target.filter):
                self.sessions.go(MACHINES)
            else:
                await super().action_back()
        elif session.phase is Phase.CONNECTING:
            session.cancel()
        elif session.live:
            self.sessions.give_keys_back()
        else:
            self.sessions.go(MACHINES)

    def open_session(self, machine: Instance, *, agent: bool = False) -> None:
        """Open a shell on a machine in a new tab (also from Instances)."""
        if machine.id not in {one.id for one in self.instances}:
            self.instances = [*self.instances, machine]
        self.sessions.start(machine, agent=agent)

    def on_resource_table_opened(self, event: ResourceTable.Opened[Any]) -> None:
        """Enter on a machine."""
        if not isinstance(event.row, Machine):
            return
        machine = event.row.instance
        if can_open(machine):
            self.open_session(machine)
        else:
            self.app.notify(
                f"{machine.name} is {machine.state}: a shell needs a running machine.",
                severity="warning",
                markup=False,
            )

    def on_resource_table_highlighted(self) -> None:
        """Another row: other things can be done with it."""
        self.refresh_bindings()

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        """A tab was clicked."""
        self.sessions.go(event.key)

    def action_connect(self, agent: bool) -> None:
        """A shell on the machine under the cursor."""
        if self._machine is not None:
            self.open_session(self._machine, agent=agent)

    def action_new(self) -> None:
        """Choose a machine."""
        self.sessions.go(MACHINES)

    def action_forwards(self) -> None:
        """The port forwards."""
        self.sessions.go(FORWARDS)

    def action_tab(self, by: int) -> None:
        """The next tab, or the one before."""
        self.sessions.step(by)

    def action_reconnect(self) -> None:
        """Connect again."""
        self.sessions.reconnect()

    def action_close(self) -> None:
        """Close the tab."""
        self.sessions.close()

    def action_duplicate(self) -> None:
        """Another session there."""
        self.sessions.duplicate()

    def action_split(self) -> None:
        """Two, or one."""
        self.sessions.split()

    def action_rename(self) -> None:
        """Another name."""
        self.sessions.rename()

    def action_save(self) -> None:
        """The text to a file."""
        self.sessions.save()

    def action_broadcast(self) -> None:
        """Choose who takes part; while one is on: end it."""
        from kubeplat_tui.screens.ssh.broadcast_dialog import BroadcastDialog

        if self.sessions.broadcast:
            self.sessions.set_broadcast(set())
            self.app.notify("The broadcast is over.")
            return

        def chosen(keys: set[str] | None) -> None:
            live = {key for key, _ in self._live}
            if keys:
                self.sessions.set_broadcast(keys & live)
            self.sessions.give_keys_back()

        self.app.push_screen(BroadcastDialog(self._live), chosen)

    def action_api(self) -> None:
        """The Kubernetes API on a local port."""
        self.forwards.kubernetes_api()

    def action_put(self) -> None:
        """A file to the machine."""
        self._copy(Way.PUT)

    def action_get(self) -> None:
        """A file from the machine."""
        self._copy(Way.GET)

    def _copy(self, way: Way) -> None:
        machine, session = self._target, self.sessions.session
        if machine is not None:
            name = session.name if session is not None else self.short_name(machine)
            self.copying.ask(way, machine, name, session)

    def action_stop(self) -> None:
        """Stop what is copied."""
        self.copying.stop_all()
