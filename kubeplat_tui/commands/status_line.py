"""One line of a terminal that says what goes on, and goes away when something else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class StatusLine:
    """The line on `console`. Where that is no terminal, nothing is shown."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = False

    def say(self, what: str) -> None:
        """Show `what` in place of what was shown."""
        if self._console.is_terminal:
            self.clear()
            # One column less: a line that is full makes some terminals begin another.
            self._console.print(
                what,
                style="dim",
                end="",
                no_wrap=True,
                overflow="ellipsis",
                width=max(self._console.width - 1, 1),
            )
            self._console.file.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._console.file.write("\r\x1b[K")
            self._console.file.flush()
            self._shown = False
