"""The terminal of a session: the widget with its core, and who has its keys."""

from __future__ import annotations

from kubeplat_tui.widgets.terminal.choose import make_core
from kubeplat_tui.widgets.terminal.view import TerminalView


class SessionTerminal(TerminalView):
    """Where it has the focus, the machine has the keys, or kubeplat after the prefix: then they go to the screen."""

    def __init__(self, prefix: str, *, fast: bool) -> None:
        super().__init__(lambda columns, rows: make_core(columns, rows, fast), prefix=prefix)
