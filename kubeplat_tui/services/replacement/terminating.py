"""Terminates machines and follows their replacement: a layer at once, masters strictly one after the other."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import ExitCode, KubeplatError, NotFoundError
from kubeplat_tui.services.events import Outcome, PipelineFinished, StopRequested, sentence_of
from kubeplat_tui.services.inventory import Inventory, Layer
from kubeplat_tui.services.replacement import targets
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
    from collections.abc import Iterator, Mapping

    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.replacement.groups import ScalingGroup
    from kubeplat_tui.services.replacement.targets import Termination
    from kubeplat_tui.services.replacement.watching import Clock
    from kubeplat_tui.services.site import Site


def terminate(
    site: Site, termination: Termination, stop: Stop, *, wait: bool = True, clock: Clock | None = None
) -> Iterator[Event]:
    """Terminate what was looked at, and say what happens until each machine has its replacement in service.

    Without `wait` it ends once AWS was asked. The last event is always `PipelineFinished`; nothing is raised but
    `InputError`, before anything is asked: several masters cannot go without waiting.
    """
    if not wait and sum(machine.layer is Layer.SECURE for machine in termination.machines) > 1:
        raise targets.several_masters_at_once()
    return _Work(site, termination, stop, wait, clock or RealClock()).play()


@dataclass(slots=True)
class _Work:
    site: Site
    termination: Termination
    stop: Stop
    wait: bool
    clock: Clock
    groups: Groups = field(init=False)
    inventory: Inventory = field(init=False)
    asked: list[Instance] = field(default_factory=list)
    done: list[Instance] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.groups = Groups(self.site.cloud, self.site.environment.name)
        self.inventory = Inventory(self.site.cloud, self.site.environment.name)

    def play(self) -> Iterator[Event]:
        try:
            for machines in self.termination.rounds:
                if self.stop.requested:
                    yield from self._stopped()
                    return
                self._check(machines[0])
                watch = self._watch(machines)
                watch.look()
                for machine in machines:
                    patiently(functools.partial(self._ask, machine), self.stop, self.clock)
                    self.asked.append(machine)
                    yield watch.asked(machine)
                if not self.wait:
                    continue
                watched = yield from watch.follow(_Replaced(watch.before, machines), _what(machines))
                if watched.how is How.STOPPED:
                    yield from self._stopped()
                    return
                if watched.how is not How.REACHED:
                    yield self._failed(watched.trouble.why, watched.trouble.todo)
                    return
                self.done += machines
        except KubeplatError as error:
            yield self._failed(sentence_of(error), error.todo, error.exit_code)
        else:
            yield self._finished()

    def _watch(self, machines: tuple[Instance, ...]) -> Watch:
        names = tuple(dict.fromkeys(one.auto_scaling_group for one in machines if one.auto_scaling_group))
        return Watch(self.groups, self.inventory, self.stop, self.clock, names, machines)

    def _check(self, machine: Instance) -> None:
        """Whether the next round may begin: a master only while every other one is in service.

        The group's word is what counts here. What the cluster itself says (etcd's members, /readyz) is asked here,
        too, once it can be.
        """
        if machine.layer is Layer.SECURE and not self.termination.force:
            machines = {one.id: one for one in self.inventory.instances()}
            targets.check_masters(machine, Seen(self.groups.all(), machines))

    def _ask(self, machine: Instance) -> None:
        if machine.auto_scaling_group and self.groups.terminate(machine.id):
            return
        try:
            self.inventory.terminate(machine.id)
        except NotFoundError:
            if not machine.auto_scaling_group:
                raise
            # Somebody was faster; its group replaces it all the same.

    # --- how it ends ------------------------------------------------------------------------------

    def _finished(self) -> PipelineFinished:
        words = self.termination.words
        replaced = all(machine.auto_scaling_group for machine in self.termination.machines)
        if self.wait:
            sentence = f"Terminated {words}" + (": replaced, and in service." if replaced else ".")
        else:
            sentence = f"Asked AWS to terminate {words}" + (
                "; the replacement comes by itself." if replaced else "."
            )
        todo = "" if replaced else "Nothing starts another machine where no auto-scaling group is."
        return PipelineFinished(outcome=Outcome.DONE, exit_code=ExitCode.DONE, sentence=sentence, todo=todo)

    def _stopped(self) -> Iterator[Event]:
        yield StopRequested()
        left = self._left()
        goes_on = (
            "What was asked goes on by itself: AWS terminates and replaces."
            if left
            else "Nothing was terminated after that."
        )
        yield PipelineFinished(
            outcome=Outcome.STOPPED,
            exit_code=ExitCode.FAILED,
            sentence=f"Stopped. {goes_on}",
            todo="Look again with kubeplat instances.",
            left=left,
        )

    def _failed(self, why: str, todo: str, code: ExitCode = ExitCode.FAILED) -> PipelineFinished:
        under_way = [machine for machine in self.asked if machine not in self.done]
        if under_way:
            sentence = f"{_listed(under_way)}: terminated, but the replacement is not in service. {why}"
        else:
            sentence = why
        return PipelineFinished(
            outcome=Outcome.FAILED,
            exit_code=code if not self.asked else ExitCode.FAILED,
            sentence=sentence,
            todo=todo,
            left=self._left(),
        )

    def _left(self) -> tuple[str, ...]:
        """What is under way without us, and what was not touched; nothing where all is as it was."""
        if not self.asked:
            return ()
        return tuple(
            f"{machine.id}  {machine.name}  {machine.zone}: "
            + ("was not touched" if machine not in self.asked else "terminates, and is replaced by itself")
            for machine in self.termination.machines
            if machine not in self.done
        )


@dataclass(frozen=True, slots=True)
class _Replaced:
    """Every one of `machines` is out of service, and for each another one serves."""

    before: Mapping[str, ScalingGroup]
    machines: tuple[Instance, ...]

    def reached(self, seen: Seen) -> bool:
        return all(
            self._has_others(group, going, seen) if group else all(seen.gone(one.id) for one in going)
            for group, going in self._by_group().items()
        )

    def trouble(self, seen: Seen) -> Trouble | None:
        for name, going in self._by_group().items():
            if not name:
                continue
            if name not in seen.groups:
                return absent(name)
            if self._wanted(seen.groups[name], going):
                found = launching_suspended(seen.groups[name])
                if found is not None:
                    return found
        return None

    def _has_others(self, name: str, going: list[Instance], seen: Seen) -> bool:
        group, ids = seen.groups.get(name), {one.id for one in going}
        if group is None or any(seen.serves(member) for member in group.members if member.id in ids):
            return False
        old = {member.id for member in self.before[name].members} if name in self.before else set()
        serving = [member.id for member in group.members if seen.serves(member)]
        fresh = [member for member in serving if member not in old]
        return len(fresh) >= self._wanted(group, going) or len(serving) >= group.desired

    def _wanted(self, group: ScalingGroup, going: list[Instance]) -> int:
        """How many others must come: fewer where somebody made the group smaller meanwhile."""
        before = self.before.get(group.name)
        smaller = max(0, before.desired - group.desired) if before else 0
        return max(0, len(going) - smaller)

    def _by_group(self) -> dict[str, list[Instance]]:
        found: dict[str, list[Instance]] = {}
        for machine in self.machines:
            found.setdefault(machine.auto_scaling_group, []).append(machine)
        return found


def _what(machines: tuple[Instance, ...]) -> str:
    return (
        "the replacement of " + _listed(machines)
        if machines[0].auto_scaling_group
        else _listed(machines) + " to go"
    )


def _listed(machines: list[Instance] | tuple[Instance, ...]) -> str:
    if len(machines) > 3:
        return f"{len(machines)} machines of {machines[0].layer}"
    return ", ".join(machine.id for machine in machines)
