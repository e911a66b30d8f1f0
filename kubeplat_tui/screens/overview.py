"""The overview of an environment: what it is, what runs in it, how its last runs ended, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from textual.containers import Container
from textual.content import Content

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.screens.environments import run_state
from kubeplat_tui.screens.overview_words import (
    Reading,
    checklist_words,
    expiry_words,
    identity_words,
    machine_words,
    marked,
    network,
    next_words,
    output_text,
    part_words,
    problem_words,
    run_time,
    sandbox_words,
    setting,
    text_of,
    zones,
)
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.cells import Tone, age, moment
from kubeplat_tui.widgets.facts import Fact, Facts
from kubeplat_tui.widgets.state import StateView
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.services.cloud import Identity, SandboxStatus
    from kubeplat_tui.services.events import Output
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.prerequisites import Prerequisite
    from kubeplat_tui.services.runs import RunRecord

T = TypeVar("T")


class OverviewScreen(EnvironmentScreen):
    """Facts on top, outputs and runs below. Each part is read by itself and appears when it is there."""

    section = "overview"
    BINDINGS = bindings("overview.build", "overview.checklist")
    DEFAULT_CSS = """
    OverviewScreen #facts { max-height: 65%; padding: 0 2; }
    OverviewScreen #tables { height: 1fr; layout: vertical; border-top: solid $line; }
    OverviewScreen #outputs { height: auto; max-height: 60%; }
    OverviewScreen #runs { height: 1fr; }
    OverviewScreen.-wide #facts { padding: 1 2; }
    OverviewScreen.-wide #outputs { margin-bottom: 1; }
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__(opened)
        self._parts = Parts()
        self._looks = False
        """Whether the prerequisites are asked for since everything was read anew."""

    def compose_body(self) -> ComposeResult:
        now = self.kubeplat.now
        self._outputs: ResourceTable[Output] = ResourceTable(
            [
                Column("Name", lambda row: row.name, weight=100),
                Column(
                    "Value", output_text, tone=Tone.QUIET, longest=120, weight=90, raw=lambda row: row.value
                ),
                Column("Root", lambda row: row.origin or str(row.root), tone=Tone.QUIET, weight=10),
            ],
            key=lambda row: f"{row.root}.{row.name}",
            noun="Outputs",
            opens=False,
            id="outputs",
        )
        self._outputs.start_at("Value")
        self._runs: ResourceTable[RunRecord] = ResourceTable(
            [
                Column("Run", run_state, weight=100, shortest=12),
                Column("Began", lambda row: moment(row.started), tone=Tone.QUIET, weight=50, shortest=20),
                Column("Age", lambda row: age(row.started, now()), align="right", weight=90),
                Column("Took", run_time, align="right", tone=Tone.QUIET, weight=60),
                Column("Said", lambda row: row.sentence, tone=Tone.QUIET, cut="end", longest=120, weight=30),
            ],
            key=lambda row: row.started.isoformat(),
            noun="Runs on this computer",
            opens=False,
            id="runs",
        )
        yield StateView(
            Facts(id="facts", label_width=14), Container(self._outputs, self._runs, id="tables"), now=now
        )

    def on_screen_resume(self) -> None:
        """A build may have changed everything since this was last seen."""
        known = self._parts.runs is not Reading.READING
        if self.was_left and known and self.opened.site is not None and not self.opened.lost:
            self.refresh_data()

    def refresh_data(self) -> None:
        site, intents = self.site, self.kubeplat.intents
        name = site.environment.name
        self._looks, self._parts.to_do = False, 0
        self._read("identity", lambda: intents.identity(site), self._set_identity)
        self._read("machines", lambda: intents.instances(site), self._set_machines)
        self._read("outputs", lambda: intents.outputs(site), self._set_outputs)
        self._read("runs", lambda: intents.history(name), self._set_runs)
        self._read("expiry", lambda: intents.expiry(name), self._set_expiry)
        if site.environment.sandbox:
            self._read("sandbox", intents.sandbox_status, self._set_sandbox)
        self._draw()
        self.show_content()

    # --- what was read ------------------------------------------------------------------------------

    def _read(self, what: str, read: Callable[[], T], show: Callable[[T | KubeplatError], None]) -> None:
        self.fetch(f"Reading the {what}", read, show, failed=show, group=what, quiet=True)

    def _set_identity(self, identity: Identity | KubeplatError) -> None:
        self._parts.identity = identity
        if isinstance(identity, KubeplatError):
            self._look_at_prerequisites()
        else:
            self.opened.identity = identity
            self.show_facts()
        self._draw()

    def _set_machines(self, machines: Sequence[Instance] | KubeplatError) -> None:
        self._parts.machines = machines
        self._draw()

    def _set_outputs(self, outputs: Sequence[Output] | KubeplatError) -> None:
        if isinstance(outputs, KubeplatError):
            self._parts.outputs_problem = outputs
        else:
            self._parts.outputs_problem = None
            self._outputs.set_rows(outputs)
        self._draw()

    def _set_runs(self, runs: Sequence[RunRecord] | KubeplatError) -> None:
        self._parts.runs = runs
        if not isinstance(runs, KubeplatError):
            self._runs.set_rows(runs)
        if not was_built(runs):
            self._look_at_prerequisites()
        self._draw()

    def _look_at_prerequisites(self) -> None:
        """Only where a first build is ahead, or nothing works: elsewhere it would be asked for nothing."""
        if self._looks:
            return
        self._looks = True
        site, intents = self.site, self.kubeplat.intents
        self._read("prerequisites", lambda: intents.prerequisites(site), self._set_prerequisites)

    def _set_prerequisites(self, found: Sequence[Prerequisite] | KubeplatError) -> None:
        from kubeplat_tui.screens.checklist import to_do

        self._parts.to_do = 0 if isinstance(found, KubeplatError) else len(to_do(found))
        self._draw()

    def _set_expiry(self, expiry: Expiry | KubeplatError | None) -> None:
        self._parts.expiry = expiry
        self._draw()

    def _set_sandbox(self, status: SandboxStatus | KubeplatError | None) -> None:
        self._parts.sandbox = status
        self._draw()

    async def action_checklist(self) -> None:
        """Go to the checklist."""
        await self.kubeplat.go(self.opened.name, "checklist")

    # --- drawing ------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.query_one(Facts).show(list(self._facts()))
        self._leave_empty_outputs()

    def focus_content(self) -> None:
        """The outputs, or the runs where it is known that there are none: whichever comes last, that or the keys."""
        super().focus_content()
        self._leave_empty_outputs()

    def _leave_empty_outputs(self) -> None:
        known = self._parts.outputs_problem is not Reading.READING
        if known and self.focused is self._outputs and not self._outputs.rows and self._runs.rows:
            self.set_focus(self._runs)

    def _facts(self) -> Iterator[Fact]:
        site, parts = self.site, self._parts
        last = last_change(parts.runs)
        account, now = site.environment.account, self.kubeplat.now()
        yield "State", part_words(last, self._state)
        yield "Identity", part_words(parts.identity, lambda who: identity_words(who, account))
        yield "Region", Content(" · ".join(filter(None, [site.environment.region, zones(site)])))
        yield "Network", Content(network(site))
        yield "Kubernetes", Content(text_of(setting(site, "kubernetes_version")) or "the default version")
        yield "Machines", part_words(parts.machines, machine_words)
        yield "Certificates", part_words(parts.expiry, lambda expiry: expiry_words(expiry, now))
        if site.environment.sandbox:
            yield "Sandbox", part_words(parts.sandbox, sandbox_words)
            if parts.sandbox is not None and not isinstance(parts.sandbox, KubeplatError | Reading):
                yield "Log", Content.assemble((str(parts.sandbox.log), "$quiet"))
        if isinstance(parts.outputs_problem, KubeplatError):
            yield "Outputs", problem_words(parts.outputs_problem)
        if parts.to_do:
            yield "Checklist", checklist_words(parts.to_do)
        yield "Next", next_words(last, known=not isinstance(parts.identity, KubeplatError))

    def _state(self, last: RunRecord | None) -> Content:
        words = marked(run_state(last))
        if last is None:
            return words
        passed = age(last.started, self.kubeplat.now())
        return Content.assemble(words, (f"  {moment(last.started)} · {passed} ago", "$quiet"))


