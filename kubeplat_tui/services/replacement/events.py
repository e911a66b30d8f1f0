"""What is said while machines are terminated, replaced, added or taken away. The last event is `PipelineFinished`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kubeplat_tui.services.events import Event


class Standing(StrEnum):
    """Where a machine is between its launch and its end, in our words."""

    PENDING = "pending"
    IN_SERVICE = "in service"
    TERMINATING = "terminating"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineChanged(Event):
    """A machine is somewhere else now. `new` says that it was started meanwhile; `detail` what holds it up."""

    machine: str
    """Its instance id."""
    name: str
    address: str
    """Its private address, "" while it has none."""
    zone: str
    group: str
    standing: Standing
    new: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupActed(Event):
    """What an auto-scaling group did, in AWS's words or ours. A `problem` has what to do about it."""

    group: str
    text: str
    problem: bool = False
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Event):
    """It is waited for `what`: since `seconds`, for `limit` seconds at most."""

    what: str
    seconds: float
    limit: float
