"""Gives a pool of workers another size and follows it until as many machines are in service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import ExitCode, KubeplatError
from kubeplat_tui.services.events import Outcome, PipelineFinished, StopRequested, sentence_of
from kubeplat_tui.services.inventory import Inventory
from kubeplat_tui.services.replacement.events import GroupActed
from kubeplat_tui.services.replacement.groups import Groups
from kubeplat_tui.services.replacement.watching import (
    How,
    RealClock,
    Seen,
    Trouble,
    Watch,
    absent,
    launching_suspended,
    patiently,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.replacement.pools import Scaling
    from kubeplat_tui.services.replacement.watching import Clock
    from kubeplat_tui.services.site import Site


def scale(
    site: Site, scaling: Scaling, stop: Stop, *, wait: bool = True, clock: Clock | None = None
) -> Iterator[Event]:
    """Set the pool's size, and say what happens until it has it. The last event is always `PipelineFinished`.

    Without `wait` it ends once AWS was asked. The size stays at the next run: Terraform sets the bounds only.
    """
    clock = clock or RealClock()
    name, wanted = scaling.pool.group.name, scaling.desired
    pool = f"the pool {scaling.pool.name}"
    groups = Groups(site.cloud, site.environment.name)
    inventory = Inventory(site.cloud, site.environment.name)
    watch = Watch(groups, inventory, stop, clock, (name,))
    asked = False
    try:
        watch.look()
        now = watch.before.get(name)
        if now is None:
            yield _failed(absent(name))
            return
        unchanged = now.desired == wanted
        if not unchanged:
            patiently(lambda: groups.set_desired(name, wanted), stop, clock)
            asked = True
            yield watch.sized(name, wanted)
        elif len(now.in_service) == len(now.members) == wanted:
            yield _ended(
                Outcome.UNCHANGED, f"{_capital(pool)} has {_machines(wanted)} already; nothing was changed."
            )
            return
        else:
            yield GroupActed(group=name, text=f"Its size is {wanted} already; it is on its way there.")
        if not wait:
            yield _ended(Outcome.DONE, f"Asked AWS for {_machines(wanted)} in {pool}.")
            return
        watched = yield from watch.follow(_Sized(name, wanted), f"{_machines(wanted)} in {pool}")
    except KubeplatError as error:
        goes_on = " AWS goes on with what was asked." if asked else ""
        yield _failed(Trouble(sentence_of(error) + goes_on, error.todo), error.exit_code)
        return
    if watched.how is How.REACHED:
        yield _ended(Outcome.DONE, f"{_capital(pool)} has {_machines(wanted)} in service.")
    elif watched.how is How.STOPPED:
        yield StopRequested()
        yield PipelineFinished(
            outcome=Outcome.STOPPED,
            exit_code=ExitCode.FAILED,
            sentence=f"Stopped waiting. AWS goes on by itself until {pool} has {_machines(wanted)}.",
            todo="Look again with kubeplat instances.",
        )
    else:
        yield _failed(watched.trouble)


@dataclass(frozen=True, slots=True)
class _Sized:
    """The group has as many machines as wanted, all in service."""

    group: str
    wanted: int

    def reached(self, seen: Seen) -> bool:
        group = seen.groups.get(self.group)
        return (
            group is not None
            and group.desired == len(group.members) == self.wanted
            and all(seen.serves(member) for member in group.members)
        )

    def trouble(self, seen: Seen) -> Trouble | None:
        group = seen.groups.get(self.group)
        if group is None:
            return absent(self.group)
        if group.desired != self.wanted:
            return Trouble(
                f"Somebody else (a person, or the cluster's autoscaler) set the size of {self.group} to "
                f"{group.desired} meanwhile.",
                "Agree on one size, then try again.",
            )
        return launching_suspended(group) if len(group.members) < self.wanted else None


def _ended(outcome: Outcome, sentence: str) -> PipelineFinished:
    return PipelineFinished(outcome=outcome, exit_code=ExitCode.DONE, sentence=sentence)


def _failed(trouble: Trouble, code: ExitCode = ExitCode.FAILED) -> PipelineFinished:
    return PipelineFinished(outcome=Outcome.FAILED, exit_code=code, sentence=trouble.why, todo=trouble.todo)


def _machines(count: int) -> str:
    return f"{count} machine{'' if count == 1 else 's'}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
