"""Why a machine cannot be reached from here, as sentences: the usual cause is the list of who may connect."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh.model import UnreachableError
from kubeplat_tui.services.ssh.routes import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.site import Site

ACCESS_LIST = "ssh_access_list"


def title(instance: Instance) -> str:
    """How a machine is called in a sentence: `play-secure (i-0abc)`."""
    return f"{instance.name} ({instance.id})" if instance.name else instance.id


def not_running(instance: Instance) -> UnreachableError:
    """For a machine in any other state."""
    todo = {
        "pending": "It is just starting: try again in a minute.",
        "stopped": "Start it, or let its auto-scaling group replace it.",
    }.get(instance.state, "Refresh the list: its auto-scaling group makes another one.")
    return UnreachableError(
        f"{title(instance)} is {instance.state or 'in no known state'}, not running.", todo=todo
    )


def no_address(instance: Instance) -> UnreachableError:
    """For a machine that has no address to connect to."""
    return UnreachableError(
        f"{title(instance)} has no address.",
        why="AWS gives a machine its address when it starts.",
        todo="Refresh the list and try again.",
    )


def no_bastion(instance: Instance | None, bastions: Sequence[Instance]) -> UnreachableError:
    """There is no way in. `bastions` are those that are no help: not running, or without a public address."""
    target = f" to {title(instance)}" if instance is not None else ""
    why = "The environment has no bastion."
    if bastions:
        listed = ", ".join(
            f"{title(each)} {'has no public address' if each.state == RUNNING else f'is {each.state}'}"
            for each in bastions
        )
        why = f"No bastion can be used: {listed}."
    return UnreachableError(
        f"There is no way{target}: the machines are reached through a bastion.",
        why=why,
        todo="Wait where one is starting; else look at bastion_asg_min and plan the environment again.",
    )


def no_answer(
    site: Site, instance: Instance, error: OSError, own_network: Callable[[], str | None]
) -> UnreachableError:
    """A machine with a public address to which no connection came about from this computer."""
    name = title(instance) if instance.layer is not Layer.BASTION else f"The bastion {title(instance)}"
    what = f"{name} cannot be reached at {instance.public_ip}."
    said = words_of(error)
    if isinstance(error, ConnectionRefusedError):
        return UnreachableError(
            what,
            why=said,
            todo="It is up but its sshd is not: it is starting, or it hangs. Try again in a minute.",
        )
    if not isinstance(error, TimeoutError) or not site.cloud.lasting:
        return UnreachableError(what, why=said, todo="Check this computer's network, then try again.")
    return UnreachableError(what, why=f"{said} {_access(site, own_network)}".strip(), todo=_todo(site))


def _access(site: Site, own_network: Callable[[], str | None]) -> str:
    """Whether this computer's address is one of those that may connect."""
    allowed = _allowed(site)
    if not allowed:
        return f"{ACCESS_LIST} is empty: nobody may connect to the bastions."
    own = own_network()
    if own is None:
        return f"Only the networks of {ACCESS_LIST} may connect: {', '.join(allowed)}."
    address = ipaddress.ip_network(own, strict=False)
    for cidr in allowed:
        try:
            network = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            continue
        if network.version == address.version and address.subnet_of(network):  # type: ignore[arg-type]  # same version
            return f"This computer's address, {own.partition('/')[0]}, is in {ACCESS_LIST}, so it should be let in."
    return (
        f"This computer's address, {own.partition('/')[0]}, is not in {ACCESS_LIST} ({', '.join(allowed)}): "
        "the bastion's security group keeps it out."
    )


def _todo(site: Site) -> str:
    return (
        f"Put your network into {ACCESS_LIST} of {site.environment.name} and run kubeplat run; "
        "or connect from a network that is in it."
    )


def _allowed(site: Site) -> tuple[str, ...]:
    value = site.environment.values.get(ACCESS_LIST)
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()
