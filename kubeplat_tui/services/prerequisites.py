"""What an environment needs before its first run: a checklist, and what can be done about each part on the spot.

Nothing here is needed twice: a run checks all of it again, and makes the key and the bucket where they are absent. This
shows it beforehand, one thing at a time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services import caller, environments, master_key, state_bucket
from kubeplat_tui.services.aws_errors import FORBIDDEN, aws_call, code_of
from kubeplat_tui.services.credentials.caller_identity import wrong_account
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.variables.declarations import effective_value

if TYPE_CHECKING:
    from kubeplat_tui.services.cloud import Identity
    from kubeplat_tui.services.master_key import MasterKey
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.values import Value

OwnNetwork = Callable[[], str | None]

PARALLEL = 6
MOST_NETWORKS = 15
"""What an access list holds: the network ACL has room for no more (`terraform/cluster`)."""

KEY_SETTING = "kms_master_id"
STATE_SETTING = "terraform_bucket_name"
SECRETS_SETTING = "secrets_bucket_name"
ACCESS_LISTS = ("ssh_access_list", "kubeapi_access_list")


class Key(StrEnum):
    """The parts of the checklist, in the order in which they are walked."""

    CREDENTIALS = "credentials"
    ACCOUNT = "account"
    TERRAFORM = "terraform"
    ACCESS = "access"
    MASTER_KEY = "master-key"
    STATE_BUCKET = "state-bucket"
    SECRETS_BUCKET = "secrets-bucket"
    PUBLIC_ZONE = "public-zone"


class State(StrEnum):
    """How a part stands."""

    DONE = "done"
    MISSING = "missing"
    """It is certainly not there."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be looked at: `detail` says why."""
    LATER = "later"
    """A run makes it."""


TITLES = {
    Key.CREDENTIALS: "AWS credentials",
    Key.ACCOUNT: "The right account and region",
    Key.TERRAFORM: "Terraform",
    Key.ACCESS: "Your address in the access lists",
    Key.MASTER_KEY: "KMS key",
    Key.STATE_BUCKET: "Bucket for Terraform's state",
    Key.SECRETS_BUCKET: "Bucket for the secrets",
    Key.PUBLIC_ZONE: "Public DNS zone",
}


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """One part of the checklist. `remedy` says what can be done on the spot, "" where a person must, or needs not."""

    key: Key
    title: str
    state: State
    detail: str
    remedy: str = ""


Found = tuple[State, str, str]
"""State, detail and remedy."""


