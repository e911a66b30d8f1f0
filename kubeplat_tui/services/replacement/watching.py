"""Watches auto-scaling groups until they have reached a goal: what moves is said as it moves, waiting has its limit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.services.aws_errors import AwsError, ThrottledError, UnreachableError
from kubeplat_tui.services.inventory import GOING, RUNNING
from kubeplat_tui.services.replacement.events import GroupActed, MachineChanged, Standing, Waiting
from kubeplat_tui.services.replacement.failures import advice
from kubeplat_tui.services.replacement.groups import LAUNCH

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.inventory import Instance, Inventory
    from kubeplat_tui.services.replacement.groups import Activity, Groups, Member, ScalingGroup

PAUSE = 3.0
"""Seconds between two looks."""
SAID_EVERY = 15.0
"""Seconds between two events that say how long it is waited already."""
PATIENCE = 600.0
"""Seconds that launching and terminating may take, beside what lifecycle hooks take."""
BUSY = frozenset({"ResourceContention", "ScalingActivityInProgress"})
"""Codes with which a group asks to be asked again later (EC2 Auto Scaling API, SetDesiredCapacity)."""
BUSY_FOR = 120.0
"""Seconds that a busy group is asked again."""
FAILED_LAUNCHES = 3
"""After as many failures nobody waits any longer; the group itself goes on trying."""


class Clock(Protocol):
    """Time, and waiting for it to pass."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    def pause(self, stop: Stop, seconds: float) -> None:
        """Wait, at most until `stop` is requested."""
        ...


class RealClock:
    """The computer's."""

    def now(self) -> float:
        """Seconds that no change of the time of day touches."""
        return time.monotonic()

    def pause(self, stop: Stop, seconds: float) -> None:
        """Wait, at most until `stop` is requested."""
        stop.wait(seconds)


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at AWS. `machines` has those watched, by id, and no others."""

    groups: Mapping[str, ScalingGroup]
    machines: Mapping[str, Instance]

    def serves(self, member: Member) -> bool:
        """Whether the group counts on the machine and EC2 runs it."""
        machine = self.machines.get(member.id)
        return member.in_service and machine is not None and machine.state == RUNNING

    def gone(self, machine: str) -> bool:
        """Whether EC2 has terminated it."""
        return machine not in self.machines or self.machines[machine].state == "terminated"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why waiting has no sense any more, and what to do."""

    why: str
    todo: str = ""


class Goal(Protocol):
    """What is waited for."""

    def reached(self, seen: Seen) -> bool:
        """Whether it is there."""
        ...

    def trouble(self, seen: Seen) -> Trouble | None:
        """What makes it impossible; None where it can still come."""
        ...


class How(Enum):
    """How the watching ended."""

    REACHED = "reached"
    STOPPED = "stopped"
    LATE = "late"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Watched:
    """The end of watching: where the goal was not reached, why and what to do; `seconds` it took."""

    how: How
    seconds: float
    trouble: Trouble = field(default_factory=lambda: Trouble(""))


