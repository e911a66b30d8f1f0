"""What is found when the certificates are looked at: which are valid, due, expired, missing, foreign."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki.names import ClusterNames, Member
from kubeplat_tui.services.pki.profiles import AUTHORITIES, profiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_MEMBER = re.compile(r"secure/etcd-([0-9]{1,2})-(?:server|peer)\.(?:crt|key)")
_CERTIFICATE_NAMES = (".crt", ".pem", ".cer")
_KUBECONFIG_NAMES = (".kubeconfig", ".conf", "kubeconfig")
_PEM = b"-----BEGIN CERTIFICATE-----"
_EMBEDDED = re.compile(rb"client-certificate-data[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/]+={0,2})")
_FIRST = 512
"""Bytes that tell what a file is, where its name does not."""


class Health(StrEnum):
    """How a certificate or kubeconfig stands."""

    VALID = "valid"
    DUE = "due"
    """It expires inside 60 days, or inside a third of its lifetime where that is shorter."""
    EXPIRED = "expired"
    MISSING = "missing"
    NAMES = "lacks names"
    """The settings need a name or address that it does not have, or it is made out to somebody else."""
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    """It was not signed by the authority that is here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One certificate or kubeconfig of the bundle. `expires` UTC, `days` left (negative: passed).

    `in_use`: the cluster stops working, in part, when it expires. `sentence` says what is and what to do.
    """

    key: str
    name: str
    health: Health
    subject: str
    issuer: str
    expires: datetime | None
    days: int | None
    in_use: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """What expires next of what is in use: its key in the bundle, its name, and when (UTC)."""

    key: str
    name: str
    expires: datetime


def check(names: ClusterNames | None, files: Mapping[str, bytes], now: datetime) -> list[Finding]:
    """Every certificate and kubeconfig of the bundle, authorities first. Raises nothing because of a file.

    Without `names` the settings are not looked at: what the files alone say.
    """
    from kubeplat_tui.services.pki import checking

    return checking.check(names, files, now)


def nearest(files: Mapping[str, bytes], now: datetime) -> Expiry | None:
    """What of that in use expires first (or has expired), authorities included; None where nothing readable is there.

    Bootstrap tokens and the break-glass kubeconfig are not in use, nor is a certificate that has expired beside a
    valid one in the same file, as a rotation leaves it.
    """
    found: list[Expiry] = []
    for key, name in _in_use(files):
        ends = _ends(key, files[key]) if key in files else []
        if ends:
            found.append(Expiry(key, name, min([end for end in ends if end > now] or ends)))
    return min(found, key=lambda each: each.expires, default=None)


def expiry_of(key: str, data: bytes) -> datetime | None:
    """When the certificate, the first of several, or a kubeconfig's client certificate expires (UTC).

    None for anything else, broken or not: it never raises, and what is neither costs next to nothing.
    """
    return min(_ends(key, data), default=None)


def names_in_files(files: Mapping[str, bytes]) -> ClusterNames:
    """What can be said of a cluster's names without its settings: which members it has."""
    found = {match[1] for key in files if (match := _MEMBER.fullmatch(key))}
    return ClusterNames("", "", "", "", tuple(Member(id_, "", "") for id_ in sorted(found, key=int)))


def _in_use(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Key and name of everything whose expiry matters."""
    for authority, place in AUTHORITIES.items():
        yield place.certificate, authority.value
    for profile in profiles(names_in_files(files)):
        if profile.in_use:
            yield profile.place, profile.name


def _ends(key: str, data: bytes) -> list[datetime]:
    """When each certificate in the file expires, [] where there is none that can be read."""
    name, head = key.lower(), data[:_FIRST]
    if _PEM in head or (name.endswith(_CERTIFICATE_NAMES) and _PEM in data):
        return _ends_in_pem(data)
    if not (name.endswith(_KUBECONFIG_NAMES) or b"kind: Config" in head):
        return []
    ends: list[datetime] = []
    for match in _EMBEDDED.finditer(data):
        try:
            ends += _ends_in_pem(base64.b64decode(match[1], validate=True))[:1]
        except binascii.Error:
            continue
    return ends


def _ends_in_pem(data: bytes) -> list[datetime]:
    from kubeplat_tui.services.pki import certificates

    try:
        return [each.not_valid_after_utc for each in certificates.in_pem(data)]
    except ValueError:
        return []