@dataclass(slots=True)
class Parts:
    """What was asked and what came: a value, or why there is none."""

    identity: Identity | KubeplatError | Reading = Reading.READING
    machines: Sequence[Instance] | KubeplatError | Reading = Reading.READING
    runs: Sequence[RunRecord] | KubeplatError | Reading = Reading.READING
    expiry: Expiry | KubeplatError | Reading | None = Reading.READING
    sandbox: SandboxStatus | KubeplatError | Reading | None = Reading.READING
    outputs_problem: KubeplatError | Reading | None = Reading.READING
    to_do: int = 0
    """How much a first build waits for; 0 also where that could not be read: the checklist says why."""


def last_change(
    runs: Sequence[RunRecord] | KubeplatError | Reading,
) -> RunRecord | KubeplatError | Reading | None:
    """The last run that changed something: a plan alone does not say what the environment is."""
    if isinstance(runs, KubeplatError | Reading):
        return runs
    return next((run for run in runs if str(run.verb) != "plan"), None)


def was_built(runs: Sequence[RunRecord] | KubeplatError) -> bool:
    """Whether a build from this computer came to its end: then nothing is missing that a first one needs."""
    return not isinstance(runs, KubeplatError) and any(
        str(run.verb) == "run" and str(run.outcome) in {"done", "unchanged"} for run in runs
    )
