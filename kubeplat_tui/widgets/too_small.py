"""What is shown where the terminal is too small to be read."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

LEAST_WIDTH = 60
LEAST_HEIGHT = 20


def too_small(width: int, height: int) -> bool:
    """Whether the screens cannot be read at this size."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


class TooSmall(Widget):
    """Covers everything with one sentence; goes away when the terminal is enlarged."""

    DEFAULT_CSS = """
    TooSmall {
        overlay: screen; position: absolute; offset: 0 0; width: 100vw; height: 100vh;
        background: $background; color: $foreground; content-align: center middle; text-wrap: wrap;
    }
    """

    def render(self) -> Content:
        width, height = self.app.size
        return Content.assemble(
            ("▲ ", "$warning"),
            (f"This terminal is {width}×{height}. ", "bold"),
            f"kubeplat needs at least {LEAST_WIDTH}×{LEAST_HEIGHT}. Make it larger; nothing is lost.",
        )
