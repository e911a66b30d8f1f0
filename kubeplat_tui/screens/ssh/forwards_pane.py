"""The port forwards: what they lead to, how they truly stand, and what went through them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.containers import Vertical

from kubeplat_tui.actions import bindings
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.screens.ssh.forward_looks import described, forward_columns
from kubeplat_tui.screens.ssh.tabs import FORWARDS
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import RUNNING
from kubeplat_tui.services.ssh.forward_model import ForwardState
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import StateView, empty, failed, loading
from kubeplat_tui.widgets.table import ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult

    from kubeplat_tui.screens.ssh.screen import SshScreen
    from kubeplat_tui.services.ssh.forward_model import ForwardSpec, ForwardStatus
    from kubeplat_tui.services.ssh.forwards import Forwards
    from kubeplat_tui.widgets.state import Notice

T = TypeVar("T")
LISTENING = {ForwardState.STARTING, ForwardState.OPEN, ForwardState.FAILING}


class ForwardsPane(Vertical, can_focus=True):
    """Has the keys itself while there is no forward; else its table has them."""

    BINDINGS = bindings("forwards.add", "forwards.stop", "forwards.restart")

    def __init__(self, screen: SshScreen) -> None:
        super().__init__()
        self._ssh = screen
        self._forwards: Forwards | None = None
        self._leave: Callable[[], None] | None = None
        self._doing: Notice | None = None
        self._problem: Notice | None = None
        self._noticed: Notice | None = None

    def compose(self) -> ComposeResult:
        """The table behind its state."""
        now = self._ssh.kubeplat.now
        self.table: ResourceTable[ForwardStatus] = ResourceTable(
            forward_columns(now, self._name_of),
            key=lambda row: str(row.id),
            noun="Forwards",
            id="forwards",
        )
        self.table.start_at("Local")
        self.view = StateView(self.table, now=now)
        yield self.view

    def on_mount(self) -> None:
        """Bytes are seen to grow."""
        self.set_interval(1, self.look)
        self._show(())

    def on_unmount(self) -> None:
        """The screen ends; the forwards are closed by whoever made them."""
        if self._leave is not None:
            self._leave()

    def site_ready(self) -> None:
        """The environment was opened (again): its forwards may be others."""
        screen = self._ssh
        site, intents = screen.site, screen.kubeplat.intents

        def take(forwards: Forwards) -> None:
            if forwards is self._forwards:
                return
            if self._leave is not None:
                self._leave()
            self._forwards = forwards
            self._leave = forwards.when_changed(lambda _: self._tell())
            self._show(forwards.statuses())

        self._work("Asking for the forwards", lambda: intents.forwards(site), take)

    def probe_all(self) -> None:
        """Look now whether each would carry."""
        forwards = self._forwards
        if forwards is None:
            return
        for status in self.table.rows:
            self._work("Probing", _call(forwards.probe, status.id), _nothing_more)

    @property
    def ready(self) -> bool:
        """Whether a forward can be made."""
        return self._forwards is not None

    # --- what is seen -----------------------------------------------------------------------------

    def _tell(self) -> None:
        self.post_message(Delivered(self.look))

    def look(self) -> None:
        """Show how they stand now."""
        self._show(self._forwards.statuses() if self._forwards is not None else ())

    def _show(self, statuses: tuple[ForwardStatus, ...]) -> None:
        had = bool(self.table.rows)
        self.table.set_rows(statuses)
        notice = self._problem or (None if statuses else self._doing or self._nothing())
        if notice != self._noticed or had != bool(statuses):
            self._noticed = notice
            if statuses:
                self.view.show_content()
            if notice is not None:
                self.view.show_notice(notice, keep=bool(statuses))
            if self.has_focus:
                self.call_after_refresh(self.on_focus)
            self._ssh.call_after_refresh(self._ssh.focus_content)
            self._ssh.refresh_bindings()
        listening = sum(status.state in LISTENING for status in statuses)
        if listening != self._ssh.opened.forwards:
            self._ssh.opened.forwards = listening
            self._ssh.show_labels()

    def _nothing(self) -> Notice:
        return empty(
            f"{self._ssh.opened.name} has no port forwards.",
            "a adds one. K makes one to the Kubernetes API, with a kubeconfig for it.",
        )

    def _name_of(self, instance_id: str) -> str:
        found = next((one for one in self._ssh.instances if one.id == instance_id), None)
        return self._ssh.short_name(found) if found is not None else instance_id

    @property
    def target(self) -> ResourceTable[ForwardStatus] | ForwardsPane:
        """Who takes the keys here."""
        return self.table if self.table.rows and self.view.has_content else self

    def on_focus(self) -> None:
        """The table takes the keys, where there is one."""
        if self.target is not self:
            self.target.focus(scroll_visible=False)

    # --- keys -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stopping and restarting need a forward; restarting one that does not carry."""
        row = self.table.current
        if action == "add":
            return self.ready
        if action == "stop_forward":
            return row is not None
        if action == "restart":
            return row is not None and row.state not in {ForwardState.STARTING, ForwardState.OPEN}
        return super().check_action(action, parameters)

    def on_resource_table_opened(self, event: ResourceTable.Opened[ForwardStatus]) -> None:
        """Everything about a forward, its last error whole."""
        event.stop()
        from kubeplat_tui.screens.describe import DescribeDialog

        status, now = event.row, self._ssh.kubeplat.now()
        made = partial(described, status, self._name_of(status.spec.via), now)
        self._ssh.app.push_screen(DescribeDialog(one_line(status.spec.label) or status.spec.target, made))

    def action_add(self) -> None:
        """Ask what is wanted, then connect it."""
        from kubeplat_tui.screens.ssh.forward_dialog import ForwardDialog

        def add(spec: ForwardSpec | None) -> None:
            if spec is not None:
                self.start(spec)

        screen = self._ssh
        vias = [(one.id, screen.short_name(one)) for one in screen.instances if one.state == RUNNING]
        screen.app.push_screen(ForwardDialog(vias), add)

    def start(self, spec: ForwardSpec) -> None:
        """Start a forward; it is seen from its first moment on."""
        forwards = self._forwards
        if forwards is None:
            return
        questions = self._ssh.asker.questions(self)
        self._work("Starting the forward", lambda: forwards.start(spec, questions), self._started)

    def _started(self, status: ForwardStatus) -> None:
        self.look()
        self.table.go_to(str(status.id))

    def action_stop_forward(self) -> None:
        """Close it."""
        forwards, row = self._forwards, self.table.current
        if forwards is not None and row is not None:
            self._work("Stopping the forward", _call(forwards.stop, row.id), _nothing_more)

    def action_restart(self) -> None:
        """Connect it again."""
        forwards, row = self._forwards, self.table.current
        if forwards is not None and row is not None:
            questions = self._ssh.asker.questions(self)
            self._work("Restarting the forward", lambda: forwards.restart(row.id, questions), _nothing_more)

    # --- the Kubernetes API -----------------------------------------------------------------------

    def kubernetes_api(self) -> None:
        """Make the forward and its kubeconfig, or show the line again while it is there."""
        screen, forwards = self._ssh, self._forwards
        if forwards is None:
            return
        site, questions = screen.site, screen.asker.questions(self)
        screen.app.notify("Connecting to the Kubernetes API.")

        def make() -> tuple[ForwardStatus, Path]:
            from kubeplat_tui.services.ssh import api_forward

            return api_forward.kubernetes_api(site, forwards, questions)

        self._work("Forwarding the Kubernetes API", make, self._show_kubeconfig)

    def _show_kubeconfig(self, made: tuple[ForwardStatus, Path]) -> None:
        from kubeplat_tui.screens.ssh.kubeconfig_dialog import KubeconfigDialog

        status, path = made
        if self._ssh.is_active:
            self._ssh.app.push_screen(KubeconfigDialog(path, status))
        else:
            self._ssh.app.notify(f"export KUBECONFIG={path}", title="Kubernetes API", markup=False)

    # --- in the background ------------------------------------------------------------------------

    def _work(self, what: str, do: Callable[[], T], then: Callable[[T], None]) -> None:
        """Run `do` in a thread; what fails is said above the table, and below the tabs where that is not seen."""

        def work() -> None:
            try:
                result = do()
            except KubeplatError as error:
                problem = error
            except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
                problem = self._ssh.kubeplat.unexpected(what, error)
            else:
                self.post_message(Delivered(lambda: self._done(lambda: then(result))))
                return
            self.post_message(Delivered(lambda: self._done(lambda: self._failed(problem))))

        self._problem = None
        self._doing = loading(what, self._ssh.kubeplat.now())
        self.look()
        self.run_worker(work, thread=True, group="forwards", exit_on_error=False)

    def _done(self, then: Callable[[], None]) -> None:
        self._doing = None
        then()
        self.look()

    def _failed(self, error: KubeplatError) -> None:
        self._problem = failed(error)
        if self._ssh.tab != FORWARDS or not self._ssh.is_active:
            self._ssh.app.notify(str(error), severity="error", markup=False)

    def on_delivered(self, event: Delivered) -> None:
        """A thread is done."""
        event.stop()
        event.deliver()


def _call(what: Callable[[int], T], number: int) -> Callable[[], T]:
    return lambda: what(number)


def _nothing_more(_: object) -> None:
    """What was done is seen in the table."""
