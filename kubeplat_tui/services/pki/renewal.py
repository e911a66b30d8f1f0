"""Renewal: a new key and certificate for leaves, on request. Authorities are replaced by a rotation only.

**Names of the API's certificate.** Those that the settings want are always in it. Those that it has beyond them stay in
the next one: somebody reaches the API by them, be it a load balancer's name that was added once or a zone's that the
settings have left since. They are dropped by name only. All other certificates have the names of the settings alone;
etcd, for one, lets in whoever a name leads to.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.pki import authorities, bootstrap, certificates, keys, leaves
from kubeplat_tui.services.pki.bundle import Making
from kubeplat_tui.services.pki.checking import threshold
from kubeplat_tui.services.pki.profiles import AUTHORITIES, Authority, is_address, profiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.pki.profiles import Profile

ALL = "all"
DUE = "due"
API = "apiserver"

_DNS = re.compile(
    r"(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)


def renew(
    names: ClusterNames,
    files: Mapping[str, bytes],
    which: Sequence[str],
    now: datetime,
    extra_names: Sequence[str] = (),
    *,
    dropped_names: Sequence[str] = (),
) -> Making:
    """New keys and certificates for the profiles named in `which`; the kubeconfigs that hold them follow.

    `ALL` is every leaf, `DUE` every one in use that is due or has expired, and `bootstrap.NAME` the bootstrap token.
    `extra_names` (DNS names or addresses) are added to the API's certificate, `dropped_names` are taken from it.
    Changes nothing itself. Raises `InputError` for a name that is none, with the nearest one, and `KubeplatError`
    where an authority cannot sign.
    """
    chosen = _chosen(names, files, which, now)
    _check_names(chosen, which, (*extra_names, *dropped_names))
    token = bootstrap.NAME in which or ALL in which
    # Only who signs has to be whole: a lost authority shall not keep the others' certificates from being renewed.
    signing = {profile.authority for profile in chosen} | ({Authority.KUBERNETES} if token else set())
    signers = {
        authority: authorities.load(authority, files) for authority in AUTHORITIES if authority in signing
    }
    issuing = leaves.Issuing(names.environment, signers, now)
    writes: dict[str, bytes] = {}
    for profile in chosen:
        wanted = profile
        if profile.name == API:
            wanted = with_names_kept(profile, files, extra_names, dropped_names)
        writes |= new_pair(wanted, issuing)
    if token:
        writes |= bootstrap.make(names, issuing.roots_pem, now)
    kept = tuple(key for key in files if key not in writes)
    return Making(writes, dict.fromkeys(writes, "renewed"), kept)


def new_pair(profile: Profile, issuing: leaves.Issuing) -> dict[str, bytes]:
    """Every file of a leaf, with a new key."""
    private = keys.generate()
    certificate = certificates.issue(
        profile, private.public_key(), issuing.signers[profile.authority], issuing.now
    )
    return leaves.write(profile, issuing, certificate, private)


def with_names_kept(
    profile: Profile,
    files: Mapping[str, bytes],
    extra: Sequence[str] = (),
    dropped: Sequence[str] = (),
) -> Profile:
    """The API's profile with the names that its present certificate has beyond the settings, and with `extra`.

    Raises `KubeplatError` where the present certificate cannot be read, `InputError` where a name of `dropped` is one
    that the settings want, or is not in the certificate.
    """
    wanted = (*profile.dns, *profile.addresses)
    present: tuple[str, ...] = ()
    if profile.certificate in files:
        try:
            present = certificates.names_in(
                certificates.load_all(profile.certificate, files[profile.certificate])[0]
            )
        except KubeplatError as error:
            raise KubeplatError(
                error.what,
                why="It may have names beyond those of the settings, which a new one would lack; nothing was changed.",
                todo=f"Restore it; or remove {profile.certificate} and {profile.key}, and renew {profile.name} with "
                "those names.",
            ) from None
    for name in map(_canonical, dropped):
        if name in wanted or name not in present:
            why = "the settings want it" if name in wanted else "it is not there"
            raise InputError(
                f"{name} cannot be dropped from {profile.certificate}: {why}.", why="Nothing was changed."
            )
    gone = set(map(_canonical, dropped))
    named = dict.fromkeys(name for name in (*wanted, *present, *map(_canonical, extra)) if name not in gone)
    return replace(
        profile,
        dns=tuple(name for name in named if not is_address(name)),
        addresses=tuple(name for name in named if is_address(name)),
    )


def _chosen(
    names: ClusterNames, files: Mapping[str, bytes], which: Sequence[str], now: datetime
) -> list[Profile]:
    """The profiles meant, each once, in the order of the table."""
    table = profiles(names)
    known = [ALL, DUE, bootstrap.NAME, *(profile.name for profile in table)]
    for name in which:
        if name in AUTHORITIES:
            raise InputError(
                f"{name} is an authority: it is not renewed, but replaced in steps.",
                todo=f"kubeplat certs rotate-ca {name}",
            )
        if name not in known:
            nearest = next(iter(difflib.get_close_matches(name, known, 1, 0.5)), None)
            hint = f"Did you mean {nearest}?" if nearest else f"There are: {', '.join(known)}."
            raise InputError(f"There is no certificate {name}.", why="Nothing was changed.", todo=hint)
    return [
        profile
        for profile in table
        if ALL in which or profile.name in which or (DUE in which and _due(profile, files, now))
    ]


def _due(profile: Profile, files: Mapping[str, bytes], now: datetime) -> bool:
    """Whether a leaf in use is due or has expired. What is absent or cannot be read is not: a run says so."""
    try:
        leaf = leaves.read(profile, files) if profile.in_use else None
    except KubeplatError:
        return False
    return leaf is not None and leaf.certificate.not_valid_after_utc - now <= threshold(leaf.certificate)


def _check_names(chosen: Sequence[Profile], which: Sequence[str], given: Sequence[str]) -> None:
    """Names are for the API's certificate, and have to be names."""
    if given and not any(profile.name == API for profile in chosen):
        raise InputError(
            f"Names are added to and dropped from {API} alone, which is not among {', '.join(which)}.",
            why="Nothing was changed.",
            todo=f"Renew {API} with them.",
        )
    for name in given:
        if not is_address(name) and not _DNS.fullmatch(_canonical(name)):
            raise InputError(
                f"{name} is neither a DNS name nor an address.",
                why="Nothing was changed.",
                todo="Write it without a scheme, a port or a path.",
            )


def _canonical(name: str) -> str:
    """A name as certificates have it: lower case, without a dot at its end; addresses in their shortest form."""
    import ipaddress

    return str(ipaddress.ip_address(name)) if is_address(name) else name.lower().rstrip(".")
