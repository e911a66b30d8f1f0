"""The networks of a new environment: a VPC that collides with nobody's, and everything that follows from it.

Sources: RFC 1918 for the addresses; "VPC CIDR blocks" of the Amazon VPC documentation for the lengths (/16 to /28) and
the addresses that AWS keeps in each subnet (the first four and the last).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kubeplat_tui.services.values import Value

USUAL = IPv4Network("10.80.0.0/16")
"""The default of `vpc_cidr`: looked at first, then what comes after it."""
PRIVATE = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
VPC_LENGTH = 16
LONGEST_VPC = 24
"""Fifteen subnets of at least /28 lie in it."""

TIERS = {"nat": 0, "elb": 100, "mgmt": 110, "secure": 10, "compute": 20}
"""Where the subnets of each layer begin in a /16, counted in /24: those of the declared defaults."""
MASTER = 100
"""The last number of the masters' addresses in a /24."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A network that is in use, and whose it is."""

    cidr: str
    whose: str


@dataclass(frozen=True, slots=True)
class Master:
    """One of `secure_nodes`: its NodeID, the zone it stands in and its fixed address."""

    id: str
    zone: str
    address: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The networks of an environment: each layer's subnets by zone, and the masters."""

    vpc: str
    subnets: Mapping[str, Mapping[str, str]]
    masters: tuple[Master, ...]

    def settings(self) -> dict[str, Value]:
        """The layout as the variables that an environment's file sets."""
        return {
            "vpc_cidr": self.vpc,
            **{f"{tier}_subnets": dict(subnets) for tier, subnets in self.subnets.items()},
            "secure_nodes": {one.id: {"zone": one.zone, "address": one.address} for one in self.masters},
        }


def network_of(text: object) -> IPv4Network | None:
    """The IPv4 network that `text` writes, None where it writes none. Bits beyond its length are left out."""
    try:
        return IPv4Network(str(text), strict=False)
    except ValueError:
        return None


def free_network(taken: Iterable[IPv4Network], length: int = VPC_LENGTH) -> IPv4Network | None:
    """A private network of `length` (16 to 28) that overlaps none of `taken`; None where all of them do.

    The usual one first, then the next ones, so that neighbours in a list are neighbours in numbers; at the end of a
    range it goes on at its beginning, then in the next range.
    """
    used = sorted(ipaddress.collapse_addresses(taken))
    ten, *others = ((int(each.network_address), int(each.broadcast_address) + 1) for each in PRIVATE)
    usual = int(USUAL.network_address)
    for start, end in ((usual, ten[1]), (ten[0], usual), *others):
        found = _gap(used, start, end, 1 << (32 - length))
        if found is not None:
            return IPv4Network((found, length))
    return None


def _gap(used: list[IPv4Network], start: int, end: int, size: int) -> int | None:
    """The first multiple of `size` from `start` with as many addresses before `end`, none of them used."""
    at = start
    for each in used:
        first, after = int(each.network_address), int(each.broadcast_address) + 1
        if after <= at:
            continue
        if first >= at + size:
            break
        at = -(-after // size) * size
    return at if at + size <= end else None


def check_vpc(text: str) -> IPv4Network:
    """The network of a VPC. Raises `InputError` where `text` is none, or its length is not from /16 to /24."""
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise InputError(
            f"{text} is not an IPv4 network.",
            why=f"{error}.",
            todo="Write its first address, as in 10.80.0.0/16.",
        ) from error
    if not VPC_LENGTH <= network.prefixlen <= LONGEST_VPC:
        raise InputError(
            f"{text} is no network for a VPC.",
            why=f"It needs a length from /{VPC_LENGTH}, the largest that AWS makes, to /{LONGEST_VPC}, so that every "
            "zone gets its subnets.",
            todo="Choose another.",
        )
    return network


def layout(vpc: str, zones: Sequence[str]) -> Layout:
    """The subnets and masters of a VPC in three zones, given by their letters.

    In a /16 they are where the declared defaults have them; in a smaller one each has a sixteenth. Raises
    `InputError` where `vpc` is no network for it.
    """
    network = check_vpc(vpc)
    if network.prefixlen == VPC_LENGTH:
        places = list(network.subnets(new_prefix=24))
        begins = TIERS
    else:
        places = list(network.subnets(prefixlen_diff=4))
        begins = {tier: index * len(zones) for index, tier in enumerate(TIERS)}
    subnets = {
        tier: {zone: str(places[begins[tier] + index]) for index, zone in enumerate(zones)} for tier in TIERS
    }
    masters = tuple(
        Master(str(index), zone, str(_master_address(IPv4Network(subnets["secure"][zone]))))
        for index, zone in enumerate(zones)
    )
    return Layout(str(network), subnets, masters)


def _master_address(subnet: IPv4Network) -> ipaddress.IPv4Address:
    """As in the defaults where there is room, else in the middle: never one that AWS keeps."""
    return subnet[MASTER] if subnet.num_addresses > MASTER + 1 else subnet[subnet.num_addresses // 2]
