"""Which machines are to be terminated, in which order, and what speaks against it: looked at before it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import GOING, RUNNING, Inventory, Layer, by_layer
from kubeplat_tui.services.replacement.groups import Groups
from kubeplat_tui.services.replacement.watching import Seen, launching_suspended
from kubeplat_tui.services.ssh.finding import ALSO, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.replacement.groups import ScalingGroup
    from kubeplat_tui.services.site import Site

ORDER = (Layer.BASTION, Layer.SECURE, Layer.COMPUTE, Layer.UNKNOWN)
"""Bastions first: whoever has to look at what goes wrong comes through them."""

LAYERS: Mapping[str, Layer] = {
    **{str(layer): layer for layer in ORDER},
    **ALSO,
    "bastions": Layer.BASTION,
    "mgmt": Layer.BASTION,
}
"""Whole layers, by what people call them."""

UNTOUCHED = "Nothing was terminated."


@dataclass(frozen=True, slots=True)
class Termination:
    """Machines that may be terminated, as they were when it was looked at. `force` is what the person insisted on."""

    machines: tuple[Instance, ...]
    force: bool = False

    @property
    def rounds(self) -> tuple[tuple[Instance, ...], ...]:
        """What goes at once: the machines of a layer, but masters one by one."""
        rounds: list[tuple[Instance, ...]] = []
        for layer in ORDER:
            found = tuple(machine for machine in self.machines if machine.layer is layer)
            rounds += [(machine,) for machine in found] if layer is Layer.SECURE else [found] if found else []
        return tuple(rounds)

    @property
    def words(self) -> str:
        """`play-jest-compute (i-0123, eu-west-2a)`, or `3 machines of compute`."""
        if len(self.machines) == 1:
            machine = self.machines[0]
            return f"{machine.name or 'the machine'} ({machine.id}, {machine.zone})"
        layers = list(dict.fromkeys(str(machine.layer) for machine in self.machines))
        return f"{len(self.machines)} machines of {' and '.join(layers)}"


def look(site: Site, targets: Sequence[str], *, force: bool = False) -> Termination:
    """What `targets` (layers, ids, names, addresses) mean, and whether it may go.

    Raises `InputError` where a target means no machine or several, where a group would start no replacement, and
    where a master is to go while another is missing; `force` insists on the last two. `AwsError`s as AWS gives them.
    """
    machines = Inventory(site.cloud, site.environment.name).instances()
    groups = Groups(site.cloud, site.environment.name).all()
    chosen = _chosen(site.environment.name, targets, machines, groups)
    if not force:
        for name in dict.fromkeys(machine.auto_scaling_group for machine in chosen):
            trouble = launching_suspended(groups[name]) if name in groups else None
            if trouble is not None:
                raise InputError(
                    f"What is terminated in {name} would not be replaced.",
                    why=trouble.why,
                    todo=f"{trouble.todo} Or insist with --force. {UNTOUCHED}",
                )
        seen = Seen(groups, {machine.id: machine for machine in machines})
        master = next((machine for machine in chosen if machine.layer is Layer.SECURE), None)
        if master is not None:
            check_masters(master, seen)
    return Termination(tuple(chosen), force)


def check_layer(name: str) -> None:
    """Raise `InputError` where no layer with machines is called `name`."""
    if name not in LAYERS:
        raise InputError(
            f"There is no layer {name} with machines.", why=f"There are: {', '.join(LAYERS)}.", todo=UNTOUCHED
        )


def check_masters(master: Instance, seen: Seen) -> None:
    """Raise `InputError` where a master beside `master` is missing: etcd would be left with fewer than it needs.

    `seen.machines` has all machines of the masters' groups.
    """
    missing = [
        group.name
        for group in seen.groups.values()
        if group.layer is Layer.SECURE
        and group.name != master.auto_scaling_group
        and not any(seen.serves(member) for member in group.members)
    ]
    alone = [
        machine.id
        for machine in seen.machines.values()
        if machine.layer is Layer.SECURE
        and not machine.auto_scaling_group
        and machine.id != master.id
        and machine.state != RUNNING
    ]
    if missing or alone:
        raise InputError(
            f"{master.id} is a master, and another one is missing: {', '.join([*missing, *alone])}.",
            why="etcd answers only while more than half of its members are there.",
            todo=f"Wait until every master is in service, or insist with --force. {UNTOUCHED}",
        )


def several_masters_at_once() -> InputError:
    """Without waiting, the next master would go while the one before is missing."""
    return InputError(
        "Several masters cannot be terminated without waiting for each replacement.",
        why="etcd answers only while more than half of its members are there.",
        todo=f"Leave --no-wait out, or name one master. {UNTOUCHED}",
    )


def _chosen(
    environment: str, targets: Sequence[str], machines: Sequence[Instance], groups: Mapping[str, ScalingGroup]
) -> list[Instance]:
    leaving = _leaving(machines, groups)
    chosen: dict[str, Instance] = {}
    for target in targets:
        layer = LAYERS.get(target.strip())
        if layer is not None:
            found = [one for one in machines if one.layer is layer and one.id not in leaving]
            if not found:
                raise InputError(
                    f"{environment} has no machine in the layer {layer} that could be terminated.",
                    todo=f"See kubeplat instances. {UNTOUCHED}",
                )
        else:
            try:
                found = [find(target, machines)]
            except InputError as error:
                todo = f"{error.todo} {UNTOUCHED}".strip()
                raise InputError(error.what, why=error.why, todo=todo) from error
            if found[0].id in leaving:
                raise InputError(f"{found[0].id} is being terminated already.", todo=UNTOUCHED)
        chosen |= {one.id: one for one in found}
    if not chosen:
        raise InputError("Nothing was named to terminate.", todo=f"Name a layer or a machine. {UNTOUCHED}")
    return by_layer(chosen.values(), ORDER)


def _leaving(machines: Iterable[Instance], groups: Mapping[str, ScalingGroup]) -> set[str]:
    """Machines that go already, as EC2 or as their group has it."""
    going = {machine.id for machine in machines if machine.state in GOING}
    return going | {member.id for group in groups.values() for member in group.members if member.leaving}
