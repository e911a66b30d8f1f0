"""How values look, the same on every screen: states, ages, times, long names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from datetime import datetime

ELLIPSIS = "…"


class Tone(StrEnum):
    """The colour of a text, by meaning. The text itself says the same in a symbol and a word."""

    PLAIN = "plain"
    QUIET = "quiet"
    ACCENT = "accent"
    GOOD = "good"
    CHANGING = "changing"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Mark:
    """A state: a symbol and a word, with a tone. Without a symbol it is a word that is no state."""

    symbol: str
    word: str
    tone: Tone = Tone.PLAIN

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}" if self.symbol else self.word


def running(word: str) -> Mark:
    """Something that is up."""
    return Mark("●", word, Tone.GOOD)


def changing(word: str) -> Mark:
    """Something on its way."""
    return Mark("◐", word, Tone.CHANGING)


def none(word: str) -> Mark:
    """Something that is not there, or at rest."""
    return Mark("○", word, Tone.QUIET)


def done(word: str) -> Mark:
    """Something that ended well."""
    return Mark("✔", word, Tone.GOOD)


def failed(word: str) -> Mark:
    """Something that ended badly, or is wrong."""
    return Mark("✖", word, Tone.BAD)


def warned(word: str) -> Mark:
    """Something to look at."""
    return Mark("▲", word, Tone.WARNING)


_MACHINE = {
    "running": running,
    "active": running,
    "in service": running,
    "in-use": running,
    "available": running,
    "healthy": done,
    "pending": changing,
    "provisioning": changing,
    "initial": changing,
    "creating": changing,
    "shutting-down": changing,
    "terminating": changing,
    "stopping": changing,
    "draining": changing,
    "deleting": changing,
    "stopped": none,
    "terminated": none,
    "gone": none,
    "unused": none,
    "deleted": none,
    "unhealthy": failed,
    "failed": failed,
    "error": failed,
    "active_impaired": warned,
    "unavailable": warned,
}


def aws_state(word: str) -> Mark:
    """AWS's word for the state of an instance, volume, load balancer or target, with its symbol."""
    return _MACHINE.get(word, warned)(word)


def cut_middle(text: str, width: int) -> str:
    """`text` in at most `width` cells: the middle of a long one gives way, so that both ends can be read."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[:width]
    tail = (width - 1) // 2
    head = width - 1 - tail
    end = text[-tail:] if tail else ""
    while cell_len(end) > tail:
        end = end[1:]
    return f"{set_cell_size(text, head)}{ELLIPSIS}{end}"


def cut_end(text: str, width: int) -> str:
    """`text` in at most `width` cells, its end given away."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, width - 1)}{ELLIPSIS}" if width > 0 else ""


def age(then: datetime, now: datetime) -> str:
    """How long ago, in its largest fitting unit: `now`, `40 s`, `3 min`, `5 h`, `12 d`."""
    seconds = int((now - then).total_seconds())
    if seconds < 1:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def moment(then: datetime) -> str:
    """A time in UTC: `2026-11-02 14:05 UTC`."""
    return f"{then:%Y-%m-%d %H:%M} UTC"


def moment_and_age(then: datetime, now: datetime) -> str:
    """A time with its age: `2026-11-02 14:05 UTC · 3 min ago`."""
    past = age(then, now)
    return f"{moment(then)} · {past}" + ("" if past == "now" else " ago")


def duration(seconds: float) -> str:
    """A span of time: `0:42`, `12:07`, `1:02:07`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def byte_size(size: int) -> str:
    """A size with its unit, in at most seven cells: `999 B`, `5.1 KiB`, `123 KiB`, `2.3 MiB`."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 9.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
    return f"{value:.0f} TiB"
