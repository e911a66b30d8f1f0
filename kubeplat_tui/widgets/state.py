"""What stands in a screen's place while there is nothing to show: loading, failed, forbidden, empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.widgets.cells import Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.app import ComposeResult

    from kubeplat_tui.services.errors import KubeplatError

COLOURS = {
    Tone.PLAIN: "$foreground",
    Tone.QUIET: "$quiet",
    Tone.ACCENT: "$primary",
    Tone.GOOD: "$success",
    Tone.CHANGING: "$changing",
    Tone.WARNING: "$warning",
    Tone.BAD: "$error",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A state in words: a symbol, one sentence, then why and what to do."""

    symbol: str
    tone: Tone
    title: str
    why: str = ""
    todo: str = ""
    since: datetime | None = None
    """For work under way: the seconds since then stand beside the title."""


def loading(what: str, since: datetime) -> Notice:
    """Something is being read: `Reading the instances`."""
    return Notice("◐", Tone.CHANGING, what, since=since)


def empty(title: str, todo: str = "") -> Notice:
    """There is nothing, and that is all right."""
    return Notice("○", Tone.QUIET, title, todo=todo)


def failed(error: KubeplatError) -> Notice:
    """It did not work: what, why, what to do. A refusal of AWS is marked as one."""
    from kubeplat_tui.services.aws_errors import ForbiddenError

    forbidden = isinstance(error, ForbiddenError)
    return Notice(
        "▲" if forbidden else "✖", Tone.WARNING if forbidden else Tone.BAD, error.what, error.why, error.todo
    )


class StatePanel(Widget):
    """Draws one notice, a little above the middle."""

    DEFAULT_CSS = """
    StatePanel { height: 1fr; padding: 1 2; content-align: center middle; text-wrap: wrap; }
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._notice = Notice(" ", Tone.QUIET, "")

    @property
    def notice(self) -> Notice:
        """What is shown."""
        return self._notice

    def on_mount(self) -> None:
        self.set_interval(1, self._tick)

    def show(self, notice: Notice) -> None:
        """Show this."""
        self._notice = notice
        self.refresh()

    def render(self) -> Content:
        return notice_text(self._notice, self._now())

    def _tick(self) -> None:
        if self._notice.since is not None:
            self.refresh()


def notice_text(notice: Notice, now: datetime) -> Content:
    """The notice as text; each part on lines of its own."""
    colour = COLOURS[notice.tone]
    head = Content.assemble((notice.symbol, colour), " ", (notice.title, "bold"))
    if notice.since is not None:
        head = Content.assemble(head, (f"  {max(0, int((now - notice.since).total_seconds()))} s", "$quiet"))
    parts = [head]
    if notice.why:
        parts.append(Content.assemble((notice.why, "$quiet")))
    if notice.todo:
        parts += [Content(""), Content(notice.todo)]
    return Content("\n").join(parts)


class StateView(Container):
    """Holds a screen's content, and a notice in its place; above it where there is content already."""

    DEFAULT_CSS = """
    StateView { height: 1fr; layout: vertical; }
    StateView > StatePanel { display: none; }
    StateView.-notice > * { display: none; }
    StateView.-notice > StatePanel { display: block; }
    StateView > Banner { display: none; }
    StateView.-notice > Banner { display: none; }
    StateView.-banner > Banner { display: block; }
    """

    def __init__(self, *children: Widget, now: Callable[[], datetime], id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._content = children
        self._now = now
        self._panel = StatePanel(now)
        self._banner = Banner(now)
        self._has_content = False

    def compose(self) -> ComposeResult:
        yield self._panel
        yield self._banner
        yield from self._content

    @property
    def notice(self) -> Notice | None:
        """What stands in the content's place or above it, None where the content stands alone."""
        if self.has_class("-notice"):
            return self._panel.notice
        return self._banner.notice if self.has_class("-banner") else None

    @property
    def has_content(self) -> bool:
        """Whether there has been something to show."""
        return self._has_content

    def show_notice(self, notice: Notice, *, keep: bool = True) -> None:
        """Show a notice: above the content where there is some (and `keep`), in its place else."""
        if self._has_content and keep:
            self._banner.show(notice)
            self.set_class(False, "-notice").set_class(True, "-banner")
        else:
            self._has_content = False
            self._panel.show(notice)
            self.set_class(True, "-notice").set_class(False, "-banner")
            focused = self.screen.focused
            if focused is not None and self in focused.ancestors:
                self.screen.set_focus(None)  # what cannot be seen takes no keys

    def show_content(self) -> None:
        """Show the content alone."""
        self._has_content = True
        self.set_class(False, "-notice", "-banner")


class Banner(StatePanel):
    """A notice in one or two lines."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 4; padding: 0 1; content-align: left top; background: $panel; }
    """

    def render(self) -> Content:
        notice = self._notice
        head = notice_text(Notice(notice.symbol, notice.tone, notice.title, since=notice.since), self._now())
        rest = " ".join(part for part in (notice.why, notice.todo) if part)
        return Content.assemble(head, (f"  {rest}" if rest else "", "$quiet"))
