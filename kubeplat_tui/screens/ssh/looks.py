"""How a session looks: the mark of its state, the name of its tab, the words of its head."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.widgets import cells
from kubeplat_tui.widgets.cells import Mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.model import KnownHost
    from kubeplat_tui.services.ssh.shell import ShellEnd

ORDER = (Layer.SECURE, Layer.BASTION, Layer.COMPUTE, Layer.UNKNOWN)
HEADINGS = {
    Layer.SECURE: "Masters (secure)",
    Layer.BASTION: "Bastions",
    Layer.COMPUTE: "Workers (compute)",
    Layer.UNKNOWN: "Other machines",
}


class Phase(StrEnum):
    """How a session stands."""

    CONNECTING = "connecting"
    UP = "up"
    SILENT = "silent"
    """The machine has not answered for some seconds; nothing is lost yet."""
    LOST = "lost"
    ENDED = "ended"
    """The shell came to its end."""
    FAILED = "not connected"


OPEN = {Phase.CONNECTING, Phase.UP, Phase.SILENT}
LIVE = {Phase.UP, Phase.SILENT}


@dataclass(frozen=True, slots=True)
class Standing:
    """A session's phase since `since` (UTC). `words`: what connecting does, or why it is silent or lost."""

    phase: Phase
    since: datetime
    words: str = ""
    end: ShellEnd | None = None
    error: KubeplatError | None = None


def mark(standing: Standing, now: datetime) -> Mark:
    """A symbol and words: `● up`, `◐ connecting 3 s`, `✖ lost at 14:05:09 UTC`, `○ ended, exit code 0`."""
    seconds = max(0, int((now - standing.since).total_seconds()))
    match standing.phase:
        case Phase.CONNECTING:
            return cells.changing(f"connecting {seconds} s")
        case Phase.UP:
            return cells.running("up")
        case Phase.SILENT:
            return cells.warned(f"silent {seconds} s")
        case Phase.LOST:
            return cells.failed(f"lost at {standing.since:%H:%M:%S} UTC")
        case Phase.FAILED:
            return cells.failed("not connected")
        case _:
            return ended(standing.end)


def ended(end: ShellEnd | None) -> Mark:
    """How a shell ended."""
    if end is None:
        return cells.none("ended")
    if end.signal:
        return cells.failed(f"ended by SIG{end.signal}")
    if end.exit_code is None:
        return cells.warned("ended without an exit code")
    word = f"ended, exit code {end.exit_code}"
    return cells.none(word) if end.exit_code == 0 else cells.failed(word)


def can_open(machine: Instance) -> bool:
    """Whether a shell can be asked of it."""
    return machine.state == RUNNING and bool(machine.private_ip or machine.public_ip)


def tab_name(short: str, taken: Collection[str]) -> str:
    """A name that no other tab has: `secure-a`, `secure-a 2`."""
    number = 1
    name = short
    while name in taken:
        number += 1
        name = f"{short} {number}"
    return name


def key_mark(machine: Instance, known: Iterable[KnownHost], machines: Iterable[Instance]) -> Mark:
    """What we know of a machine's host key before connecting."""
    hosts = list(known)
    if any(host.instance_id == machine.id for host in hosts):
        return cells.done("known")
    here = {one.id for one in machines}
    if any(host.address == machine.private_ip and host.instance_id not in here for host in hosts):
        return cells.warned("replaced")
    return cells.none("new")


def count_mark(count: int) -> Mark:
    """The sessions on a machine."""
    return cells.running(f"{count}") if count else Mark("", "")