def prerequisites(site: Site, own_network: OwnNetwork = caller.own_network) -> tuple[Prerequisite, ...]:
    """The checklist of an environment, everything looked up anew. Blocks for some seconds; changes nothing."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(PARALLEL) as pool:
        here = {
            Key.TERRAFORM: pool.submit(_told, lambda: _terraform(site)),
            Key.ACCESS: pool.submit(_told, lambda: _access(site, own_network)),
        }
        found = _identity(site)
        if all(state is State.DONE for state, _, _ in found.values()):
            there: dict[Key, Callable[[], Found]] = {
                Key.MASTER_KEY: lambda: _master_key(site),
                Key.STATE_BUCKET: lambda: _state_bucket(site),
                Key.SECRETS_BUCKET: lambda: _secrets_bucket(site),
                Key.PUBLIC_ZONE: lambda: _public_zone(site),
            }
            here |= {key: pool.submit(_told, check) for key, check in there.items()}
        else:
            # Without the right account nothing is asked: it would be another account's answer.
            after: Found = (State.UNKNOWN, "Looked at when the account is the right one.", "")
            found |= {key: after for key in Key if key not in found and key not in here}
        found |= {key: future.result() for key, future in here.items()}
    return tuple(Prerequisite(key, TITLES[key], *found[key]) for key in Key)


def remedy(site: Site, key: Key, own_network: OwnNetwork = caller.own_network) -> str:
    """Do what the checklist offers for `key`; a sentence says what was done. Blocks.

    Raises `InputError` where there is nothing to do or the account is not the environment's, `KubeplatError` where
    it failed.
    """
    if key is Key.TERRAFORM:
        return _fetch_terraform(site)
    if key is Key.ACCESS:
        return _add_own_network(site, own_network)
    if key is Key.PUBLIC_ZONE:
        return _create_zone(site)
    if key in {Key.MASTER_KEY, Key.STATE_BUCKET}:
        identity = _right_identity(site)
        made = _make_key(site, identity)
        return made[1] if key is Key.MASTER_KEY else _make_bucket(site, identity, *made)
    raise InputError(
        f"Nothing can be done here about: {TITLES[key]}.", todo="The checklist says what is needed."
    )


# --- looking ----------------------------------------------------------------------------------------------------


def _told(check: Callable[[], Found]) -> Found:
    """What `check` finds; what it could not find out is unknown, and what contradicts the file is wrong."""
    try:
        return check()
    except InputError as error:
        return State.WRONG, str(error), ""
    except KubeplatError as error:
        return State.UNKNOWN, str(error), ""


def _identity(site: Site) -> dict[Key, Found]:
    try:
        identity = site.cloud.identity()
    except KubeplatError as error:
        return {
            Key.CREDENTIALS: (State.MISSING, str(error), ""),
            Key.ACCOUNT: (State.UNKNOWN, "Looked at when there are credentials.", ""),
        }
    credentials: Found = (State.DONE, f"{identity.arn}.", "")
    return {Key.CREDENTIALS: credentials, Key.ACCOUNT: _told(lambda: _account(site, identity))}


def _account(site: Site, identity: Identity) -> Found:
    from kubeplat_tui.services import preflight

    wrong = wrong_account(site.environment, identity) or preflight.wrong_region(site)
    if wrong:
        return State.WRONG, wrong, ""
    return State.DONE, f"{identity.account}, {site.environment.region}.", ""


def _terraform(site: Site) -> Found:
    from kubeplat_tui.services.terraform import binary

    found = binary.find(site.workplace.cache)
    if found is None:
        pinned = binary.dotted(binary.PINNED)
        return State.MISSING, "This computer has none.", f"Fetch Terraform {pinned}, its checksum verified"
    return State.DONE, f"{found} at {found.path}.", ""


def _access(site: Site, own_network: OwnNetwork) -> Found:
    if site.environment.sandbox:
        return State.DONE, "The sandbox is reached from this computer only.", ""
    lists = _access_lists(site)
    empty = [name for name, networks in lists.items() if not networks]
    own = own_network()
    if own is None:
        if empty:
            return (
                State.MISSING,
                f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty: nobody gets in.",
                "",
            )
        return State.UNKNOWN, "This computer's own address could not be learned.", ""
    outside = _outside(own, lists)
    if not outside:
        return State.DONE, f"{own} is inside.", ""
    where = " and ".join(outside)
    return State.MISSING, f"{own} is not in {where}: this computer cannot get in.", f"Add {own} to {where}"


def _master_key(site: Site) -> Found:
    named = _text(site, KEY_SETTING)
    if master_key.find_key(site.cloud, named, site.environment.name) is not None:
        return State.DONE, f"{named} is enabled.", ""
    alias = master_key.alias_of(site.environment.name)
    absent = f"There is no KMS key {named}." if named else "The file names none."
    if master_key.find_key(site.cloud, alias, site.environment.name) is not None:
        return (
            State.MISSING,
            absent,
            f"Use the key {alias}, which was made before, and write it into the file",
        )
    return State.MISSING, absent, f"Make the KMS key {alias}, and write it into the file"


def _state_bucket(site: Site) -> Found:
    name = _text(site, STATE_SETTING)
    found = state_bucket.find_bucket(site.cloud, site.cloud.identity(), name, site.environment.name)
    if found is None:
        return (
            State.MISSING,
            f"There is no bucket {name}.",
            f"Make the bucket {name}: private, versioned, encrypted",
        )
    if found.open and found.ours:
        return State.LATER, f"{name} lacks {', '.join(found.open)}: a run gives it that.", ""
    if found.open:
        return (
            State.DONE,
            f"{name} is there. It lacks {', '.join(found.open)}; it was not made by kubeplat.",
            "",
        )
    return State.DONE, f"{name} is there, and protected.", ""


def _secrets_bucket(site: Site) -> Found:
    """Whether the name is free, or the bucket this environment's: the foundation makes it under that name only."""
    from botocore.exceptions import ClientError

    name = _text(site, SECRETS_SETTING)
    with aws_call(f"Looking up the bucket {name}"):
        try:
            site.cloud.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=site.environment.account)
        except ClientError as error:
            if code_of(error) in {"404", "NoSuchBucket"}:
                return State.LATER, f"The name {name} is free: the first run makes the bucket.", ""
            if code_of(error) in FORBIDDEN | {"301", "PermanentRedirect"}:
                return (
                    State.WRONG,
                    f"The name {name} is taken by somebody else. Set {SECRETS_SETTING} to another.",
                    "",
                )
            raise
    return State.DONE, f"{name} is there.", ""


