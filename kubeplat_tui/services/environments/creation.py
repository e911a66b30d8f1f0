"""A new environment in earnest: what the wizard starts with, and the file that is made of its answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.cloud import SANDBOX_ACCOUNT
from kubeplat_tui.services.environments import networks, templates
from kubeplat_tui.services.environments.files import create_file, discover, load, parse
from kubeplat_tui.services.environments.model import LONGEST_BUCKET, Environment, check_free
from kubeplat_tui.services.environments.networks import Taken
from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations
    from kubeplat_tui.services.workplace import Workplace

VPC = "vpc_cidr"
OF_CLUSTER = {"pod_network": "pods of every environment", "service_network": "services of every environment"}
"""The cluster's own networks, which every environment has at their defaults."""

ZONES = 3
"""etcd keeps its majority when a zone is lost only with three."""
SANDBOX_NETWORK = "127.0.0.1/32"
"""Who may reach a sandbox: this computer only."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the wizard starts with.

    `zones` are those that the account can use in `region`, the first three are proposed; `vpc_cidr` collides with
    none of `taken` ("" where all is taken); `access_cidrs` is this computer's own address; `profiles` are those of
    the AWS files and `templates` those of the environments folder. `notes` are sentences: what could not be learned
    and why, and what is to be known of the region.
    """

    regions: tuple[str, ...]
    region: str
    account: str
    arn: str
    zones: tuple[str, ...]
    vpc_cidr: str
    taken: tuple[Taken, ...]
    access_cidrs: tuple[str, ...]
    profile: str = ""
    profiles: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    public_zones: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewEnvironment:
    """The answers. `zones` are whole names or letters, three of them; names of buckets left "" are made up."""

    name: str
    region: str
    account: str
    zones: tuple[str, ...]
    vpc_cidr: str
    public_zone_name: str
    profile: str = ""
    sandbox: bool = False
    access_cidrs: tuple[str, ...] = ()
    public_zone_create: bool = False
    private_zone_name: str = ""
    terraform_bucket_name: str = ""
    secrets_bucket_name: str = ""
    template: str = templates.STANDARD


def make(workplace: Workplace, declarations: Declarations, new: NewEnvironment) -> Environment:
    """Make the file of a new environment. It is checked before it is written, as every run checks it.

    Raises `InputError` with everything that is wrong with the answers, or where the name is taken; nothing is written
    then.
    """
    from kubeplat_tui.services.variables.declarations import check_environment

    path = check_free(workplace.environments, new.name)
    data = text_of(workplace, declarations, new)
    check_environment(parse(path, data), declarations)
    create_file(path, data)
    return load(workplace.environments, new.name)


def copy(
    workplace: Workplace, declarations: Declarations, source: str, name: str, taken: Iterable[Taken] = ()
) -> Environment:
    """Copy the file of environment `source` under the name `name`; see `copying` for what is changed.

    Its network overlaps none of the other environments', and none of `taken`.
    Raises `InputError` where the source is broken, or the name is taken or cannot be one; nothing is written then.
    """
    from kubeplat_tui.services.environments import copying
    from kubeplat_tui.services.variables.declarations import check_environment

    path = check_free(workplace.environments, name)
    original = load(workplace.environments, source)
    check_environment(original, declarations)
    used = [network for _, network in networks_of(workplace, declarations)]
    used += [network for one in taken if (network := networks.network_of(one.cidr)) is not None]
    data = copying.copied(original, original.path.read_bytes(), name, declarations, used)
    check_environment(parse(path, data), declarations)
    create_file(path, data)
    return load(workplace.environments, name)


def networks_of(workplace: Workplace, declarations: Declarations) -> list[tuple[Taken, IPv4Network]]:
    """The networks that are taken as far as this computer knows: each environment's VPC, the pods' and the services'.

    An environment that is not built counts too: it may be one day. A broken file counts for nothing.
    """
    default = {name: declarations[name].default for name in (VPC, *OF_CLUSTER) if name in declarations}
    found = [Taken(str(default[name]), whose) for name, whose in OF_CLUSTER.items() if name in default]
    for each in discover(workplace.environments):
        if each.environment is not None:
            cidr = each.environment.values.get(VPC) or default.get(VPC) or networks.USUAL
            found.append(Taken(str(cidr), each.name))
    parsed = ((one, networks.network_of(one.cidr)) for one in found)
    return [(one, network) for one, network in parsed if network is not None]


def text_of(workplace: Workplace, declarations: Declarations, new: NewEnvironment) -> bytes:
    """The file that `make` would write. Raises `InputError` where the answers do not go together."""
    check_clashes(new, declarations)
    return templates.rendered(templates.find(workplace, new.template), values_of(new))


def completed(new: NewEnvironment) -> NewEnvironment:
    """The answers with everything made up that was left out: two files made of them are the same."""
    state, held = bucket_names(new.name)
    return replace(
        new,
        terraform_bucket_name=new.terraform_bucket_name or state,
        secrets_bucket_name=new.secrets_bucket_name or held,
        private_zone_name=new.private_zone_name or f"{new.name}.internal",
    )


def values_of(new: NewEnvironment) -> dict[str, Value]:
    """What a template is filled in with. Raises `InputError` where zones or network are none."""
    layout = networks.layout(new.vpc_cidr, zone_letters(new))
    new = completed(new)
    return {
        "user": new.name,
        "environment": new.name,
        "region": new.region,
        "account": SANDBOX_ACCOUNT if new.sandbox else new.account,
        "profile": new.profile,
        "sandbox": new.sandbox,
        "access_cidrs": [SANDBOX_NETWORK] if new.sandbox and not new.access_cidrs else list(new.access_cidrs),
        "public_zone_name": new.public_zone_name,
        "public_zone_create": new.public_zone_create,
        "private_zone_name": new.private_zone_name,
        "terraform_bucket_name": new.terraform_bucket_name,
        "secrets_bucket_name": new.secrets_bucket_name,
        "suffix": _suffix(),
        "networks": layout.settings(),
    }


def bucket_names(name: str) -> tuple[str, str]:
    """Names of the state bucket and the secrets bucket that nobody else has: the whole world shares them."""
    suffix = _suffix()
    return f"{name}-state-{suffix}"[:LONGEST_BUCKET], f"{name}-secrets-{suffix}"[:LONGEST_BUCKET]


def _suffix() -> str:
    return secrets.token_hex(3)


def zone_letters(new: NewEnvironment) -> list[str]:
    """The letters of the three zones. Raises `InputError` where they are not three of the region."""
    letters = [zone.removeprefix(new.region) for zone in new.zones]
    if len(set(letters)) != ZONES or any(len(letter) != 1 for letter in letters):
        named = ", ".join(new.zones) or "none"
        raise InputError(
            f"An environment needs three different zones of {new.region}, and {named} was named.",
            why="etcd keeps its majority when a zone is lost only with three.",
            todo="Name three zones, by their letters or whole.",
        )
    return letters


def check_clashes(new: NewEnvironment, declarations: Declarations) -> None:
    """Raise `InputError` where the VPC overlaps what stays at its default: the pods' and the services' networks."""
    vpc = networks.check_vpc(new.vpc_cidr)
    for name, whose in OF_CLUSTER.items():
        variable = declarations.get(name)
        other = networks.network_of(variable.default) if variable is not None else None
        if other is not None and vpc.overlaps(other):
            raise InputError(
                f"{vpc} overlaps {other}, the network of the {whose}.",
                todo="Choose another network for the VPC.",
            )
