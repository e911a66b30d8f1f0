"""The credentials of an environment: what is used, from where, until when; renewing and forgetting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui import delivered
from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.mfa_dialog import device_name
from kubeplat_tui.services.credentials.model import Kind
from kubeplat_tui.widgets.cells import Mark, Tone, age, failed, moment, none, running, warned
from kubeplat_tui.widgets.credentials_life import DUE_WITHIN
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.facts import Fact, Facts
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import COLOURS, StateView, loading
from kubeplat_tui.widgets.state import failed as failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.delivered import Delivered
    from kubeplat_tui.services.credentials.model import CredentialsStatus
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.site import Site


class CredentialsDialog(Dialog[bool]):
    """Dismisses with whether they became others. It reads in workers, and stays open while they are renewed: the
    question for a code comes on top of it.
    """

    BINDINGS = bindings("dialog.close", "credentials.renew", "credentials.forget", "credentials.copy")
    DEFAULT_CSS = """
    CredentialsDialog > .box { width: 90; height: auto; }
    CredentialsDialog StateView { height: auto; }
    CredentialsDialog StatePanel { height: auto; padding: 1 0; content-align: left top; }
    CredentialsDialog Banner { padding: 0 1; margin-bottom: 1; }
    CredentialsDialog VerticalScroll { height: auto; max-height: 60vh; }
    """

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site
        self._status: CredentialsStatus | None = None
        self._busy = False
        self._changed = False

    def compose(self) -> ComposeResult:
        """The title, and the facts or why there are none."""
        with Vertical(classes="box") as box:
            yield Static(f"The credentials of {self._site.environment.name}", classes="title", markup=False)
            yield StateView(VerticalScroll(Facts(label_width=12)), now=self.kubeplat.now)
        box.styles.width = 90  # the frame's stylesheet gives every dialog its size

    def on_mount(self) -> None:
        """Read."""
        self._show_keys()
        self._work("Reading the credentials", lambda: None)

    # --- reading ----------------------------------------------------------------------------------

    def _work(self, what: str, change: Callable[[], object], done: str = "") -> None:
        """Do `change` in a thread, read anew, show it; then say `done`."""
        self._busy = True
        self.query_one(StateView).show_notice(loading(what, self.kubeplat.now()))
        self.refresh_bindings()
        intents, site = self.kubeplat.intents, self._site

        def read() -> CredentialsStatus:
            change()
            return intents.credentials(site)

        delivered.fetch(
            self, what, read, lambda status: self._show(status, done), self._fail, group="credentials"
        )

    def on_delivered(self, event: Delivered) -> None:
        """A worker is done."""
        event.stop()
        event.deliver()

    def _show(self, status: CredentialsStatus, done: str) -> None:
        self._busy = False
        self._changed = self._changed or bool(done)
        self._status = status
        self.query_one(Facts).show(list(facts(status, self._site.environment.account, self.kubeplat.now())))
        self.query_one(StateView).show_content()
        self._after()
        if done:
            self.app.notify(done)

    def _fail(self, error: KubeplatError) -> None:
        self._busy = False
        self.query_one(StateView).show_notice(failure(error))
        self._after()

    def _after(self) -> None:
        self._show_keys()
        self.refresh_bindings()
        self.kubeplat.show_facts()

    def _show_keys(self) -> None:
        words = {"renew": "r renews", "forget": "f forgets the session", "copy": "y copies the ARN"}
        live = [said for action, said in words.items() if self.check_action(action, ())]
        self.query_one(".box").border_subtitle = " · ".join([*live, "esc closes"])

    def action_cancel(self) -> None:
        """Close."""
        self.dismiss(self._changed)

    # --- actions ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what would do something."""
        status = self._status
        if action == "renew":
            return status is not None and status.renewable and not self._busy
        if action == "forget":
            return status is not None and status.cached and not self._busy
        if action == "copy":
            return status is not None and bool(status.arn)
        return super().check_action(action, parameters)

    def action_renew(self) -> None:
        """Renew; a code may be asked for on the way."""
        site = self._site
        self._work(
            "Renewing the credentials",
            lambda: self.kubeplat.intents.renew_credentials(site),
            "The credentials are renewed.",
        )

    def action_forget(self) -> None:
        """Forget the session that is kept."""
        site = self._site
        self._work(
            "Forgetting the session",
            lambda: self.kubeplat.intents.forget_credentials(site),
            "The session is forgotten; the next use begins a new one.",
        )

    def action_copy(self) -> None:
        """Copy the ARN."""
        if self._status is not None:
            self.app.copy_to_clipboard(self._status.arn)
            self.app.notify("The ARN is copied.")


# --- how it looks ---------------------------------------------------------------------------------


def facts(status: CredentialsStatus, account: str, now: datetime) -> Iterator[Fact]:
    """What is known, a line each. `account` is the one that the environment's file names."""
    yield "Used", _used(status)
    if status.kind is Kind.SANDBOX:
        return
    for label, said in (
        ("Profile", status.profile),
        ("Role", status.role_arn),
        ("MFA device", status.mfa_serial),
        ("Key", status.access_key_id),
    ):
        if said:
            yield label, Content(one_line(said))
    if status.kind is Kind.NONE:
        yield "Renewal", Content(renewal(status))
        return
    if status.account:
        wrong = bool(account) and status.account != account
        yield (
            "Account",
            Content.assemble(status.account, (f"  ▲ the file names {account}" if wrong else "", "$warning")),
        )
    if status.arn:
        yield "Identity", Content(one_line(status.arn))
    yield "Expires", _expires(status, now)
    yield "Keyring", _keyring(status)
    yield "Renewal", Content(renewal(status))


def renewal(status: CredentialsStatus) -> str:
    """What renewing them will need."""
    by_hand = {Kind.SSO: "aws sso login", Kind.LOGIN: "aws login"}
    if status.kind is Kind.NONE:
        return "they are looked for anew, and a code is asked for where one is needed"
    if status.renews:
        return "by themselves; nobody is asked"
    if status.mfa_serial:
        return f"needs a code of {device_name(status.mfa_serial)}"
    if status.kind in by_hand:
        return f"{by_hand[status.kind]} --profile {one_line(status.profile)}, in a terminal"
    return "none: they do not expire" if status.expires is None else "new keys where these came from"


def _used(status: CredentialsStatus) -> Content:
    source = one_line(status.source)
    if status.problem:
        known = "" if status.kind is Kind.NONE else f"{status.kind}: "
        return Content.assemble(("✖ ", "$error"), one_line(status.problem), (f"\n{known}{source}", "$quiet"))
    return Content.assemble(_marked(running(str(status.kind))), (f"  {source}", "$quiet"))


def _expires(status: CredentialsStatus, now: datetime) -> Content:
    expires = status.expires
    if expires is None:
        return Content("never" if not status.renews else "renewed before they do")
    if expires <= now:
        mark = failed("expired")
    else:
        left = f"in {age(now, expires)}"
        mark = (
            warned(left) if expires - now < DUE_WITHIN and not status.renews else Mark("", left, Tone.PLAIN)
        )
    return Content.assemble(_marked(mark), (f"  {moment(expires)}", "$quiet"))


def _keyring(status: CredentialsStatus) -> Content:
    if status.cached:
        return _marked(running("the session is kept there"))
    if status.keyring:
        return Content.assemble(_marked(warned("not used")), (f"  {one_line(status.keyring)}", "$quiet"))
    return _marked(none("nothing is kept there"))


def _marked(mark: Mark) -> Content:
    return Content.assemble((str(mark), COLOURS[mark.tone]))
