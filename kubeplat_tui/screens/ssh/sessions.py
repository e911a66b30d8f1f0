"""The sessions of the screen: opened, looked at, typed into, closed. Their tabs and panes follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.screens.ssh import session_dialogs
from kubeplat_tui.screens.ssh.clipboard import Clipboard
from kubeplat_tui.screens.ssh.looks import OPEN, Phase, mark, tab_name
from kubeplat_tui.screens.ssh.pane import SessionPane
from kubeplat_tui.screens.ssh.panes import Panes
from kubeplat_tui.screens.ssh.session import Session
from kubeplat_tui.screens.ssh.tab_strip import Label
from kubeplat_tui.screens.ssh.tabs import FORWARDS, MACHINES, Tabs
from kubeplat_tui.screens.ssh.terminal import SessionTerminal
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.ssh import finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.screens.ssh.asking import Asker
    from kubeplat_tui.screens.ssh.screen import SshScreen
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.widgets.terminal.messages import Typed
    from kubeplat_tui.widgets.terminal.view import TerminalView


class Sessions:
    """Belongs to the screen. `tabs` says which are seen; a pane for each lives in the screen's `#sessions`."""

    def __init__(self, screen: SshScreen, asker: Asker) -> None:
        self.tabs = Tabs()
        self.broadcast: set[str] = set()
        self._panes: dict[str, SessionPane] = {}
        self._screen = screen
        self._asker = asker
        self._number = 0

    @property
    def all(self) -> list[Session]:
        """Every session that has a tab."""
        return [self._panes[key].session for key in self.tabs.sessions]

    @property
    def pane(self) -> SessionPane | None:
        """The one that is looked at."""
        return self._panes.get(self.tabs.current)

    @property
    def session(self) -> Session | None:
        """The one that is looked at."""
        return self.pane.session if self.pane is not None else None

    @property
    def open(self) -> list[Session]:
        """Those that would be ended by closing them."""
        return [session for session in self.all if session.open]

    def on(self, instance_id: str) -> int:
        """How many are open on a machine."""
        return sum(session.machine.id == instance_id for session in self.open)

    # --- opening and closing ----------------------------------------------------------------------

    def start(self, machine: Instance, *, agent: bool) -> None:
        """Open a session in a new tab."""
        screen = self._screen
        kubeplat = screen.kubeplat
        self._number += 1
        key = f"session-{self._number}"
        short = screen.short_name(machine)
        name = tab_name(short, {session.name for session in self.all})
        terminal = SessionTerminal(kubeplat.settings.prefix, fast=kubeplat.settings.fast_terminal)

        def deliver(what: Callable[[], None]) -> None:
            pane.post_message(Delivered(what))

        session = Session(
            key, machine, name, agent=agent, now=kubeplat.now, deliver=deliver, unexpected=kubeplat.unexpected
        )
        clipboard = Clipboard(screen, session)
        pane = SessionPane(session, terminal, clipboard, kubeplat.settings.prefix, kubeplat.now)
        session.changed = lambda: self._changed(pane)
        session.wrote = lambda: self._wrote(session)
        self._panes[key] = pane
        self.tabs.add(key)
        screen.query_one(Panes).mount(pane)
        screen.show_tab()
        pane.call_after_refresh(self._connect, pane)

    def _connect(self, pane: SessionPane) -> None:
        session = pane.session
        session.size = pane.room
        screen = self._screen
        site, intents = screen.site, screen.kubeplat.intents

        def connections() -> Connections:
            return intents.ssh(site)

        session.start(connections, self._asker.questions(session))

    def reconnect(self) -> None:
        """Connect again in the same tab; where the machine is gone, ask about the one that took its place."""
        pane = self.pane
        if pane is None or pane.session.open:
            return
        session = pane.session
        machine = next((one for one in self._screen.instances if one.id == session.machine.id), None)
        if machine is not None:
            session.machine = machine
            self._connect(pane)
            return
        heir = finding.successor(session.machine, self._screen.instances)
        if heir is None:
            name = session.machine.name or session.machine.id
            session.failed(
                KubeplatError(
                    f"{name} ({session.machine.id}) is gone.", todo="Press n to choose another machine."
                )
            )
            return

        def agreed() -> None:
            if not session.open:
                session.machine = heir
                self._connect(pane)

        session_dialogs.ask_about_successor(self._screen.app, session.machine, heir, agreed)

    def close(self) -> None:
        """Close the tab; a shell that still runs is asked about."""
        pane = self.pane
        if pane is None:
            return
        if not pane.session.live:
            self._close(pane)
            return

        def agreed() -> None:
            if pane.session.key in self._panes:
                self._close(pane)

        session_dialogs.ask_to_close(self._screen.app, pane.session, agreed)

    def _close(self, pane: SessionPane) -> None:
        key = pane.session.key
        self._asker.drop(pane.session)
        pane.session.changed = lambda: None
        pane.session.close()
        del self._panes[key]
        self.broadcast.discard(key)
        self.tabs.remove(key)
        pane.remove()
        self._show_members()
        self._screen.show_tab()
        self._screen.sessions_changed()

    def close_all(self) -> None:
        """The application ends."""
        self._asker.end()
        for session in self.all:
            session.changed = lambda: None
            session.close()

    def duplicate(self) -> None:
        """Another session on the same machine."""
        session = self.session
        if session is not None:
            self.start(session.machine, agent=session.agent)

    # --- looking ----------------------------------------------------------------------------------

    def go(self, key: str) -> None:
        """Look at a tab. Kubeplat keeps the keys."""
        self.tabs.go(key)
        self._screen.show_tab()

    def step(self, by: int) -> None:
        """Look at the next tab, or the one before."""
        self.tabs.step(by)
        self._screen.show_tab()

    def look_at(self, pane: SessionPane) -> None:
        """A pane took the focus by itself: by a click."""
        if pane.session.key != self.tabs.current and pane.session.key in self.tabs.shown:
            self.tabs.go(pane.session.key)
            self._screen.show_labels()

    def split(self) -> None:
        """Two sessions, or one."""
        self.tabs.split()
        self._screen.show_tab(typing=True)

    def show(self) -> None:
        """Bring the panes in line with the tabs."""
        shown = self.tabs.shown
        for key, pane in self._panes.items():
            pane.set_class(key in shown, "-shown")
            pane.set_class(key in shown[1:], "-second")
            if key in shown:
                pane.session.bell = pane.session.activity = False

    def labels(self) -> list[Label]:
        """What the strip of tabs shows."""
        tabs, now = self.tabs, self._screen.kubeplat.now()
        machines = len(self._screen.instances)
        forwards = self._screen.opened.forwards
        labels = [
            Label(
                MACHINES, f"Machines {machines}" if machines else "Machines", current=tabs.current == MACHINES
            ),
            Label(
                FORWARDS, f"Forwards {forwards}" if forwards else "Forwards", current=tabs.current == FORWARDS
            ),
        ]
        for session in self.all:
            unseen = session.key not in tabs.shown
            signs = "".join(
                sign
                for sign, there in (
                    ("▲", session.key in self.broadcast),
                    ("?", session.asks),
                    ("!", session.bell),
                    ("+", session.activity and unseen and not session.bell),
                )
                if there
            )
            labels.append(
                Label(
                    session.key,
                    session.name,
                    mark(session.standing, now),
                    signs,
                    current=tabs.current == session.key,
                    beside=tabs.beside == session.key,
                )
            )
        return labels

    def tick(self) -> None:
        """Every second: what counts seconds goes on."""
        for pane in self._panes.values():
            if pane.session.phase in {Phase.CONNECTING, Phase.SILENT}:
                pane.show_keys()

    def asks(self, session: object, waiting: bool) -> None:
        """A session asks something, or no more."""
        if isinstance(session, Session):
            session.asks = waiting
            self._screen.show_labels()

    # --- typing -----------------------------------------------------------------------------------

    def give_keys_back(self) -> None:
        """The machine has the keys again, where one listens."""
        pane = self.pane
        if pane is not None:
            pane.take_keys(typing=True)

    def of(self, view: TerminalView) -> SessionPane | None:
        """Whose terminal it is."""
        return next((pane for pane in self._panes.values() if pane.terminal is view), None)

    def typed(self, event: Typed) -> None:
        """Something goes to the machine; what a person typed or pasted to all that take part in the broadcast."""
        pane = self.of(event.view)
        if pane is None:
            return
        self._write(pane, event.data)
        if event.by_person and pane.session.key in self.broadcast:
            for key in self.broadcast - {pane.session.key}:
                self._write(self._panes[key], self._panes[key].terminal.type_again(event))

    def _write(self, pane: SessionPane, data: bytes) -> None:
        try:
            pane.session.write(data)
        except KubeplatError as error:
            self._screen.app.notify(str(error), severity="warning", markup=False)

    def pasted(self, pane: SessionPane, text: str, lines: int) -> None:
        """Several lines that the machine would take as typed."""
        members = len(self.broadcast) if pane.session.key in self.broadcast else 1
        session_dialogs.ask_about_paste(self._screen.app, pane, text, lines, members)

    def set_broadcast(self, keys: set[str]) -> None:
        """These get what is typed into one of them; none ends it."""
        self.broadcast = keys
        self._show_members()
        self._screen.show_labels()
        self._screen.refresh_bindings()

    def _show_members(self) -> None:
        if len(self.broadcast) < 2:
            self.broadcast = set()
        for key, pane in self._panes.items():
            pane.show_members(len(self.broadcast) if key in self.broadcast else 0)

    # --- what the machine wants -------------------------------------------------------------------

    def rang(self, pane: SessionPane) -> None:
        """The bell: heard where it is seen, marked where it is not."""
        if pane.session.key in self.tabs.shown and self._screen.is_current:
            self._screen.app.bell()
        else:
            pane.session.bell = True
            self._screen.show_labels()

    def _wrote(self, session: Session) -> None:
        if session.key in self.tabs.shown:
            session.activity = False
        else:
            self._screen.show_labels()

    def _changed(self, pane: SessionPane) -> None:
        session = pane.session
        if session.phase not in OPEN and session.key in self.broadcast:
            self.broadcast.discard(session.key)
            self._show_members()
        if pane.is_mounted:
            pane.show()
        if session.phase is Phase.UP:
            self._screen.known_by_now(session.machine)
        self._screen.sessions_changed()

    def rename(self) -> None:
        """Ask for another name."""
        session = self.session
        if session is None:
            return

        def named(name: str) -> None:
            session.name = tab_name(name, {one.name for one in self.all if one is not session})
            self._screen.sessions_changed()
            self._screen.show_heads()

        session_dialogs.ask_name(self._screen.app, session, named, self.give_keys_back)

    def save(self) -> None:
        """Ask where the text goes."""
        if self.pane is not None:
            session_dialogs.ask_where_to_save(
                self._screen.app, self.pane, self._screen.opened.name, self.give_keys_back
            )
