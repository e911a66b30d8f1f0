"""The list of environments: where the application begins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import BaseScreen
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.cells import Mark, Tone, age, changing, done, failed, moment, none, warned
from kubeplat_tui.widgets.expiry import expiry_mark
from kubeplat_tui.widgets.state import COLOURS, StateView, empty
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from kubeplat_tui.intents import Listing
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.runs import RunRecord

BUILT = {"run": "built", "cleanup": "cleaned up", "plan": "planned"}


def state_of(listing: Listing) -> Mark:
    """What the environment is, as far as this computer knows: from its file, then from its last run."""
    if listing.found.problem is not None:
        return failed("broken file")
    return run_state(listing.last_run)


def run_state(record: RunRecord | None) -> Mark:
    """How a run ended, in a word."""
    if record is None:
        return none("never built")
    verb = str(record.verb)
    if record.outcome is None:
        return changing(f"{verb} unfinished")
    outcome = str(record.outcome)
    if outcome in {"done", "unchanged"}:
        return none("cleaned up") if verb == "cleanup" else done(BUILT[verb])
    if outcome == "failed":
        return failed(f"{verb} failed")
    return warned(f"{verb} {outcome}")


class EnvironmentsScreen(BaseScreen):
    """Every environment of the folder; Enter opens one, `n` makes the playground."""

    BINDINGS = bindings("environments.playground")
    DEFAULT_CSS = """
    EnvironmentsScreen .detail { height: auto; max-height: 45%; padding: 1 3; border-top: solid $line; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._listings: list[Listing] = []
        self._expiries: dict[str, Expiry | KubeplatError | None] = {}
        self._known = False
        self._playground = ""
        self._wanted = ""

    @property
    def names(self) -> list[str]:
        """The environments' names, as last read."""
        return [listing.found.name for listing in self._listings]

    def compose_body(self) -> ComposeResult:
        table: ResourceTable[Listing] = ResourceTable(
            [
                Column("Name", lambda row: row.found.name, weight=100, shortest=12),
                Column("State", state_of, weight=90, shortest=13),
                Column("Where", lambda row: where(row.found.environment), tone=Tone.QUIET, weight=60),
                Column(
                    "Region",
                    lambda row: row.found.environment.region if row.found.environment else "",
                    tone=Tone.QUIET,
                    weight=50,
                ),
                Column(
                    "Last run", self._last_run, tone=Tone.QUIET, weight=40, shortest=20, sort=last_run_time
                ),
                Column("Age", self._age, align="right", weight=70, sort=last_run_time),
                Column(
                    "Expires",
                    self._expiry,
                    align="right",
                    weight=65,
                    sort=self._expiry_time,
                    raw=lambda row: self._expiry_date(row.found.name),
                ),
            ],
            key=lambda row: row.found.name,
            noun="Environments",
        )
        yield StateView(
            table, VerticalScroll(Static(), classes="detail", can_focus=False), now=self.kubeplat.now
        )

    def on_mount(self) -> None:
        if self.kubeplat.wants_playground:
            self._make_playground()
        else:
            self.refresh_data()

    def on_screen_resume(self) -> None:
        if self._known:
            self.refresh_data()

    def refresh_data(self) -> None:
        self.fetch("Reading the environments", self._read, self._show, quiet=self._known)

    def export_name(self, noun: str) -> str:
        return f"kubeplat-{super().export_name(noun)}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "playground":
            return self._known and not self._has_playground
        return super().check_action(action, parameters)

    def action_playground(self) -> None:
        """Make the user's playground."""
        self._make_playground()

    def on_resource_table_opened(self, event: ResourceTable.Opened[Listing]) -> None:
        self.app.call_later(self.kubeplat.go, event.row.found.name)

    def on_resource_table_highlighted(self, event: ResourceTable.Highlighted[Listing]) -> None:
        self.query_one(".detail Static", Static).update(self._detail(event.row))

    # --- inside -----------------------------------------------------------------------------------

    @property
    def _has_playground(self) -> bool:
        return self._playground in self.names

    def _read(self) -> tuple[list[Listing], str]:
        from kubeplat_tui.services.environments import playground_name

        intents = self.kubeplat.intents
        return intents.environments(), playground_name(intents.user)

    def _make_playground(self) -> None:
        self.fetch("Making your playground", self.kubeplat.intents.playground, self._made)

    def _made(self, environment: Environment) -> None:
        self._wanted = environment.name
        self.refresh_data()

    def _show(self, read: tuple[list[Listing], str]) -> None:
        self._listings, self._playground = read
        self._known = True
        if not self._listings:
            self.state.show_notice(
                empty(
                    "There is no environment yet.",
                    "Press n to make your playground: a small cluster of your own, described in "
                    f"{self._playground}.tfvars.\nWithout an AWS account it lives in the sandbox: AWS "
                    "simulated on this computer, nothing to pay.",
                ),
                keep=False,
            )
            self.refresh_bindings()
            return
        table = self.query_one(ResourceTable)
        table.set_rows(self._listings)
        if self._wanted:
            table.go_to(self._wanted)
            self._wanted = ""
        self.show_content()
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
        self._expiries = expiries
        self.query_one(ResourceTable).set_rows(self._listings)

    def _expiry(self, row: Listing) -> Mark | str:
        expiry = self._expiries.get(row.found.name)
        if isinstance(expiry, KubeplatError):
            return warned("unreadable")
        return expiry_mark(expiry, self.kubeplat.now()) if expiry is not None else ""

    def _expiry_time(self, row: Listing) -> float:
        """For sorting: what expires first comes first, what nobody knows last."""
        expiry = self._expiries.get(row.found.name)
        if expiry is None or isinstance(expiry, KubeplatError):
            return math.inf
        return expiry.expires.timestamp()

    def _expiry_date(self, name: str) -> str | None:
        expiry = self._expiries.get(name)
        if expiry is None or isinstance(expiry, KubeplatError):
            return None
        return expiry.expires.isoformat()

    def _last_run(self, row: Listing) -> str:
        return moment(row.last_run.started) if row.last_run else ""

    def _age(self, row: Listing) -> str:
        return age(row.last_run.started, self.kubeplat.now()) if row.last_run else ""

    def _detail(self, listing: Listing) -> Content:
        found, record = listing.found, listing.last_run
        lines: list[Content] = []
        if found.problem is not None:
            lines.append(Content.assemble(("✖ ", "$error"), (found.problem.what, "bold")))
            lines += [Content(part) for part in (found.problem.why, found.problem.todo) if part]
            lines.append(
                Content.assemble(("Enter opens it; its text can be corrected under Variables.", "$quiet"))
            )
        elif record is not None:
            mark = run_state(record)
            words = record.sentence or "It did not come to its end."
            lines.append(Content.assemble((f"{mark.symbol} ", COLOURS[mark.tone]), words))
        else:
            lines.append(
                Content.assemble(
                    ("○ ", "$quiet"), "Nothing was built from this computer yet. Enter opens it."
                )
            )
        lines.append(Content.assemble((str(found.path), "$quiet")))
        return Content("\n").join(lines)


def where(environment: Environment | None) -> str:
    """Which cloud an environment lives in."""
    if environment is None:
        return ""
    if environment.sandbox:
        return "sandbox"
    return f"AWS {environment.account}" if environment.account else "AWS"


def last_run_time(listing: Listing) -> float:
    """For sorting: environments without a run come first."""
    return listing.last_run.started.timestamp() if listing.last_run else 0.0
