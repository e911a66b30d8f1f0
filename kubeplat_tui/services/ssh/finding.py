"""Which machine a person means: by its short name or its tag's, instance id, address, or layer."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh.names import full_name, short_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.services.inventory import Instance

ALSO = {"master": Layer.SECURE, "masters": Layer.SECURE, "worker": Layer.COMPUTE, "workers": Layer.COMPUTE}
"""What people call the layers."""

LISTED = 10
"""Machines named in a sentence."""


def find(text: str, instances: Sequence[Instance]) -> Instance:
    """The machine that `text` means; of a layer the first that runs, by name and id.

    Raises `InputError` with the machines that a name fits, or the nearest names where it fits none.
    """
    wanted = text.strip()
    live = sorted(instances, key=lambda each: (each.state != RUNNING, each.name, each.id))
    shorts = short_names(live)
    for each in live:
        short = shorts[each.id]
        if wanted and wanted in {each.id, each.private_ip, each.public_ip, short, full_name(each, short)}:
            return each
    named = [each for each in live if each.name == wanted and wanted]
    if named:
        return _only(wanted, named, shorts)
    if wanted in {*Layer, *ALSO}:
        return _first(ALSO.get(wanted, wanted), live, shorts)
    begun = [each for each in live if wanted and (each.id.startswith(wanted) or wanted in each.name)]
    if begun:
        return _only(wanted, begun, shorts)
    raise _nobody(wanted, live, shorts)


def of_node(address: str, nodes: object, instances: Sequence[Instance]) -> Instance | None:
    """The running master that has the fixed `address` of etcd, by the setting `secure_nodes`; None where none has.

    A master takes the interface with its NodeID when it boots; its own address is another one.
    """
    entries = nodes.items() if isinstance(nodes, Mapping) else ()
    ids = {str(key) for key, node in entries if isinstance(node, Mapping) and node.get("address") == address}
    masters = (each for each in instances if each.layer is Layer.SECURE and each.state == RUNNING)
    return next((each for each in masters if dict(each.tags).get("NodeID") in ids), None)


def successor(gone: Instance, instances: Sequence[Instance]) -> Instance | None:
    """The machine that took the place of `gone`: at its address, else the newest of its group in its zone; or None.

    None, too, where `gone` still runs.
    """
    if any(each.id == gone.id and each.state == RUNNING for each in instances):
        return None
    running = [each for each in instances if each.state == RUNNING and each.launched > gone.launched]
    at_its_address = [each for each in running if gone.private_ip and each.private_ip == gone.private_ip]
    of_its_group = [
        each
        for each in running
        if gone.auto_scaling_group
        and (each.auto_scaling_group, each.zone) == (gone.auto_scaling_group, gone.zone)
    ]
    found = at_its_address or sorted(of_its_group, key=lambda each: (each.launched, each.id))
    return found[-1] if found else None


def _only(wanted: str, found: list[Instance], shorts: Mapping[str, str]) -> Instance:
    """The one that runs, where only one does."""
    running = [each for each in found if each.state == RUNNING]
    if len(running) == 1 or len(found) == 1:
        return (running or found)[0]
    raise InputError(
        f"{wanted} fits {len(found)} machines.",
        why=_listed(found, shorts),
        todo="Name one by what stands first in its line.",
    )


def _first(layer: str, live: list[Instance], shorts: Mapping[str, str]) -> Instance:
    there = [each for each in live if each.layer == layer]
    if not there:
        raise InputError(f"There is no machine in the layer {layer}.", why=_listed(live, shorts))
    if there[0].state != RUNNING:
        raise InputError(
            f"No machine of the layer {layer} is running.",
            why=_listed(there, shorts),
            todo="Try again in a minute.",
        )
    return there[0]


def _nobody(wanted: str, live: list[Instance], shorts: Mapping[str, str]) -> InputError:
    names = [
        word
        for each in live
        for word in (shorts[each.id], each.name, each.id, each.private_ip, each.public_ip)
        if word
    ]
    near = difflib.get_close_matches(wanted, [*dict.fromkeys(names), *Layer, *ALSO], n=1)
    return InputError(
        f"There is no machine {wanted}." if wanted else "No machine was named.",
        why=_listed(live, shorts),
        todo=f"Did you mean {near[0]}?" if near else "",
    )


def _listed(found: Sequence[Instance], shorts: Mapping[str, str]) -> str:
    if not found:
        return "The environment has no machines."
    lines = [
        "  ".join(filter(None, (shorts[each.id], each.name, each.id, each.private_ip, each.state)))
        for each in found[:LISTED]
    ]
    more = f"\nand {len(found) - LISTED} more" if len(found) > LISTED else ""
    return "\n".join(lines) + more
