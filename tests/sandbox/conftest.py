"""One environment that lives through the tests of a session: a real Terraform on a sandbox of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.intents import Intents
from kubeplat_tui.sandbox import door
from kubeplat_tui.services.events import Phase, PipelineFinished, PlanReady, ResourceProgress, Stop
from kubeplat_tui.services.secrets import leaks
from kubeplat_tui.services.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.services.events import Event, Question
    from kubeplat_tui.services.site import Site


@dataclass
class Life:
    """The environment, and what happened to it."""

    intents: Intents
    name: str
    config_d: Path
    questions: list[Question] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    written: list[tuple[str, bytes]] = field(default_factory=list)
    """What was only there for a while: plans, and the arguments of processes while Terraform was at work."""

    def answer(self, question: Question) -> str:
        """Grant everything; remember what was asked."""
        self.questions.append(question)
        return question.expected

    def site(self) -> Site:
        """The environment as a front end opens it."""
        return self.intents.open(self.name)

    def play(self, verb: str, watch: Callable[[Event, Stop], None] | None = None) -> PipelineFinished:
        """Play `run`, `plan` or `cleanup` to its end, with `watch` called for each event."""
        self.questions.clear()
        self.events.clear()
        stop = Stop()
        for event in getattr(self.intents, verb)(self.site(), self, stop):
            self._look(event)
            self.events.append(event)
            if watch is not None:
                watch(event, stop)
        last = self.events[-1]
        assert isinstance(last, PipelineFinished)
        return last

    def _look(self, event: Event) -> None:
        if isinstance(event, PlanReady):
            self.written += leaks.contents(event.plan.file)
        applies = isinstance(event, ResourceProgress) and event.phase is Phase.STARTED
        if isinstance(event, PlanReady) or (applies and not isinstance(self.events[-1], ResourceProgress)):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                self.written += leaks.contents(path)


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A playground that is not built yet. Its sandbox ends with the session."""
    home = tmp_path_factory.mktemp("life")
    hidden = ("AWS_", "XDG_", "TF_", "KUBEPLAT_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    config_d = home / ".config" / "kubeplat" / "config.d"
    config_d.mkdir(parents=True)
    folder = home / "environments"
    folder.mkdir()
    checkout = Workplace.from_environment({"HOME": str(home)}).environments
    (folder / "play.tfvars").write_bytes((checkout / "play.tfvars").read_bytes())
    environ |= {"HOME": str(home), "KUBEPLAT_ENVIRONMENTS": str(folder)}
    workplace = Workplace.from_environment(environ)
    intents = Intents(workplace, user="life", environ=environ)
    try:
        yield Life(intents, intents.playground().name, config_d)
    finally:
        intents.close()
        door.stop(workplace.state)
