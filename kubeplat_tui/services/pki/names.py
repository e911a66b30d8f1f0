"""The names that the certificates of one environment carry: all of them follow from its settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.values import Value


@dataclass(frozen=True, slots=True)
class Member:
    """A master and its etcd member. `id` is its NodeID, `name` the member's DNS name, `address` its fixed one.

    Source: `terraform/modules/dns` (`etcd<NodeID>.<private zone>`) and `secure_nodes` of the settings.
    """

    id: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ClusterNames:
    """Where the cluster is reached. DNS names without a dot at their end, IPv4 addresses as text.

    `public_api` is "" where the API has no public load balancer; `service_address` is the API's among the services;
    `extra` are more DNS names or addresses for the API's certificate.
    """

    environment: str
    public_api: str
    internal_api: str
    service_address: str
    members: tuple[Member, ...]
    extra: tuple[str, ...] = ()


def names_of(site: Site) -> ClusterNames:
    """The names of a site, by its settings and their declared defaults. Raises `InputError` where one is wrong."""
    private = _text(site, "private_zone_name")
    public = ""
    if _value(site, "kubeapi_external_elb") is not False:
        public = f"{_text(site, 'kubeapi_dns')}.{_text(site, 'public_zone_name')}"
    network = _text(site, "service_network")
    try:
        service_address = str(ipaddress.ip_network(network)[1])
    except (ValueError, IndexError):
        raise _wrong(site, "service_network") from None
    return ClusterNames(
        environment=site.environment.name,
        public_api=public,
        internal_api=f"{_text(site, 'kubeapi_internal_dns')}.{private}",
        service_address=service_address,
        members=_members(site, private),
    )


def _members(site: Site, zone: str) -> tuple[Member, ...]:
    nodes = _value(site, "secure_nodes")
    if not isinstance(nodes, Mapping) or not nodes:
        raise _wrong(site, "secure_nodes")
    members: list[Member] = []
    for id_, node in nodes.items():
        address = node.get("address") if isinstance(node, Mapping) else None
        try:
            fixed = str(ipaddress.IPv4Address(str(address)))
        except ValueError:
            raise _wrong(site, "secure_nodes") from None
        if not (id_.isascii() and id_.isdigit()):
            raise _wrong(site, "secure_nodes")
        members.append(Member(id_, f"etcd{id_}.{zone}", fixed))
    return tuple(sorted(members, key=lambda member: int(member.id)))


def _text(site: Site, name: str) -> str:
    value = _value(site, name)
    if not isinstance(value, str) or not value:
        raise _wrong(site, name)
    return value


def _value(site: Site, name: str) -> Value:
    """What Terraform would see in a variable."""
    from kubeplat_tui.services.variables.declarations import effective_value
    from kubeplat_tui.services.variables.variable_types import NotThisTypeError

    variable = site.declarations.get(name)
    if variable is None:
        raise _wrong(site, name)
    try:
        return effective_value(variable, site.environment.values)
    except NotThisTypeError:
        raise _wrong(site, name) from None


def _wrong(site: Site, name: str) -> InputError:
    return InputError(
        f"{name} of {site.environment.name} is missing or cannot be used: the certificates' names depend on it.",
        todo=f"Correct {site.environment.path}.",
    )
