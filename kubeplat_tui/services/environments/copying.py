"""A copy of an environment's file under another name: its own buckets, networks, names and key; comments stay.

What two environments may share stays as it is: the account and its profile, the public zone, machine types, lists.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments import networks
from kubeplat_tui.services.environments.creation import VPC, bucket_names
from kubeplat_tui.services.environments.model import LONGEST_BUCKET, Environment
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kubeplat_tui.services.hcl.document import Attribute
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations

IN_VPC = (*(f"{tier}_subnets" for tier in networks.TIERS), "secure_nodes")
"""The variables whose addresses lie in the VPC."""

_ADDRESS = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
_SUFFIX = re.compile(r"-[0-9a-f]{6}$")


def copied(
    source: Environment, data: bytes, name: str, declarations: Declarations, taken: Iterable[IPv4Network]
) -> bytes:
    """The file `data` of `source` for the environment `name`, whose VPC overlaps none of `taken`.

    Raises `InputError` where no network is free.
    """
    document = renamed(source, Document.parse(data, source.path.name), name)
    document = document.with_value("kms_master_id", "")  # a key of its own: a run, or the checklist, makes it
    if not source.sandbox and "aws_profile" not in source.values:
        # The account is the same, so whoever may use it is: by default it would be the profile of the new name.
        document = document.with_value("aws_profile", source.profile)
    before = networks.network_of(effective(source.values, declarations, VPC))
    if before is None:
        raise InputError(f"{source.path.name} has no network for its VPC.", todo="Correct vpc_cidr there.")
    after = networks.free_network([*taken, before], before.prefixlen)
    if after is None:
        raise InputError(f"There is no free network of length /{before.prefixlen} for the VPC of {name}.")
    return _moved(document, declarations, before, after).data


def renamed(source: Environment, document: Document, name: str) -> Document:
    """The file of `source` under another name: what carries the old one carries the new one."""
    document = document.with_value("environment", name)
    for variable, value in names_in(source, name).items():
        document = document.with_value(variable, value)
    return document


def names_in(source: Environment, name: str) -> dict[str, str]:
    """The settings that have to differ between two environments, as `name` gets them."""
    old = _Name(source.name, name)
    state, held = bucket_names(name)
    values = {key: value for key, value in source.values.items() if isinstance(value, str)}
    found: dict[str, str] = {}
    # A state bucket may be many environments': the states' keys carry their names.
    if old.within(values.get("terraform_bucket_name", "")):
        found["terraform_bucket_name"] = _bucket(old.replaced(values["terraform_bucket_name"]), state)
    kept = values.get("secrets_bucket_name", "")
    found["secrets_bucket_name"] = _bucket(old.replaced(kept), held) if old.within(kept) else held
    if old.within(values.get("private_zone_name", "")):
        found["private_zone_name"] = old.replaced(values["private_zone_name"])
    zone = values.get("public_zone_name", "")
    if zone and source.values.get("public_zone_create") in {True, "true"}:
        # A zone that each makes for itself; one that exists already is shared.
        found["public_zone_name"] = old.replaced(zone) if old.within(zone) else f"{name}.{zone}"
    label = values.get("kubeapi_dns", "")
    found["kubeapi_dns"] = old.replaced(label) if old.within(label) else f"kube-{name}"
    return found


def effective(values: Mapping[str, Value], declarations: Declarations, name: str) -> object:
    """What a file sets, or else the declared default."""
    if name in values:
        return values[name]
    return declarations[name].default if name in declarations else None


class _Name:
    """An environment's name within other names, as a word between hyphens, dots or the ends."""

    def __init__(self, old: str, new: str) -> None:
        self._pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])")
        self._new = new

    def within(self, text: str) -> bool:
        return self._pattern.search(text) is not None

    def replaced(self, text: str) -> str:
        return self._pattern.sub(self._new, text)


def _bucket(name: str, fallback: str) -> str:
    """The name of a bucket with a random end of its own, where it had one; the fallback where it would be too long."""
    fresh = _SUFFIX.sub(lambda _: f"-{secrets.token_hex(3)}", name)
    return fresh if len(fresh) <= LONGEST_BUCKET else fallback


def _moved(
    document: Document, declarations: Declarations, before: IPv4Network, after: IPv4Network
) -> Document:
    """The document with every address of the one network moved to the same place in the other."""
    document = document.with_value(VPC, str(after))
    for name in IN_VPC:
        attribute = document.attribute(name)
        if attribute is not None:
            document = _moved_attribute(document, attribute, before, after)
        elif name in declarations:
            document = document.with_value(name, _moved_value(declarations[name].default, before, after))
    return document


def _moved_attribute(
    document: Document, attribute: Attribute, before: IPv4Network, after: IPv4Network
) -> Document:
    """In the text, so that what is written around the addresses stays."""
    start, end = attribute.span.start, attribute.span.end
    text = _moved_text(document.data[start:end], before, after)
    return Document.parse(document.data[:start] + text + document.data[end:], document.source.name)


def _moved_value(value: object, before: IPv4Network, after: IPv4Network) -> Value:
    if isinstance(value, dict):
        return {str(key): _moved_value(item, before, after) for key, item in value.items()}
    return _moved_text(str(value).encode(), before, after).decode()


def _moved_text(text: bytes, before: IPv4Network, after: IPv4Network) -> bytes:
    return _ADDRESS.sub(lambda found: _moved_address(found[0].decode(), before, after).encode(), text)


def _moved_address(text: str, before: IPv4Network, after: IPv4Network) -> str:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return text
    if address not in before:
        return text
    return str(after.network_address + (int(address) - int(before.network_address)))
