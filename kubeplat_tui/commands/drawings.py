"""Where a pipeline's events are shown: JSON lines, plain lines in a pipe, lines above bars on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from kubeplat_tui.commands import text
from kubeplat_tui.commands.drawing import Lines
from kubeplat_tui.services import events
from kubeplat_tui.services.events import Phase, now
from kubeplat_tui.services.terraform.plan import Action
from kubeplat_tui.widgets.cells import cut_middle

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console, RenderableType
    from rich.live import Live

    from kubeplat_tui.commands.conduct import Drawing
    from kubeplat_tui.commands.session import Session

CHANGING = "◐"
BUSY_SHOWN = 6
"""Resources shown below the bar; the terminal belongs to what scrolls by."""

REFRESH = 8
"""Redraws a second of the bars."""


def drawing(
    session: Session, encode: Callable[[events.Event], str], *, every_change: bool = False
) -> Drawing:
    """The drawing that fits: `--json`, a terminal, or a pipe."""
    if session.options.json:
        return JsonLines(session, encode)
    if session.out.is_terminal and not session.out.is_dumb_terminal:
        return Bars(session.out, every_change=every_change)
    return PlainLines(session.out, every_change=every_change)


class JsonLines:
    """One JSON object a line, as in the run's journal."""

    def __init__(self, session: Session, encode: Callable[[events.Event], str]) -> None:
        self._session = session
        self._encode = encode

    def draw(self, event: events.Event) -> None:
        """Print one event, at once."""
        sys.stdout.write(self._encode(event) + "\n")
        sys.stdout.flush()

    def say(self, sentence: str) -> None:
        """Say it on stderr."""
        self._session.note(sentence)

    def pause(self) -> None:
        """Nothing is in a question's way."""

    def close(self) -> None:
        """Nothing is held."""


class PlainLines:
    """Lines without colour, each written at once; slow resources are named every half minute."""

    def __init__(self, console: Console, *, every_change: bool) -> None:
        self._console = console
        self._lines = Lines(slow_resources=True, every_change=every_change)

    def draw(self, event: events.Event) -> None:
        """Print the event's lines."""
        for line in self._lines.of(event):
            self._console.print(line, soft_wrap=True)
        self._console.file.flush()

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        self._console.print(sentence, soft_wrap=True)

    def pause(self) -> None:
        """Nothing is in a question's way."""

    def close(self) -> None:
        """Nothing is held."""


class Bars:
    """Lines that stay, and below them what moves: the step, a bar over the plan, the resources in work."""

    def __init__(self, console: Console, *, every_change: bool) -> None:
        self._console = console
        self._lines = Lines(slow_resources=False, every_change=every_change)
        self._live: Live | None = None
        self._step = ""
        self._step_began = now()
        self._estimate: float | None = None
        self._reviewed = 0
        self._planned = 0
        self._done = 0
        self._busy: dict[str, tuple[events.ResourceProgress, datetime]] = {}

    def draw(self, event: events.Event) -> None:
        """Print the event's lines above the bars, and move the bars."""
        self._follow(event)
        for line in self._lines.of(event):
            self._console.print(line, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print the sentence above the bars."""
        self._console.print(Text(sentence, style="yellow"), soft_wrap=True)

    def pause(self) -> None:
        """Take the bars away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def close(self) -> None:
        """Take the bars away for good."""
        self.pause()

    def _follow(self, event: events.Event) -> None:
        match event:
            case events.StepStarted():
                self._step, self._step_began = self._lines.title(event.step), event.at
                self._estimate = event.estimate
                self._planned = self._done = 0
                self._busy.clear()
                self._show()
            case events.PlanReady():
                self._reviewed = len(event.plan.changes)
            case events.ResourceProgress(action=Action.READ | Action.NO_OP):
                pass  # data sources change nothing
            case events.ResourceProgress(phase=Phase.STARTED | Phase.PROGRESS):
                self._planned = self._reviewed
                _, began = self._busy.get(event.address, (event, event.at))
                self._busy[event.address] = (event, began)
                self._show()
            case events.ResourceProgress():
                self._busy.pop(event.address, None)
                self._done += event.phase is Phase.DONE
            case events.Progress():
                self._planned, self._done = event.total, event.done
                self._show()
            case events.StepFinished() | events.PipelineFinished():
                self.pause()
            case _:
                pass

    def _show(self) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(
                get_renderable=self._picture,
                console=self._console,
                refresh_per_second=REFRESH,
                transient=True,
            )
            self._live.start()

    def _picture(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        time = now()
        took = (time - self._step_began).total_seconds()
        about = f" of about {text.duration(self._estimate)}" if self._estimate else ""
        head = Table.grid(padding=(0, 1))
        head.add_row(
            Text(CHANGING, style="cyan"),
            Text(self._step, no_wrap=True),
            ProgressBar(total=self._planned, completed=min(self._done, self._planned), width=24)
            if self._planned
            else "",
            Text(f"{self._done}/{self._planned}" if self._planned else "", no_wrap=True),
            Text(f"{text.duration(took)}{about}", style="dim", no_wrap=True),
        )
        busy = list(self._busy.values())
        rows: list[RenderableType] = [head]
        for event, began in busy[:BUSY_SHOWN]:
            since = text.duration((time - began).total_seconds())
            usual = f" of about {text.duration(event.estimate)}" if event.estimate else ""
            address = cut_middle(event.address, max(20, self._console.width - 30))
            rows.append(Text(f"  {event.action.sign} {address}  {since}{usual}", style="dim", no_wrap=True))
        if len(busy) > BUSY_SHOWN:
            rows.append(Text(f"  and {len(busy) - BUSY_SHOWN} more", style="dim"))
        return Group(*rows)
