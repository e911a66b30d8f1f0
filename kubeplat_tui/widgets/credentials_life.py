"""How the remaining life of credentials looks: the header's countdown, and when it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.widgets.cells import Mark, Tone, failed, warned

if TYPE_CHECKING:
    from datetime import datetime

SHOWN_WITHIN = timedelta(hours=1)
"""From then on it is counted, where there is room."""
DUE_WITHIN = timedelta(minutes=15)
"""From then on it is warned of; as long as a short build takes."""
MINUTE = 60.0


def life_mark(expires: datetime, now: datetime) -> Mark | None:
    """`keys 42 min` in the last hour, `▲ keys 9 min` in the last quarter, `✖ keys expired`; before that nothing."""
    left = expires - now
    if left > SHOWN_WITHIN:
        return None
    if left <= timedelta():
        return failed("keys expired")
    minutes = int(left.total_seconds() // MINUTE)
    words = f"keys {minutes} min" if minutes else "keys < 1 min"
    return warned(words) if left < DUE_WITHIN else Mark("", words, Tone.QUIET)


def until_it_changes(expires: datetime, now: datetime) -> float:
    """Seconds until `life_mark` may say something else: at most a minute, for the clock may be set; 0: never again."""
    left = (expires - now).total_seconds()
    if left <= 0:
        return 0.0
    # A little later than the minute: a timer may be early.
    return min(MINUTE, left % MINUTE + 0.5)
