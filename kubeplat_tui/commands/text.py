"""Durations and values as the shell's lines show them; what looks as on the screen is in `widgets.cells`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value

UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `2 min 5 s`, `3 h 10 min`, `4 d 2 h`: at most two units."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    for size, unit, rest_size, rest_unit in UNITS:
        if whole >= size:
            count, rest = divmod(whole, size)
            rest //= rest_size
            return f"{count} {unit} {rest} {rest_unit}" if rest else f"{count} {unit}"
    return f"{whole} s"


def value(content: Value) -> str:
    """A value on one line: a string bare, everything else as JSON."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