@dataclass(slots=True)
class Watch:
    """Looks at groups `before` something is asked of them, then `follow`s what they do.

    `names` are the groups to look at, `machines` those that are to go.
    """

    groups: Groups
    inventory: Inventory
    stop: Stop
    clock: Clock
    names: tuple[str, ...]
    machines: tuple[Instance, ...] = ()
    before: Mapping[str, ScalingGroup] = field(default_factory=dict)
    limit: float = PATIENCE
    began: float = 0.0
    _activities: dict[str, str] = field(default_factory=dict)
    """The status of every activity that was said, by its id."""
    _said: dict[str, tuple[Standing, str]] = field(default_factory=dict)
    _known: dict[str, Instance] = field(default_factory=dict)
    _desired: dict[str, int] = field(default_factory=dict)
    _failures: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Remember how things are: whatever differs later came after this. Raises `AwsError`s."""
        self.before = self._groups_now()
        self.limit = PATIENCE + max(self.groups.hooks(self.before).values(), default=0)
        for name in self.before:
            self._activities |= {each.id: each.status for each in self.groups.activities(name)}
        self._desired = {name: group.desired for name, group in self.before.items()}
        self._known = {machine.id: machine for machine in self.machines}
        self.began = self.clock.now()

    def asked(self, machine: Instance) -> Event:
        """AWS was asked to terminate it."""
        self._said[machine.id] = (Standing.TERMINATING, "")
        return MachineChanged(
            machine=machine.id,
            name=machine.name,
            address=machine.private_ip,
            zone=machine.zone,
            group=machine.auto_scaling_group,
            standing=Standing.TERMINATING,
            new=False,
        )

    def sized(self, group: str, desired: int) -> Event:
        """The group has another size: by us, or by somebody else."""
        before, self._desired[group] = self._desired[group], desired
        return GroupActed(group=group, text=f"Its size is {desired} now, and was {before}.")

    def follow(self, goal: Goal, what: str) -> Generator[Event, None, Watched]:
        """Say what happens until `goal` is reached, cannot be, the time is over, or a stop is requested."""
        said_at = self.clock.now()
        yield Waiting(what=what, seconds=said_at - self.began, limit=self.limit)
        while True:
            try:
                seen = self._see()
                acted = [(name, act) for name in seen.groups for act in self._fresh(name)]
            except (ThrottledError, UnreachableError) as error:
                yield GroupActed(group="", text=str(error), problem=True, todo="Asked again in a moment.")
            else:
                yield from self._acted(acted)
                yield from self._moved(seen)
                if goal.reached(seen):
                    return self._ended(How.REACHED)
                trouble = goal.trouble(seen) or self._given_up()
                if trouble is not None:
                    return self._ended(How.TROUBLE, trouble)
            now = self.clock.now()
            if self.stop.requested:
                return self._ended(How.STOPPED)
            if now - self.began >= self.limit:
                return self._ended(How.LATE, self._late())
            if now - said_at >= SAID_EVERY:
                said_at = now
                yield Waiting(what=what, seconds=now - self.began, limit=self.limit)
            self.clock.pause(self.stop, PAUSE)

    # --- looking ----------------------------------------------------------------------------------

    def _groups_now(self) -> dict[str, ScalingGroup]:
        everything = self.groups.all()
        return {name: everything[name] for name in self.names if name in everything}

    def _see(self) -> Seen:
        groups = self._groups_now()
        ids = {machine.id for machine in self.machines} | {
            member.id for group in [*groups.values(), *self.before.values()] for member in group.members
        }
        found = self.inventory.instances(include_terminated=True, only=ids)
        machines = {machine.id: machine for machine in found}
        self._known |= machines
        return Seen(groups, machines)

    def _fresh(self, group: str) -> list[Activity]:
        """Activities that began or came further since the last look, the earliest first."""
        fresh = [
            each for each in self.groups.activities(group) if self._activities.get(each.id) != each.status
        ]
        self._activities |= {each.id: each.status for each in fresh}
        return fresh[::-1]

    # --- saying -----------------------------------------------------------------------------------

    def _acted(self, acted: Iterable[tuple[str, Activity]]) -> Iterator[Event]:
        for name, activity in acted:
            if activity.failed:
                found = advice(activity.message)
                if activity.launches:
                    self._failures.append(activity.message)
                reason = activity.message or "AWS gives no reason."
                yield GroupActed(
                    group=name, text=f"{activity.description}: {reason}", problem=True, todo=found.todo
                )
            else:
                yield GroupActed(group=name, text=f"{activity.description}: {_words(activity.status)}")

    def _moved(self, seen: Seen) -> Iterator[Event]:
        for name, group in seen.groups.items():
            if group.desired != self._desired.setdefault(name, group.desired):
                yield self.sized(name, group.desired)
        members = {
            member.id: (name, member) for name, group in seen.groups.items() for member in group.members
        }
        old = {member.id: name for name, group in self.before.items() for member in group.members}
        leaving = dict.fromkeys(machine.id for machine in self.machines)
        for machine in {**leaving, **dict.fromkeys(old), **dict.fromkeys(members)}:
            name, member = members.get(machine, (old.get(machine, ""), None))
            standing = _standing(machine, member, seen)
            stays = standing in {Standing.IN_SERVICE, Standing.PENDING}
            if stays and machine in old and machine not in leaving:
                continue  # it was there before
            detail = f"held by a lifecycle hook ({member.lifecycle})" if member and member.held else ""
            if self._said.get(machine) == (standing, detail):
                continue
            self._said[machine] = (standing, detail)
            known = self._known.get(machine)
            yield MachineChanged(
                machine=machine,
                name=known.name if known else "",
                address=known.private_ip if known else "",
                zone=known.zone if known else member.zone if member else "",
                group=name,
                standing=standing,
                new=machine not in old and machine not in leaving,
                detail=detail,
            )

    # --- ending -----------------------------------------------------------------------------------

    def _ended(self, how: How, trouble: Trouble | None = None) -> Watched:
        return Watched(how, self.clock.now() - self.began, trouble or Trouble(""))

    def _given_up(self) -> Trouble | None:
        if not self._failures:
            return None
        last = advice(self._failures[-1])
        if last.hopeless or len(self._failures) >= FAILED_LAUNCHES:
            return Trouble(_could_not_launch(self._failures[-1]), last.todo)
        return None

    def _late(self) -> Trouble:
        minutes = f"{self.limit / 60:.0f} minutes"
        if self._failures:
            return Trouble(
                f"{_could_not_launch(self._failures[-1])} It was waited {minutes}.",
                advice(self._failures[-1]).todo,
            )
        return Trouble(
            f"It was waited {minutes}; AWS may still be at it.", "Look again with kubeplat instances."
        )


def patiently(ask: Callable[[], None], stop: Stop, clock: Clock) -> None:
    """Ask AWS for something; while the group is busy, again. Raises `AwsError`s."""
    until = clock.now() + BUSY_FOR
    while True:
        try:
            return ask()
        except AwsError as error:
            if error.code not in BUSY or stop.requested or clock.now() >= until:
                raise
        clock.pause(stop, PAUSE)


def launching_suspended(group: ScalingGroup) -> Trouble | None:
    """What is in the way of new machines where somebody suspended the group's launching."""
    if LAUNCH not in group.suspended:
        return None
    return Trouble(
        f"Somebody suspended the process {LAUNCH} of {group.name}: it starts no machine.",
        f"Resume it: aws autoscaling resume-processes --auto-scaling-group-name {group.name}.",
    )


def absent(name: str) -> Trouble:
    """The group itself is gone."""
    return Trouble(
        f"The auto-scaling group {name} is gone: somebody took it away.", "Look at the plan of a run."
    )


def _standing(machine: str, member: Member | None, seen: Seen) -> Standing:
    found = seen.machines.get(machine)
    if found is not None and found.state == "terminated":
        return Standing.GONE
    if member is None:
        # Out of its group it is being terminated, unless EC2 forgot it already.
        return Standing.GONE if found is None else Standing.TERMINATING
    if member.leaving or (found is not None and found.state in GOING):
        return Standing.TERMINATING
    return Standing.IN_SERVICE if seen.serves(member) else Standing.PENDING


def _could_not_launch(message: str) -> str:
    return f"The group could not start a machine: {message or 'AWS gives no reason.'}"


def _words(status: str) -> str:
    """`PreInService` as `pre in service`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in status).strip()
