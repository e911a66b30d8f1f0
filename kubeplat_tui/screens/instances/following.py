"""Follows machines that go and come while the screen goes on: their states in the rows, and a line below them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.actions import BY_ID, shown
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import Outcome, PipelineFinished, Stop, failed
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing, Waiting
from kubeplat_tui.widgets.cells import duration
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kubeplat_tui.screens.instances.screen import InstancesScreen
    from kubeplat_tui.services.events import Event

MARKS = {
    Outcome.DONE: ("✔", "$success"),
    Outcome.UNCHANGED: ("✔", "$success"),
    Outcome.STOPPED: ("▲", "$warning"),
}
FAILED = ("✖", "$error")


class Following:
    """One piece of work at a time, in a thread of the application: it goes on while another screen is looked at."""

    def __init__(self, screen: InstancesScreen, line: FollowingLine) -> None:
        self._screen = screen
        self._line = line
        self._stop = Stop()
        self._standings: dict[str, Standing] = {}
        self.running = False

    def standing(self, machine: str) -> Standing | None:
        """Where a followed machine is; None for all others."""
        return self._standings.get(machine)

    @property
    def said(self) -> bool:
        """Whether the line says anything."""
        return self._line.display

    def start(self, doing: str, work: Callable[[Stop], Iterator[Event]]) -> None:
        """Do `work` in a thread. The caller made sure that nothing is followed."""
        self.running = True
        self._stop = stop = Stop()
        self._standings.clear()
        self._line.begin(doing)
        self._screen.app.run_worker(
            lambda: self._work(work, stop), thread=True, group="replacement", exit_on_error=False
        )

    def stop(self) -> None:
        """Stop waiting, cleanly."""
        if self.running and self._stop.request():
            self._line.stopping()

    def forget(self) -> None:
        """Close the line."""
        self._line.close()
        self._screen.refresh_bindings()

    def refused(self, error: KubeplatError) -> None:
        """Say why nothing was begun, or why it ended."""
        if not self.running:
            self._line.end(failed(error))
            self._screen.refresh_bindings()

    def _work(self, work: Callable[[Stop], Iterator[Event]], stop: Stop) -> None:
        try:
            for event in work(stop):
                self._deliver(event)
        except KubeplatError as error:
            self._deliver(failed(error))
        except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
            self._deliver(failed(self._screen.kubeplat.unexpected("following the machines", error)))

    def _deliver(self, event: Event) -> None:
        self._screen.post_message(Delivered(functools.partial(self._take, event)))

    def _take(self, event: Event) -> None:
        match event:
            case MachineChanged():
                self._standings[event.machine] = event.standing
                self._line.tell(f"{event.name} {event.machine} {event.standing} {event.detail}".strip())
                self._screen.moved()
            case GroupActed():
                self._line.tell(f"{event.text} {event.todo}".strip(), problem=event.problem)
            case Waiting():
                self._line.limit = event.limit
            case PipelineFinished():
                self.running = False
                self._standings.clear()
                self._line.end(event)
                self._screen.moved()
                self._screen.refresh_bindings()
            case _:
                pass


class FollowingLine(Widget):
    """What is done, what happened last, and for how long it is waited; afterwards how it ended."""

    DEFAULT_CSS = """
    FollowingLine {
        height: auto; max-height: 4; display: none; padding: 0 1; background: $panel; text-wrap: wrap;
    }
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._since = now()
        self._doing = ""
        self._last = Content("")
        self._stopping = False
        self._ended: PipelineFinished | None = None
        self.limit = 0.0
        """Seconds that it is waited at most; 0 while that is not known."""

    def on_mount(self) -> None:
        """The seconds go on."""
        self.set_interval(1, self.refresh)

    def begin(self, doing: str) -> None:
        """Show the line: `Terminating 3 machines of compute`."""
        self._doing, self._last, self._ended = doing, Content(""), None
        self._since, self._stopping, self.limit = self._now(), False, 0.0
        self._show()

    def tell(self, words: str, *, problem: bool = False) -> None:
        """What happened last."""
        self._last = Content.assemble((one_line(words), "$warning" if problem else "$quiet"))
        self._show()

    def stopping(self) -> None:
        """It was asked to stop."""
        self._stopping = True
        self._show()

    def end(self, finished: PipelineFinished) -> None:
        """How it ended; this stays until it is closed."""
        self._ended = finished
        self._show()

    def close(self) -> None:
        """Show nothing."""
        self.display = False

    def render(self) -> Content:
        """One sentence, then the key."""
        key = Content.assemble((shown(BY_ID["instances.stop"].keys[0]), "$primary bold"))
        if self._ended is not None:
            symbol, colour = MARKS.get(self._ended.outcome, FAILED)
            left = "; ".join(self._ended.left)
            rest = " ".join(one_line(part) for part in (left, self._ended.todo) if part)
            return Content.assemble(
                (f"{symbol} ", colour),
                one_line(self._ended.sentence),
                " ",
                (rest, "$quiet"),
                "  ",
                key,
                (" closes", "$quiet"),
            )
        waited = duration((self._now() - self._since).total_seconds())
        limit = f" of at most {duration(self.limit)}" if self.limit else ""
        tail = ("stopping", "$warning") if self._stopping else (" stops waiting", "$quiet")
        return Content.assemble(
            ("◐ ", "$changing"),
            (one_line(self._doing), "bold"),
            "  ",
            self._last,
            (f"  {waited}{limit}  ", "$quiet"),
            "" if self._stopping else key,
            tail,
        )

    def _show(self) -> None:
        self.display = True
        self.refresh(layout=True)
