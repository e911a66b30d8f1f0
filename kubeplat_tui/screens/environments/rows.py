"""The rows of the list: what is known of an environment so far, and how that looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from kubeplat_tui.services.environments.standing import Built
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.cells import (
    Mark,
    Tone,
    age,
    changing,
    done,
    failed,
    moment_and_age,
    none,
    running,
    warned,
)
from kubeplat_tui.widgets.expiry import expiry_mark
from kubeplat_tui.widgets.state import COLOURS
from kubeplat_tui.widgets.table import Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.intents import Listing
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.environments.standing import Standing
    from kubeplat_tui.services.pki.findings import Expiry
    from kubeplat_tui.services.runs import RunRecord

RAN = {"run": "built", "cleanup": "cleaned up", "plan": "planned"}
READING = changing("reading")
RANK = {Built.UNKNOWN: 1, Built.PARTLY: 3, Built.BUILT: 4, Built.NOTHING: 5}
"""For sorting by state: what needs a person first (broken files are 0, locked ones 2)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One environment. Only its name is known at first; the rest arrives as it is read."""

    name: str
    listing: Listing | None = None
    standing: Standing | None = None
    expiry: Expiry | KubeplatError | None = None

    @property
    def environment(self) -> Environment | None:
        """The environment, once its file was read and is sound."""
        return self.listing.found.environment if self.listing else None

    @property
    def problem(self) -> KubeplatError | None:
        """What is wrong with its file."""
        return self.listing.found.problem if self.listing else None

    @property
    def last_run(self) -> RunRecord | None:
        """Its last run on this computer."""
        return self.listing.last_run if self.listing else None


def columns(now: Callable[[], datetime]) -> list[Column[Row]]:
    """The list's columns; the heaviest stay on a narrow screen."""

    def due(row: Row) -> Mark | str:
        if isinstance(row.expiry, KubeplatError):
            return warned("unreadable")
        return expiry_mark(row.expiry, now()) if row.expiry is not None else ""

    return [
        Column("Name", lambda row: row.name, weight=100, shortest=12),
        Column("State", state_of, weight=95, shortest=13, longest=40, cut="end", sort=state_rank),
        Column("Where", lambda row: where(row.environment), tone=Tone.QUIET, weight=60, shortest=16),
        Column(
            "Region",
            lambda row: row.environment.region if row.environment else "",
            tone=Tone.QUIET,
            weight=50,
            shortest=10,
        ),
        Column("Last run", _last_run, weight=80, shortest=10),
        Column(
            "Age",
            lambda row: age(row.last_run.started, now()) if row.last_run else "",
            align="right",
            weight=75,
            sort=_last_run_time,
            raw=lambda row: row.last_run.started.isoformat() if row.last_run else None,
        ),
        Column("Expires", due, align="right", weight=65, sort=_expiry_time, raw=_expiry_date),
        Column("Why", _why, tone=Tone.QUIET, weight=10, shortest=16, longest=120, cut="end"),
    ]


def state_of(row: Row) -> Mark:
    """What the environment is: from its file, then from its states in the bucket."""
    if row.problem is not None:
        return failed("broken file")
    if row.standing is None:
        return READING
    return standing_mark(row.standing)


def standing_mark(standing: Standing) -> Mark:
    """What stands of an environment, in a few words."""
    if standing.built is Built.UNKNOWN:
        return warned("unknown")
    if standing.locked_by:
        return changing(f"locked by {standing.locked_by}")
    if standing.built is Built.BUILT:
        return running(f"built ({standing.resources})")
    return none("nothing") if standing.built is Built.NOTHING else changing(f"partly ({standing.resources})")


def state_rank(row: Row) -> float:
    """For sorting by state."""
    if row.problem is not None:
        return 0
    if row.standing is None:
        return math.inf
    locked = row.standing.locked_by and row.standing.built is not Built.UNKNOWN
    return 2 if locked else RANK[row.standing.built]


def run_state(record: RunRecord | None) -> Mark:
    """How a run ended, in a word."""
    if record is None:
        return none("never built")
    verb = str(record.verb)
    if record.outcome is None:
        return changing(f"{verb} unfinished")
    outcome = str(record.outcome)
    if outcome in {"done", "unchanged"}:
        return none("cleaned up") if verb == "cleanup" else done(RAN[verb])
    if outcome == "failed":
        return failed(f"{verb} failed")
    return warned(f"{verb} {outcome}")


def where(environment: Environment | None) -> str:
    """Which cloud an environment lives in."""
    if environment is None:
        return ""
    if environment.sandbox:
        return "sandbox"
    return f"AWS {environment.account}" if environment.account else "AWS"


def detail(row: Row, now: datetime) -> Content:
    """What the pane below the list says of the row under the cursor."""
    lines: list[Content] = []
    if row.problem is not None:
        lines.append(Content.assemble(("✖ ", "$error"), (row.problem.what, "bold")))
        lines += [Content(part) for part in (row.problem.why, row.problem.todo) if part]
        lines.append(_quiet("Enter opens it; its text can be corrected under Variables."))
    elif row.listing is not None:
        lines += [_standing_line(row.standing, now), _run_line(row.last_run, now)]
    if row.listing is not None:
        lines.append(_quiet(str(row.listing.found.path)))
    return Content("\n").join(lines)


def _standing_line(standing: Standing | None, now: datetime) -> Content:
    if standing is None:
        return _line(READING, "Its states are being read from the bucket.")
    mark = standing_mark(standing)
    if standing.built is Built.UNKNOWN:
        return _line(mark, standing.why or "What stands of it is not known.")
    count = "1 resource" if standing.resources == 1 else f"{standing.resources} resources"
    changed = f", changed {moment_and_age(standing.changed, now)}" if standing.changed else ""
    words = {
        Built.BUILT: f"Built: {count}{changed}.",
        Built.PARTLY: f"Built in part: {count}{changed}.",
    }.get(standing.built, "Nothing of it is built. Enter opens it.")
    lock = f"Its state is locked by {standing.locked_by}. " if standing.locked_by else ""
    return _line(mark, f"{lock}{words}")


def _run_line(record: RunRecord | None, now: datetime) -> Content:
    if record is None:
        return _line(none(""), "No run from this computer yet.")
    words = record.sentence or "It did not come to its end."
    began = f"{record.verb.capitalize()} of {moment_and_age(record.started, now)}: "
    return Content.assemble(_line(run_state(record), began), words)


def _line(mark: Mark, words: str) -> Content:
    return Content.assemble((f"{mark.symbol} ", COLOURS[mark.tone]), words)


def _quiet(words: str) -> Content:
    return Content.assemble((words, "$quiet"))


def _last_run(row: Row) -> Mark | str:
    return run_state(row.last_run) if row.last_run else ""


def _last_run_time(row: Row) -> float:
    """For sorting: environments without a run come first."""
    return row.last_run.started.timestamp() if row.last_run else 0.0


def _expiry_time(row: Row) -> float:
    """For sorting: what expires first comes first, what nobody knows last."""
    if row.expiry is None or isinstance(row.expiry, KubeplatError):
        return math.inf
    return row.expiry.expires.timestamp()


def _expiry_date(row: Row) -> str | None:
    if row.expiry is None or isinstance(row.expiry, KubeplatError):
        return None
    return row.expiry.expires.isoformat()


def _why(row: Row) -> str:
    """The reason for what is wrong or not known; the pane has it whole."""
    if row.problem is not None:
        return row.problem.what
    return row.standing.why if row.standing and row.standing.built is Built.UNKNOWN else ""
