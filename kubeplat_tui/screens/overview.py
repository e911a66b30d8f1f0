"""The overview of an environment: what it is, what runs in it, how its last runs ended, what to do next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from textual.containers import Container
from textual.content import Content

from kubeplat_tui.actions import bindings
from kubeplat_tui.screens.base import EnvironmentScreen
from kubeplat_tui.screens.environments import run_state
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.widgets.cells import Mark, Tone, age, aws_state, changing, duration, moment, none, running
from kubeplat_tui.widgets.expiry import expiry_mark, is_due
from kubeplat_tui.widgets.facts import Fact, Facts
from kubeplat_tui.widgets.state import COLOURS, StateView, failed
from kubeplat_tui.widgets.table import Column, ResourceTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.opened import Opened
    from kubeplat_tui.services.cloud import Identity, SandboxStatus
    from kubeplat_tui.services.events import Output
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.runs import RunRecord
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.values import Value

T = TypeVar("T")
READING = changing("reading")


class OverviewScreen(EnvironmentScreen):
    """Facts on top, outputs and runs below. Each part is read by itself and appears when it is there."""

    section = "overview"
    BINDINGS = bindings("overview.build")
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

    def compose_body(self) -> ComposeResult:
        now = self.kubeplat.now
        self._outputs: ResourceTable[Output] = ResourceTable(
            [
                Column("Name", lambda row: row.name, weight=100),
                Column(
                    "Value", output_text, tone=Tone.QUIET, longest=120, weight=90, raw=lambda row: row.value
                ),
                Column("Root", lambda row: str(row.root), tone=Tone.QUIET, weight=10),
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
        yield StateView(Facts(id="facts"), Container(self._outputs, self._runs, id="tables"), now=now)

    def on_screen_resume(self) -> None:
        """A build may have changed everything since this was last seen."""
        if self._parts.runs is not Reading.READING and self.opened.site is not None and not self.opened.lost:
            self.refresh_data()

    def refresh_data(self) -> None:
        site, intents = self.site, self.kubeplat.intents
        name = site.environment.name
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
        if not isinstance(identity, KubeplatError):
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
        self._draw()

    def _set_expiry(self, expiry: Expiry | KubeplatError | None) -> None:
        self._parts.expiry = expiry
        self._draw()

    def _set_sandbox(self, status: SandboxStatus | KubeplatError | None) -> None:
        self._parts.sandbox = status
        self._draw()

    # --- drawing ------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.query_one(Facts).show(list(self._facts()))
        self._leave_empty_outputs()

    def focus_content(self) -> None:
        """The outputs, or the runs where there are none: whichever comes last, the rows or the keys."""
        super().focus_content()
        self._leave_empty_outputs()

    def _leave_empty_outputs(self) -> None:
        if self.focused is self._outputs and not self._outputs.rows and self._runs.rows:
            self.set_focus(self._runs)

    def _facts(self) -> Iterator[Fact]:
        site, parts = self.site, self._parts
        last = last_change(parts.runs)
        yield "State", self._state(last)
        yield "Identity", identity_words(parts.identity, site.environment.account)
        yield "Region", Content(" · ".join(filter(None, [site.environment.region, zones(site)])))
        yield "Network", Content(network(site))
        yield "Kubernetes", Content(text_of(setting(site, "kubernetes_version")) or "the default version")
        yield "Machines", machine_words(parts.machines)
        yield "Certificates", expiry_words(parts.expiry, self.kubeplat.now())
        if site.environment.sandbox:
            yield "Sandbox", sandbox_words(parts.sandbox)
            if parts.sandbox is not None and not isinstance(parts.sandbox, KubeplatError | Reading):
                yield "Log", Content.assemble((str(parts.sandbox.log), "$quiet"))
        if parts.outputs_problem is not None:
            yield "Outputs", problem_words(parts.outputs_problem)
        yield "Next", next_words(last)

    def _state(self, last: RunRecord | KubeplatError | Reading | None) -> Content:
        if isinstance(last, Reading):
            return marked(READING)
        if isinstance(last, KubeplatError):
            return problem_words(last)
        words = marked(run_state(last))
        if last is None:
            return words
        passed = age(last.started, self.kubeplat.now())
        return Content.assemble(words, (f"  {moment(last.started)} · {passed} ago", "$quiet"))


class Reading(Enum):
    """The place of a part that has not answered yet (None is an answer of some)."""

    READING = "reading"


@dataclass(slots=True)
class Parts:
    """What was asked and what came: a value, or why there is none."""

    identity: Identity | KubeplatError | Reading = Reading.READING
    machines: Sequence[Instance] | KubeplatError | Reading = Reading.READING
    runs: Sequence[RunRecord] | KubeplatError | Reading = Reading.READING
    expiry: Expiry | KubeplatError | Reading | None = Reading.READING
    sandbox: SandboxStatus | KubeplatError | Reading | None = Reading.READING
    outputs_problem: KubeplatError | None = None


def marked(mark: Mark) -> Content:
    """A state in its colour."""
    return Content.assemble((str(mark), COLOURS[mark.tone]))


def problem_words(error: KubeplatError) -> Content:
    """A part that could not be read."""
    notice = failed(error)
    return Content.assemble(
        (f"{notice.symbol} ", COLOURS[notice.tone]), error.what, (f" {error.why}", "$quiet")
    )


def identity_words(identity: Identity | KubeplatError | Reading, account: str) -> Content:
    """Who we are, and whether that is the account the file names."""
    if isinstance(identity, Reading):
        return marked(READING)
    if isinstance(identity, KubeplatError):
        return problem_words(identity)
    who = Content.assemble(identity.arn.rpartition(":")[2], (f" · account {identity.account}", "$quiet"))
    if identity.account == account:
        return who
    return Content.assemble(who, ("  ▲ the file names account ", "$warning"), account)


def machine_words(machines: Sequence[Instance] | KubeplatError | Reading) -> Content:
    """How many machines each layer has, by state."""
    if isinstance(machines, Reading):
        return marked(READING)
    if isinstance(machines, KubeplatError):
        return problem_words(machines)
    alive = [one for one in machines if one.state != "terminated"]
    if not alive:
        return marked(none("none"))
    layers: list[Content] = []
    for layer in dict.fromkeys(
        one.layer for one in sorted(alive, key=lambda one: list(Layer).index(one.layer))
    ):
        counts = Counter(one.state for one in alive if one.layer is layer)
        marks = [
            Content.assemble((f"{mark.symbol} {count} {mark.word}", COLOURS[mark.tone]))
            for mark, count in (
                (aws_state(state), count) for state, count in sorted(counts.items(), reverse=True)
            )
        ]
        layers.append(Content.assemble(f"{layer} ", Content(" ").join(marks)))
    return Content("   ").join(layers)


def expiry_words(expiry: Expiry | KubeplatError | Reading | None, now: datetime) -> Content:
    """What expires next of what is in use, as the working copy on this computer has it."""
    if isinstance(expiry, Reading):
        return marked(READING)
    if isinstance(expiry, KubeplatError):
        return problem_words(expiry)
    if expiry is None:
        return marked(none("none on this computer yet"))
    mark = expiry_mark(expiry, now)
    words = "" if expiry.expires <= now else "  expires first" if mark.symbol else "  until the first expires"
    said = Content.assemble(marked(mark), words, (f"  {expiry.name} · {expiry.expires:%Y-%m-%d}", "$quiet"))
    if not is_due(expiry.expires, now):
        return said
    return Content.assemble(said, "  ", ("6", "bold $primary"), " renews it")


def sandbox_words(status: SandboxStatus | KubeplatError | Reading | None) -> Content:
    """The sandbox's process."""
    if isinstance(status, Reading):
        return marked(READING)
    if isinstance(status, KubeplatError):
        return problem_words(status)
    if status is None:
        return marked(none("not running"))
    kept = " · kept when kubeplat ends" if status.kept else ""
    return Content.assemble(
        marked(running("running")),
        (f"  port {status.port} · pid {status.pid}{kept}", "$quiet"),
    )


