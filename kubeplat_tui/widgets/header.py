"""The header: one line that says where you are, as whom, and what runs. On a narrow screen it says less."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.widgets.cells import Mark, Tone
from kubeplat_tui.widgets.state import COLOURS

SANDBOX_LONG = "SANDBOX: AWS is simulated on this computer"
SANDBOX_SHORT = "SANDBOX"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header says. An empty text is left out."""

    environment: str = ""
    sandbox: bool = False
    account: str = ""
    identity: str = ""
    region: str = ""
    branch: str = ""
    build: str = ""
    sessions: int = 0
    """Open SSH sessions of every environment."""
    keys: Mark | None = None
    """The credentials' remaining life, where it is counted; unless it is quiet it stays while there is any room."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the line: `weight` decides who stays when there is little room (higher stays)."""

    content: Content
    weight: int
    right: bool = False


class Header(Widget):
    """Shows `Facts` on one line."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $foreground; padding: 0 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts = Facts()

    def show(self, facts: Facts) -> None:
        """Show these facts from now on."""
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def render(self) -> Content:
        return fit(self._facts, self.content_size.width)


def fit(facts: Facts, width: int) -> Content:
    """The line in `width` cells: the lightest parts give way first."""
    for badge in (SANDBOX_LONG, SANDBOX_SHORT):
        parts = _parts(facts, badge)
        if badge == SANDBOX_LONG and _length(parts) > width and facts.sandbox:
            continue
        while _length(parts) > width and len(parts) > 1:
            parts.remove(min(parts, key=lambda part: part.weight))
        break
    left = Content("  ").join([part.content for part in parts if not part.right])
    right = Content("  ").join([part.content for part in parts if part.right])
    gap = max(1, width - left.cell_length - right.cell_length) if right.cell_length else 0
    return Content.assemble(left, " " * gap, right)


def _length(parts: list[_Part]) -> int:
    return sum(part.content.cell_length for part in parts) + 2 * (len(parts) - 1)


def _parts(facts: Facts, badge: str) -> list[_Part]:
    parts = [_Part(Content.assemble(("kubeplat", "$primary bold")), 50)]
    if facts.environment:
        parts.append(_Part(Content.assemble((facts.environment, "bold")), 100))
    if facts.sandbox:
        parts.append(_Part(Content.assemble((f" {badge} ", "$background on $warning bold")), 90))
    quiet = ((facts.account, 40), (facts.identity, 10), (facts.region, 30))
    parts += [_Part(Content.assemble((value, "$quiet")), weight) for value, weight in quiet if value]
    if facts.build:
        parts.append(_Part(Content.assemble((f"◐ {facts.build}", "$changing")), 80, right=True))
    if facts.sessions:
        parts.append(_Part(Content.assemble(("● ", "$success"), f"{facts.sessions} SSH"), 70, right=True))
    if facts.keys is not None:
        weight = 25 if facts.keys.tone is Tone.QUIET else 95
        parts.append(_Part(Content.assemble((str(facts.keys), COLOURS[facts.keys.tone])), weight, right=True))
    if facts.branch:
        parts.append(_Part(Content.assemble(("git ", "$quiet"), facts.branch), 20, right=True))
    return parts
