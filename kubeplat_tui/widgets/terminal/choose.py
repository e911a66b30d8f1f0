"""Which emulator core a session gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import TerminalCore


def make_core(columns: int, rows: int, allow_fast: bool = False) -> TerminalCore:
    """bittty's core."""
    return BitttyCore(columns, rows)
