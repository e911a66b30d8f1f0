"""Which emulator core a session gets."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.widgets.terminal.core import TerminalCore


def fast_is_there() -> bool:
    """Whether evp is installed (the extra `fast-terminal`)."""
    return find_spec("evp") is not None


def make_core(columns: int, rows: int, allow_fast: bool = False) -> TerminalCore:
    """bittty's core; evp's where a person allowed it and it is installed and loads on this computer."""
    if allow_fast and fast_is_there():
        from kubeplat_tui.widgets.terminal.evp_core import EvpCore

        try:
            return EvpCore(columns, rows)
        except (ImportError, OSError):
            pass  # built for another computer: the other core does the same, more slowly
    from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore

    return BitttyCore(columns, rows)
