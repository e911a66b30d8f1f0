"""How the next expiry of an environment's certificates looks, on every screen and in the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.pki.profiles import WARN_BEFORE
from kubeplat_tui.widgets.cells import Mark, Tone, failed, warned

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.pki.findings import Expiry

DUE_WITHIN = WARN_BEFORE
"""From then on it is warned of. What is nearest of what is in use lives for at least a year."""


def left(expires: datetime, now: datetime) -> str:
    """The time that is left: `363 d`, `5 h` on the last day."""
    seconds = max(0, int((expires - now).total_seconds()))
    return f"{seconds // 86400} d" if seconds >= 86400 else f"{seconds // 3600} h"


def is_due(expires: datetime, now: datetime) -> bool:
    """Whether it is to be warned of."""
    return expires - now < DUE_WITHIN


def expiry_mark(expiry: Expiry, now: datetime) -> Mark:
    """The days that are left: `363 d`, `▲ 41 d` when it is due, `✖ expired`."""
    if expiry.expires <= now:
        return failed("expired")
    word = left(expiry.expires, now)
    return warned(word) if is_due(expiry.expires, now) else Mark("", word, Tone.QUIET)
