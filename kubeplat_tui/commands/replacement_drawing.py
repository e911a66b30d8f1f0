"""Machines that go and come, as lines; on a terminal the last line says how long it is waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kubeplat_tui.commands import prompts, text
from kubeplat_tui.commands.conduct import STOPS_WAITING, conduct
from kubeplat_tui.commands.drawing import OUTCOME_MARKS
from kubeplat_tui.commands.drawings import JsonLines
from kubeplat_tui.commands.json_output import encode
from kubeplat_tui.commands.status_line import StatusLine
from kubeplat_tui.services.events import PipelineFinished
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing, Waiting
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.commands.conduct import Drawing
    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.errors import ExitCode
    from kubeplat_tui.services.events import Event, Stop

STYLES = {
    Standing.PENDING: "cyan",
    Standing.IN_SERVICE: "green",
    Standing.TERMINATING: "cyan",
    Standing.GONE: "dim",
}
SAID_EVERY = 60.0
"""Seconds between two lines about waiting, where no line can be taken back."""


def follow(session: Session, work: Callable[[Stop], Iterator[Event]]) -> ExitCode:
    """Draw what happens until it has ended: as lines, or with `--json`. ctrl+c ends the waiting only."""
    drawing: Drawing = JsonLines(session, encode) if session.options.json else ReplacementLines(session)
    return conduct(
        lambda _, stop: work(stop), prompts.Nobody(), drawing, stopping=STOPS_WAITING, codes=session.codes
    ).exit_code


class ReplacementLines:
    """A line for whatever moves."""

    def __init__(self, session: Session) -> None:
        self._out = session.out
        self._status = StatusLine(session.err)
        self._takes_back = session.err.is_terminal
        self._said_at = 0.0

    def draw(self, event: Event) -> None:
        """Print the event's lines, or say how long it is waited."""
        if isinstance(event, Waiting):
            self._wait(event)
            return
        lines = list(_lines(event))
        if lines:
            self._status.clear()
        for line in lines:
            self._out.print(line, soft_wrap=True)
        self._out.file.flush()

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        self._status.clear()
        self._out.print(Text(sentence, style="yellow"), soft_wrap=True)

    def pause(self) -> None:
        """Take the line back."""
        self._status.clear()

    def close(self) -> None:
        """Take the line back for good."""
        self._status.clear()

    def _wait(self, event: Waiting) -> None:
        said = (
            f"waiting for {event.what}: {text.duration(event.seconds)}, at most {text.duration(event.limit)}"
        )
        if self._takes_back:
            self._status.say(said)
        elif event.seconds < 1 or event.seconds - self._said_at >= SAID_EVERY:
            self._said_at = event.seconds
            self._out.print(Text(f"  {said}", style="dim"), soft_wrap=True)
            self._out.file.flush()


def _lines(event: Event) -> Iterator[Text]:
    match event:
        case MachineChanged():
            yield _machine(event)
        case GroupActed(problem=True):
            yield Text(f"  ▲ {_of(event)}{one_line(event.text)}", style="yellow")
            if event.todo:
                yield Text(f"    {event.todo}")
        case GroupActed():
            yield Text(f"  {_of(event)}{one_line(event.text)}", style="dim")
        case PipelineFinished():
            mark, style = OUTCOME_MARKS[event.outcome]
            yield Text.assemble((f"{mark} ", style), event.sentence)
            for left in event.left:
                yield Text(f"  {left}")
            if event.todo:
                yield Text(event.todo)
        case _:
            return


def _machine(event: MachineChanged) -> Text:
    mark = cells.aws_state(event.standing.value)
    about = "  ".join(filter(None, (event.name, event.machine, event.address or "-", event.zone)))
    new = "new: " if event.new else ""
    detail = f"  {event.detail}" if event.detail else ""
    return Text.assemble(
        "  ", (str(mark), STYLES[event.standing]), f"  {new}{one_line(about)}", (detail, "dim")
    )


def _of(event: GroupActed) -> str:
    return f"{event.group}: " if event.group else ""