def _public_zone(site: Site) -> Found:
    name = _text(site, "public_zone_name")
    if _value(site, "public_zone_create") is True:
        return State.LATER, f"The first run makes {name}; its parent zone then has to delegate it.", ""
    with aws_call("Listing the DNS zones"):
        answer = site.cloud.client("route53").list_hosted_zones_by_name(DNSName=f"{name}.")
    for zone in answer["HostedZones"]:
        if zone["Name"].rstrip(".") == name and not zone["Config"]["PrivateZone"]:
            return State.DONE, f"{name} is there.", ""
    return (
        State.MISSING,
        f"The account has no public zone {name}. Name one that it has with public_zone_name, or make it.",
        "Let the first run make the zone (public_zone_create = true)",
    )


# --- doing ------------------------------------------------------------------------------------------------------


def _fetch_terraform(site: Site) -> str:
    from kubeplat_tui.services.terraform import binary

    return f"{binary.find_or_fetch(site.workplace.cache)} is ready."


def _add_own_network(site: Site, own_network: OwnNetwork) -> str:
    own = own_network()
    if own is None:
        raise KubeplatError(
            "This computer's own address could not be learned.",
            todo="Write your networks into the file yourself.",
        )
    lists = _access_lists(site)
    outside = _outside(own, lists)
    if not outside:
        raise InputError(f"{own} is in the access lists already.", todo="Nothing was changed.")
    full = [name for name in outside if len(lists[name]) >= MOST_NETWORKS]
    if full:
        raise InputError(
            f"{' and '.join(full)} holds {MOST_NETWORKS} networks, and no more fit.",
            todo="Remove one that is not needed any more. Nothing was changed.",
        )
    for name in outside:
        environments.set_value(site.environment.path, name, [*lists[name], own])
    return f"{own} is in {' and '.join(outside)} now; the next run opens the way."


def _create_zone(site: Site) -> str:
    if _public_zone(site)[0] is not State.MISSING:
        raise InputError("The public zone is there, or a run makes it.", todo="Nothing was changed.")
    environments.set_value(site.environment.path, "public_zone_create", True)
    return f"The first run makes {_text(site, 'public_zone_name')}; its parent zone then has to delegate it."


def _right_identity(site: Site) -> Identity:
    """Who we are, where that is the environment's account. Raises `InputError` where it is another's."""
    identity = site.cloud.identity()
    wrong = wrong_account(site.environment, identity)
    if wrong:
        raise InputError(wrong, todo="Nothing was changed.")
    return identity


def _make_key(site: Site, identity: Identity) -> tuple[MasterKey, str]:
    """The environment's key, made where there is none, and written into its file; and what was done."""
    name = site.environment.name
    key = master_key.find_key(site.cloud, _text(site, KEY_SETTING), name)
    if key is not None:
        return key, ""
    alias = master_key.alias_of(name)
    key = master_key.find_key(site.cloud, alias, name)
    said = f"The key {alias} was there" if key is not None else f"The KMS key {alias} is made"
    if key is None:
        key = master_key.make_key(site.cloud, identity, name)
    environments.set_value(site.environment.path, KEY_SETTING, key.id)
    return key, f"{said}, and {key.id} is in {site.environment.path.name}."


def _make_bucket(site: Site, identity: Identity, key: MasterKey, said: str) -> str:
    name = _text(site, STATE_SETTING)
    if state_bucket.find_bucket(site.cloud, identity, name, site.environment.name) is not None:
        raise InputError(f"The bucket {name} is there already.", todo="Nothing was changed.")
    state_bucket.make_bucket(site.cloud, name, site.environment.name, key.arn)
    return " ".join(filter(None, [said, f"The bucket {name} is made: private, versioned, encrypted."]))


# --- the file's values ------------------------------------------------------------------------------------------


def _access_lists(site: Site) -> dict[str, list[str]]:
    """The lists that matter: the API's only where it is reached from outside."""
    names = ACCESS_LISTS if _value(site, "kubeapi_external_elb") is not False else ACCESS_LISTS[:1]
    values = {name: _value(site, name) for name in names}
    return {
        name: [str(one) for one in value] if isinstance(value, list) else [] for name, value in values.items()
    }


def _outside(own: str, lists: dict[str, list[str]]) -> list[str]:
    """The lists that let `own` not in."""
    address = ipaddress.ip_network(own)
    return [
        name for name, networks in lists.items() if not any(_holds(network, address) for network in networks)
    ]


def _holds(network: str, address: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    around = ipaddress.ip_network(network, strict=False)
    if isinstance(around, ipaddress.IPv4Network) and isinstance(address, ipaddress.IPv4Network):
        return address.subnet_of(around)
    return False


def _text(site: Site, name: str) -> str:
    value = _value(site, name)
    return "" if value is None else str(value)


def _value(site: Site, name: str) -> Value:
    """What the file sets, else the declared default."""
    variable = site.declarations.get(name)
    return (
        site.environment.values.get(name)
        if variable is None
        else effective_value(variable, site.environment.values)
    )
