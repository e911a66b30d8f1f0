"""What the pipeline adds to Terraform's wall time: our apply of the foundation beside the bare command's.

Each is done in a sandbox of its own: bucket, key and plan are made in the same way; then one plan is
applied by the pipeline, the other by `terraform apply`. The foundation is the smaller root: a minute,
most of it the provider's own waits.
"""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.result import Result, compared
from kubeplat_tui.commands.rehearsal import Rehearsal
from kubeplat_tui.services.events import Question, StepFinished, Stop
from kubeplat_tui.services.terraform.client import find_toolbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.site import Site

SAMPLES = 1
APPLY = "apply-foundation"
UNTIL_THEN = {"make-state-bucket", "make-key"}


class Decisions:
    """Grants what comes before the foundation's plan, gives that to `apply`, and declines the rest."""

    def __init__(self, apply: Callable[[Question], bool]) -> None:
        self._apply = apply

    def answer(self, question: Question) -> str:
        """As the pipeline asks."""
        if question.topic == APPLY:
            return question.expected if self._apply(question) else ""
        return question.expected if question.topic in UNTIL_THEN else ""


def measure() -> list[Result]:
    """One after the other, in turns."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(SAMPLES):
        bare.append(_bare())
        ours.append(_ours())
    return [
        compared(
            "build time",
            "apply of the foundation",
            ours,
            bare,
            unit="s",
            peer_name="terraform apply of the same plan",
            goal="at most 1.03 times",
        )
    ]


def _ours() -> float:
    """Seconds of the pipeline's own step."""
    rehearsal = Rehearsal()
    try:
        site = _site(rehearsal)
        for event in rehearsal.intents.run(site, Decisions(lambda _: True), Stop()):
            if isinstance(event, StepFinished) and event.step == APPLY:
                return event.seconds
        raise RuntimeError("the foundation was not applied")
    finally:
        rehearsal.close(keep=False)


def _bare() -> float:
    """Seconds of Terraform alone, with the plan, the folder and the variables that the pipeline made."""
    rehearsal = Rehearsal()
    took: list[float] = []

    def apply(question: Question) -> bool:
        if question.plan is None:
            raise TypeError(question.topic)
        toolbox = find_toolbox(site)
        began = time.monotonic()
        subprocess.run(
            [toolbox.binary.path, "apply", "-json", "-input=false", question.plan.file],
            cwd=site.folders.work / question.plan.root,
            env=dict(toolbox.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        took.append(time.monotonic() - began)
        return False

    try:
        site = _site(rehearsal)
        for _ in rehearsal.intents.run(site, Decisions(apply), Stop()):
            pass
        return took[0]
    finally:
        rehearsal.close(keep=False)


def _site(rehearsal: Rehearsal) -> Site:
    return rehearsal.intents.open(rehearsal.intents.playground().name)
