"""What the overview says, part by part: the words of an identity, the machines, an expiry, the next step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from textual.content import Content

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.widgets.cells import Mark, aws_state, changing, duration, none, running
from kubeplat_tui.widgets.expiry import expiry_mark, is_due
from kubeplat_tui.widgets.state import COLOURS, failed

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.cloud import Identity, SandboxStatus
    from kubeplat_tui.services.events import Output
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.runs import RunRecord
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.values import Value

Part = TypeVar("Part")

READING = changing("reading")


class Reading(Enum):
    """The place of a part that has not answered yet (None is an answer of some)."""

    READING = "reading"


def marked(mark: Mark) -> Content:
    """A state in its colour."""
    return Content.assemble((str(mark), COLOURS[mark.tone]))


def problem_words(error: KubeplatError) -> Content:
    """A part that could not be read."""
    notice = failed(error)
    return Content.assemble(
        (f"{notice.symbol} ", COLOURS[notice.tone]), error.what, (f" {error.why}", "$quiet")
    )


def part_words(part: Part | KubeplatError | Reading, words: Callable[[Part], Content]) -> Content:
    """A part in its `words`; or that it is being read, or why it could not be."""
    if isinstance(part, Reading):
        return marked(READING)
    if isinstance(part, KubeplatError):
        return problem_words(part)
    return words(part)


def identity_words(identity: Identity, account: str) -> Content:
    """Who we are, and whether that is the account the file names."""
    who = Content.assemble(identity.arn.rpartition(":")[2], (f" · account {identity.account}", "$quiet"))
    if identity.account == account:
        return who
    return Content.assemble(who, ("  ▲ the file names account ", "$warning"), account)


def machine_words(machines: Sequence[Instance]) -> Content:
    """How many machines each layer has, by state."""
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


def expiry_words(expiry: Expiry | None, now: datetime) -> Content:
    """What expires next of what is in use, as the working copy on this computer has it."""
    if expiry is None:
        return marked(none("none on this computer yet"))
    mark = expiry_mark(expiry, now)
    words = "" if expiry.expires <= now else "  expires first" if mark.symbol else "  until the first expires"
    said = Content.assemble(marked(mark), words, (f"  {expiry.name} · {expiry.expires:%Y-%m-%d}", "$quiet"))
    if not is_due(expiry.expires, now):
        return said
    return Content.assemble(said, "  ", ("6", "bold $primary"), " renews it")


def sandbox_words(status: SandboxStatus | None) -> Content:
    """The sandbox's process."""
    if status is None:
        return marked(none("not running"))
    kept = " · kept when kubeplat ends" if status.kept else ""
    return Content.assemble(
        marked(running("running")),
        (f"  port {status.port} · pid {status.pid}{kept}", "$quiet"),
    )


def checklist_words(to_do: int) -> Content:
    """That something of what a first build needs is not there; a build asks before it makes what it can make."""
    things = "1 thing is" if to_do == 1 else f"{to_do} things are"
    return Content.assemble(
        (f"○ {things} not as a first build needs it", "$warning"),
        "  ",
        ("c", "bold $primary"),
        " walks through",
    )


def next_words(last: RunRecord | KubeplatError | Reading | None, *, known: bool) -> Content:
    """What to press next. `known` is False where nobody accepted the credentials."""
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
    if not known:
        steps = [("C", "its credentials"), *steps]
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
