"""Every certificate and kubeconfig of the bundle, looked at: one finding each, with a sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import authorities, bootstrap, certificates, kubeconfigs, leaves
from kubeplat_tui.services.pki.findings import Finding, Health, names_in_files
from kubeplat_tui.services.pki.profiles import AUTHORITIES, CLIENT_CA, Authority, profiles, warned_before
from kubeplat_tui.services.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cryptography import x509

    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.pki.profiles import AuthorityFiles, Profile

DAY = timedelta(days=1)
REFETCH = "fetch it again (kubeplat fetch-secrets), or restore an earlier version of it in the bucket."


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the bundle. `settings`: whether its names are the settings', and not only guessed from the files."""

    files: Mapping[str, bytes]
    now: datetime
    trusted: Mapping[Authority, tuple[x509.Certificate, ...]]
    settings: bool


@dataclass(frozen=True, slots=True)
class _Thing:
    """What a finding is about. `remedy` is the command that replaces it."""

    key: str
    name: str
    in_use: bool
    remedy: str


def check(names: ClusterNames | None, files: Mapping[str, bytes], now: datetime) -> list[Finding]:
    """See `findings.check`."""
    trusted: dict[Authority, tuple[x509.Certificate, ...]] = {}
    for authority in AUTHORITIES:
        try:
            trusted[authority] = authorities.trusted(authority, files)
        except KubeplatError:
            trusted[authority] = ()
    look = _Look(files, now, trusted, names is not None)
    found = [finding for authority in AUTHORITIES for finding in _authority(authority, look)]
    found.append(_client_ca(look))
    for profile in profiles(names or names_in_files(files)):
        found += _leaf(profile, look)
    return found + [_bootstrap(key, look) for key in (bootstrap.SECURE, bootstrap.COMPUTE)]


def threshold(certificate: x509.Certificate) -> timedelta:
    """How long before its end the certificate is due."""
    return warned_before(certificate.not_valid_after_utc - certificate.not_valid_before_utc)


def _authority(authority: Authority, look: _Look) -> Iterator[Finding]:
    place = AUTHORITIES[authority]
    thing = _Thing(place.certificate, authority.value, True, f"kubeplat certs rotate-ca {authority}")
    if place.certificate not in look.files:
        yield _without(thing, Health.MISSING, f"{place.certificate} is missing: {_make(look)}")
        return
    try:
        found = authorities.trusted(authority, look.files)
    except KubeplatError as error:
        yield _without(thing, Health.UNREADABLE, f"{error.what} {error.todo}")
        return
    why = _why_foreign_authority(place, found, look)
    for certificate in found:
        yield _with(thing, certificate, look, foreign=why)
    if place.key not in look.files:
        lost = _Thing(place.key, f"{authority} key", False, "")
        yield _without(lost, Health.MISSING, f"{place.key} is missing: {REFETCH}")


def _why_foreign_authority(place: AuthorityFiles, found: tuple[x509.Certificate, ...], look: _Look) -> str:
    if place.key in look.files:
        try:
            private = authorities.load_key(place.key, look.files[place.key])
        except KubeplatError as error:
            return error.what.rstrip(".")
        if not any(certificates.fits(certificate, private) for certificate in found):
            return f"{place.key} does not fit it"
    if place.parent is not None and look.trusted[place.parent]:
        signed = any(certificates.issued_by(each, *look.trusted[place.parent]) for each in found)
        return "" if signed else f"the {place.parent} that is here did not sign it"
    return ""


def _client_ca(look: _Look) -> Finding:
    thing = _Thing(CLIENT_CA, "client-ca", True, "")
    if CLIENT_CA not in look.files:
        return _without(thing, Health.MISSING, f"{CLIENT_CA} is missing: {_make(look)}")
    try:
        found = certificates.load_all(CLIENT_CA, look.files[CLIENT_CA])
    except KubeplatError as error:
        return _without(thing, Health.UNREADABLE, f"{error.what} {error.todo}")
    wanted = {*look.trusted[Authority.KUBERNETES], *look.trusted[Authority.KUBELET_SIGNER]}
    first = min(found, key=lambda certificate: certificate.not_valid_after_utc)
    why = (
        ""
        if wanted <= set(found)
        else "it does not hold every certificate of kubernetes-ca and kubelet-signer-ca"
    )
    name = certificates.common_name(first)
    return _with(
        _Thing(CLIENT_CA, "client-ca", True, f"kubeplat certs rotate-ca {name}"), first, look, foreign=why
    )


def _leaf(profile: Profile, look: _Look) -> Iterator[Finding]:
    thing = _Thing(profile.place, profile.name, profile.in_use, f"kubeplat certs renew {profile.name}")
    try:
        leaf = leaves.read(profile, look.files)
    except KubeplatError as error:
        yield _without(thing, Health.UNREADABLE, f"{error.what} Restore it, or: {thing.remedy}")
        leaf = None
    else:
        if leaf is None:
            yield _without(thing, Health.MISSING, f"{profile.place} is missing: {_make(look)}")
        elif leaf.private is None:
            sentence = f"{profile.key} is missing: fetch it again, or: {thing.remedy}"
            yield _with(thing, leaf.certificate, look, health=Health.MISSING, sentence=sentence)
        else:
            issuers, roots = look.trusted[profile.authority], look.trusted[Authority.KUBERNETES]
            why = leaves.why_foreign(profile, leaf, issuers, roots) if issuers and roots else ""
            lacking = why_not_as_wanted(profile, leaf.certificate) if look.settings else ""
            yield _with(thing, leaf.certificate, look, foreign=why, lacking=lacking)
    if profile.copy:
        yield _copy(profile, leaf, look)


