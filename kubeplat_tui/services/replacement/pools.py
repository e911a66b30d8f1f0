"""The pools of workers: how large each is and may be, in AWS and in the environment's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import Layer
from kubeplat_tui.services.replacement.groups import TERMINATE, Groups, ScalingGroup
from kubeplat_tui.services.replacement.watching import launching_suspended

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site

UNTOUCHED = "Nothing was changed."
MIN, MAX = "compute_asg_min", "compute_asg_max"
POOLS = "compute_pools"


@dataclass(frozen=True, slots=True)
class Setting:
    """A bound as the environment's file has it; `value` None where the file does not say it in a plain number."""

    name: str
    value: int | None


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of workers. Figures are AWS's, now; `low` and `high` are what sets the bounds at the next run."""

    name: str
    group: ScalingGroup
    low: Setting
    high: Setting

    @property
    def in_service(self) -> int:
        """How many machines it counts on."""
        return len(self.group.in_service)


@dataclass(frozen=True, slots=True)
class Scaling:
    """A size that a pool may be given, looked at."""

    pool: Pool
    desired: int

    @property
    def shrinks(self) -> bool:
        """Whether machines would be terminated."""
        return self.desired < max(self.pool.group.desired, len(self.pool.group.members))


def pools(site: Site) -> tuple[Pool, ...]:
    """The environment's pools by name. Raises `AwsError`s."""
    groups = Groups(site.cloud, site.environment.name).all().values()
    return tuple(
        Pool(group.pool or group.name, group, *_settings(site, group.pool))
        for group in groups
        if group.layer is Layer.COMPUTE
    )


def look(site: Site, desired: int, pool: str = "") -> Scaling:
    """Whether `pool` ("": the only one) may have `desired` machines.

    Raises `InputError` where there is no such pool, the size is out of its bounds, or somebody suspended what would
    have to happen; `AwsError`s as AWS gives them.
    """
    found = _pool(site, pool)
    group = found.group
    if not group.smallest <= desired <= group.largest:
        setting = found.low if desired < group.smallest else found.high
        raise InputError(
            f"{desired} is out of the bounds of the pool {found.name}: {group.smallest} to {group.largest} machines.",
            why=f"{found.low.name} and {found.high.name} set them.",
            todo=f"{_way_out(site, setting, desired, group)} {UNTOUCHED}",
        )
    trouble = launching_suspended(group) if desired > group.desired else None
    if trouble is not None:
        raise InputError(
            f"The pool {found.name} cannot grow.", why=trouble.why, todo=f"{trouble.todo} {UNTOUCHED}"
        )
    if desired < group.desired and TERMINATE in group.suspended:
        raise InputError(
            f"The pool {found.name} cannot shrink.",
            why=f"Somebody suspended the process {TERMINATE} of {group.name}.",
            todo=f"Resume it: aws autoscaling resume-processes --auto-scaling-group-name {group.name}. {UNTOUCHED}",
        )
    return Scaling(found, desired)


def _pool(site: Site, name: str) -> Pool:
    found = pools(site)
    listed = ", ".join(pool.name for pool in found)
    if not found:
        raise InputError(
            f"{site.environment.name} has no pool of workers.",
            todo=f"Build it first: kubeplat run. {UNTOUCHED}",
        )
    if not name and len(found) == 1:
        return found[0]
    if not name:
        raise InputError(
            f"{site.environment.name} has {len(found)} pools: {listed}.",
            todo=f"Name one with --pool. {UNTOUCHED}",
        )
    for pool in found:
        if name in {pool.name, pool.group.name}:
            return pool
    raise InputError(
        f"{site.environment.name} has no pool {name}.", why=f"There are: {listed}.", todo=UNTOUCHED
    )


def _settings(site: Site, pool: str) -> tuple[Setting, Setting]:
    """The two bounds as the file has them: those of the pool, or of all workers where no pools are set."""
    own = site.environment.values.get(POOLS)
    if isinstance(own, Mapping) and own:
        of_pool = own.get(pool)
        values = of_pool if isinstance(of_pool, Mapping) else {}
        # optional(number, …) in the declaration of compute_pools
        return (
            Setting(f'{POOLS}["{pool}"].min', _whole(values.get("min", 1))),
            Setting(f'{POOLS}["{pool}"].max', _whole(values.get("max", 10))),
        )
    return Setting(MIN, _effective(site, MIN)), Setting(MAX, _effective(site, MAX))


def _effective(site: Site, name: str) -> int | None:
    value = site.environment.values.get(name)
    if value is None and name in site.declarations:
        return _whole(site.declarations[name].default)
    return _whole(value)


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _way_out(site: Site, setting: Setting, desired: int, group: ScalingGroup) -> str:
    place = site.environment.path.name
    allows = setting.value is not None and (
        setting.value <= desired if desired < group.smallest else setting.value >= desired
    )
    if allows:
        return f"{place} says {setting.value} for {setting.name} already: run brings it to AWS."
    return f"Change {setting.name} in {place}, then run."
