"""Short names of machines: `secure-a`, `compute-b2`. The same in tabs, for the verbs and in OpenSSH's configuration.

Machines of a layer share their `Name` tag. Layer and zone tell the masters apart, and go on to do so when an
auto-scaling group replaces one: it belongs to a single zone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kubeplat_tui.services.inventory import GOING, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubeplat_tui.services.inventory import Instance


def short_names(instances: Iterable[Instance]) -> dict[str, str]:
    """The names by instance id. Several of a layer in one zone are numbered by their age, all of them.

    A machine of no layer of ours is called as its `Name` tag says, or by its id; one that is going, by its id: its
    name is its successor's.
    """
    alike: dict[str, list[Instance]] = defaultdict(list)
    names = {}
    for each in instances:
        names[each.id] = each.id
        if each.state not in GOING:
            alike[_layer_and_zone(each)].append(each)
    for name, found in alike.items():
        found.sort(key=lambda each: (each.launched, each.id))
        for number, each in enumerate(found, start=1):
            if len(found) == 1 or not name:
                names[each.id] = name or each.id
            else:
                names[each.id] = f"{name}{number}" if each.layer is not Layer.UNKNOWN else f"{name}-{number}"
    return names


def full_name(instance: Instance, short: str) -> str:
    """The short name with the environment's before it, as it is unique among environments: `play-jest-secure-a`."""
    environment = dict(instance.tags).get("Env", "")
    return f"{environment}-{short}" if environment and instance.layer is not Layer.UNKNOWN else short


def _layer_and_zone(instance: Instance) -> str:
    if instance.layer is Layer.UNKNOWN:
        return instance.name
    return "-".join(filter(None, (instance.layer.value, instance.zone[-1:])))