def _copy(profile: Profile, leaf: leaves.Leaf | None, look: _Look) -> Finding:
    """The finding of the kubeconfig that a pair is embedded in too."""
    name = profile.copy.rpartition("/")[2].removesuffix(".kubeconfig")
    thing = _Thing(profile.copy, name, profile.in_use, f"kubeplat certs renew {profile.name}")
    if profile.copy not in look.files:
        return _without(thing, Health.MISSING, f"{profile.copy} is missing: {_make(look)}")
    try:
        content = kubeconfigs.parse(profile.copy, look.files[profile.copy])
        certificate = certificates.load_all(profile.copy, content.certificate)[0]
        why = ""
        if leaf is not None:
            why = leaves.why_foreign_copy(profile, leaf, look.files, look.trusted[Authority.KUBERNETES])
    except KubeplatError as error:
        return _without(thing, Health.UNREADABLE, f"{error.what} Restore it, or: {thing.remedy}")
    return _with(thing, certificate, look, foreign=why)


def _bootstrap(key: str, look: _Look) -> Finding:
    """A bootstrap kubeconfig: its token lives a day, and every run sees to that; no expiry to warn of."""
    thing = _Thing(key, bootstrap.NAME, False, "")
    if key not in look.files:
        return _without(thing, Health.MISSING, f"{key} is missing: {_make(look)}")
    try:
        kubeconfigs.parse(key, look.files[key])
    except KubeplatError as error:
        return _without(thing, Health.UNREADABLE, f"{error.what} {error.todo}")
    return _without(
        thing, Health.VALID, f"{key} can be read; a run renews its token when less than 12 hours are left."
    )


def why_not_as_wanted(profile: Profile, certificate: x509.Certificate) -> str:
    """What a certificate has otherwise than the table and the settings want, "" where nothing is missing.

    Names beyond those wanted are no fault.
    """
    lacking = missing_names(profile, certificate)
    if lacking:
        return f"lacks {listed(lacking)}"
    if certificate.subject != certificates.subject(profile.common_name, profile.organization):
        wanted = (
            f"{profile.common_name} of {profile.organization}"
            if profile.organization
            else profile.common_name
        )
        return f"is made out to {certificate.subject.rfc4514_string()} and not to {wanted}"
    unusable = [usage.value for usage in profile.usages if usage not in certificates.usages_in(certificate)]
    return f"cannot be used as {listed(unusable)}" if unusable else ""


def missing_names(profile: Profile, certificate: x509.Certificate) -> list[str]:
    """The names and addresses that the settings want and the certificate does not have."""
    present = set(certificates.names_in(certificate))
    return [name for name in (*profile.dns, *profile.addresses) if name not in present]


def _with(
    thing: _Thing,
    certificate: x509.Certificate,
    look: _Look,
    *,
    health: Health | None = None,
    sentence: str = "",
    foreign: str = "",
    lacking: str = "",
) -> Finding:
    """A finding with what its certificate says; the gravest health of those that apply."""
    end = certificate.not_valid_after_utc
    left = end - look.now
    days = left // DAY
    date = f"{end:%Y-%m-%d}"
    then = f" Run: {thing.remedy}" if thing.remedy else ""
    if health is None and foreign:
        health, sentence = Health.FOREIGN, f"{thing.key} does not belong here: {foreign}.{then}"
    elif health is None and left <= timedelta(0):
        health, sentence = Health.EXPIRED, f"{thing.key} expired on {date}, {_days(-left // DAY)} ago.{then}"
    elif health is None and lacking:
        health, sentence = Health.NAMES, f"{thing.key} {lacking}.{then}"
    elif health is None and left <= threshold(certificate):
        health, sentence = Health.DUE, f"{thing.key} expires on {date}, in {_days(days)}.{then}"
    elif health is None:
        health, sentence = Health.VALID, f"{thing.key} is valid until {date}, for {_days(days)}."
    return Finding(
        thing.key,
        thing.name,
        health,
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        end,
        days,
        thing.in_use,
        sentence,
    )


def _without(thing: _Thing, health: Health, sentence: str) -> Finding:
    """A finding without a certificate."""
    return Finding(thing.key, thing.name, health, "", "", None, None, thing.in_use, sentence)


def _make(look: _Look) -> str:
    """How what is missing comes back."""
    if look.files:
        return "fetch it again (kubeplat fetch-secrets); a run makes what never was."
    return "the first run makes it (kubeplat run)."


def _days(count: int) -> str:
    return "less than a day" if count == 0 else "one day" if count == 1 else f"{count} days"
