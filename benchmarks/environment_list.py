"""The environments screen with fifty environments beside one with two: from the start to the list.

Both are the same program in a pseudo-terminal of 80x24, started in turns. Every environment is a file as
long as the example, with a few runs behind it; they live in AWS, and there are no credentials: what is
asked of AWS after the list is there ends in a sentence a row, without a network.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.first_paint import environ_in, paint
from benchmarks.result import compared

if TYPE_CHECKING:
    from benchmarks.first_paint import Paint
    from benchmarks.result import Result

MANY, FEW = 50, 2
RUNS = 3
SAMPLES = 11
EVENTS = 200
"""Lines of a journal: what a small plan leaves behind."""
EXAMPLE = Path(__file__).parents[1] / "environments" / "example.tfvars"


def measure() -> list[Result]:
    """Start both in turns, one unmeasured round first."""
    many: list[Paint] = []
    few: list[Paint] = []
    with ExitStack() as stack:
        folders = {
            count: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kubeplat-benchmark-")))
            for count in (MANY, FEW)
        }
        for count, folder in folders.items():
            fill(folder, count)
        for _ in range(SAMPLES + 1):
            for count, paints in ((FEW, few), (MANY, many)):
                # The table's title counts the environments: it is written with the rows.
                paints.append(paint(_command(), environ_in(folders[count]), f"({count})".encode()))
    many, few = many[1:], few[1:]
    peer = f"the same with {FEW}"
    return [
        compared(
            "environment list",
            f"{MANY} environments, {what}",
            [getattr(each, field) for each in many],
            [getattr(each, field) for each in few],
            unit=unit,
            peer_name=peer,
            goal=goal,
        )
        for field, what, unit, goal in (
            ("frame", "first frame", "s", "the same"),
            ("mark", "the list filled", "s", "the same"),
            ("memory", "memory then", "MB", ""),
        )
    ]


def fill(folder: Path, count: int) -> None:
    """Write `count` environments and the journals of their runs, as `environ_in` names the places."""
    example = EXAMPLE.read_text()
    for number in range(count):
        name = f"env-{number:02}"
        (folder / f"{name}.tfvars").write_text(example.replace('"example"', f'"{name}"'))
        for run in range(RUNS):
            _journal(folder / "state" / "kubeplat" / name / "runs", run)


def _journal(runs: Path, run: int) -> None:
    began = datetime(2026, 1, 1, run, tzinfo=UTC)
    at = began.isoformat()
    work = {"event": "ResourceProgress", "phase": "done", "address": "module.api.aws_lb.public", "at": at}
    events = [
        {"event": "PipelineStarted", "verb": "run", "at": at},
        *[work] * EVENTS,
        {
            "event": "PipelineFinished",
            "outcome": "done",
            "sentence": "It is built: 148 resources were made.",
            "at": (began + timedelta(minutes=9)).isoformat(),
        },
    ]
    place = runs / f"{began:%Y%m%dT%H%M%S.%fZ}"
    place.mkdir(parents=True)
    (place / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def _command() -> list[str]:
    return [sys.executable, "-m", "kubeplat_tui"]