def last_change(
    runs: Sequence[RunRecord] | KubeplatError | Reading,
) -> RunRecord | KubeplatError | Reading | None:
    """The last run that changed something: a plan alone does not say what the environment is."""
    if isinstance(runs, KubeplatError | Reading):
        return runs
    return next((run for run in runs if str(run.verb) != "plan"), None)


def next_words(last: RunRecord | KubeplatError | Reading | None) -> Content:
    """What to press next."""
    steps = [("b", "build it"), ("2", "its variables")]
    if last is not None and not isinstance(last, KubeplatError | Reading):
        outcome = str(last.outcome or "")
        if outcome in {"done", "unchanged"} and str(last.verb) == "run":
            steps = [
                ("4", "its machines"),
                ("5", "its load balancers"),
                ("6", "its secrets"),
                ("b", "build or clean up"),
            ]
        elif str(last.verb) == "run":
            steps = [("b", "go on where the run stopped"), ("2", "its variables")]
    return Content(" · ").join([Content.assemble((key, "bold $primary"), f" {what}") for key, what in steps])


def output_text(output: Output) -> str:
    """An output's value on one line."""
    if output.sensitive:
        return "(sensitive)"
    return text_of(output.value)


def text_of(value: Value) -> str:
    """A value on one line: text as it is, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def run_time(run: RunRecord) -> str:
    """How long a run took, "" where it did not end."""
    return duration((run.finished - run.started).total_seconds()) if run.finished else ""


def setting(site: Site, name: str) -> Value:
    """A variable as the environment has it: its value, else its default, None where there is none."""
    if name in site.environment.values:
        return site.environment.values[name]
    variable = site.declarations.get(name)
    if variable is None or isinstance(variable.default, Enum):
        return None
    return variable.default


def zones(site: Site) -> str:
    """The zones the subnets lie in."""
    subnets = setting(site, "secure_subnets") or setting(site, "nat_subnets")
    return f"zones {' '.join(sorted(subnets))}" if isinstance(subnets, Mapping) else ""


def network(site: Site) -> str:
    """The VPC and its way out."""
    ways = {
        "per_az": "a NAT gateway in each zone",
        "single": "a single NAT gateway",
        "none": "no NAT gateway",
    }
    return " · ".join(
        filter(None, [text_of(setting(site, "vpc_cidr")), ways.get(text_of(setting(site, "nat_mode")), "")])
    )
