"""The bundle: every file of the cluster's secrets that kubeplat makes. What is absent is made; what is there stays.

The rules, which hold for any set of files that somebody may have left:

- A file that is there is kept byte for byte. Only a bootstrap token that ends soon is replaced, with all its files.
- A file that cannot be read, or does not belong to the others, ends it with a sentence: nothing is written then.
- Authorities, and what can never be made again (`once`), are made only while nothing shows that the bundle was
  complete before. That can be told because uploads keep to `upload_waves`: what follows from them comes last.
- An authority's key without a certificate gets one under the same condition: an upload that was interrupted leaves
  that, and with the same key and name whatever it ever signed is valid under the new certificate too.
- A leaf's key without its certificate gets one. Its certificate without its key waits for `kubeplat certs renew`,
  which replaces both.

Files are a mapping of keys (paths in the bucket) to bytes; nothing here reads or writes a disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services import tokens
from kubeplat_tui.services.pki import authorities, bootstrap, certificates, keys, leaves, once
from kubeplat_tui.services.pki.profiles import AUTHORITIES, CLIENT_CA, Authority, profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography import x509

    from kubeplat_tui.services.pki.authorities import Signer
    from kubeplat_tui.services.pki.names import ClusterNames
    from kubeplat_tui.services.pki.profiles import Profile

FIRST = AUTHORITIES[Authority.KUBERNETES].key
"""The key that decides between two first runs at once: who uploads it has made the bundle."""

_NEXT = re.compile(r"locked/[a-z-]+\.next\.(?:key|crt)")


@dataclass(frozen=True, slots=True)
class Making:
    """What is to be written, with the reason of each, and what stays as it is. Keys are paths in the bucket."""

    writes: dict[str, bytes] = field(repr=False)
    reasons: dict[str, str]
    kept: tuple[str, ...]


def make_missing(names: ClusterNames, files: Mapping[str, bytes], now: datetime) -> Making:
    """Everything that is absent from `files`, made. `now` with its time zone. Changes nothing itself.

    Raises `KubeplatError` where a file is unreadable, foreign or lost: see the rules above.
    """
    table = profiles(names)
    signers = _authorities(names, files, table, now)
    writes = _authority_files(signers, files)
    writes |= _client_ca(signers, files)
    issuing = leaves.Issuing(names.environment, signers, now)
    for profile in table:
        writes |= _leaf(profile, files, issuing)
    writes |= once.make_missing(names.environment, files, complete=bool(_last(table, files)))
    if tokens.KEY in files:
        tokens.parse(files[tokens.KEY])
    else:
        writes[tokens.KEY] = tokens.EMPTY
    reasons = dict.fromkeys(writes, "absent")
    why = bootstrap.why_new(files, issuing.roots_pem, now)
    if why:
        token = bootstrap.make(names, issuing.roots_pem, now)
        writes |= token
        reasons |= dict.fromkeys(token, why)
    kept = tuple(key for key in bundle_keys(names) if key in files and key not in writes)
    return Making(writes, reasons, kept)


def bundle_keys(names: ClusterNames) -> tuple[str, ...]:
    """The key of every file that belongs to the bundle."""
    places = [(place.certificate, place.key) for place in AUTHORITIES.values()]
    return (
        *(key for two in places for key in two),
        CLIENT_CA,
        *(key for profile in profiles(names) for key in profile.files),
        *once.FILES,
        tokens.KEY,
        *bootstrap.FILES,
    )


def upload_waves(keys_: Iterable[str]) -> list[list[str]]:
    """The keys in the order in which they go to the bucket: a wave begins when the one before is there.

    The first is one key alone, which decides between two first runs at once. Then the other authorities' keys, the
    roots' certificates, the intermediate's, what cannot be made again with all other private keys, and the rest: what
    an interrupted upload leaves behind, another computer can complete.
    """
    waves: dict[int, list[str]] = {}
    for key in sorted(keys_):
        waves.setdefault(_wave(key), []).append(key)
    return [waves[number] for number in sorted(waves)]


def upload_order(keys_: Iterable[str]) -> list[str]:
    """The same as one list."""
    return [key for wave in upload_waves(keys_) for key in wave]


def _wave(key: str) -> int:
    if key == FIRST:
        return 0
    for place in AUTHORITIES.values():
        if key == place.key:
            return 1
        if key == place.certificate:
            return 2 if place.parent is None else 3
    if _NEXT.fullmatch(key):
        return 1 if key.endswith(".key") else 2
    return 4 if key in once.PRIVATE or key.endswith(".key") else 5


def _last(table: Iterable[Profile], files: Mapping[str, bytes]) -> str:
    """A file that is there and belongs to the last wave, "" without one: everything else was there before it."""
    late = [key for profile in table for key in profile.files if not key.endswith(".key")]
    return next((key for key in (*late, CLIENT_CA, *bootstrap.FILES) if key in files), "")


def _authorities(
    names: ClusterNames, files: Mapping[str, bytes], table: Iterable[Profile], now: datetime
) -> dict[Authority, Signer]:
    """Every authority: read where it is, made where nothing shows that there was one."""
    signers: dict[Authority, Signer] = {}
    for authority, place in AUTHORITIES.items():
        if place.certificate in files:
            signers[authority] = authorities.load(authority, files)
            continue
        below = [other.certificate for other in AUTHORITIES.values() if other.parent is authority]
        witness = _last(table, files) or next((key for key in below if key in files), "")
        if witness:
            raise authorities.lost(authority, place.certificate, witness)
        private = authorities.load_key(place.key, files[place.key]) if place.key in files else None
        parent = signers[place.parent] if place.parent else None
        signers[authority] = authorities.make(authority, names.environment, now, parent, private)
    return signers


def _authority_files(signers: Mapping[Authority, Signer], files: Mapping[str, bytes]) -> dict[str, bytes]:
    writes: dict[str, bytes] = {}
    for authority, signer in signers.items():
        place = AUTHORITIES[authority]
        if place.key not in files:
            writes[place.key] = keys.private_pem(signer.private)
        if place.certificate not in files:
            writes[place.certificate] = certificates.pem(signer.certificate)
    return writes


def _client_ca(signers: Mapping[Authority, Signer], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Who may have signed a client. One that is there has to hold all of them; it may hold earlier ones too."""
    wanted = client_ca(signers)
    if CLIENT_CA not in files:
        return {CLIENT_CA: certificates.pem(*wanted)}
    present = certificates.load_all(CLIENT_CA, files[CLIENT_CA])
    if set(wanted) - set(present):
        raise keys.foreign(
            CLIENT_CA,
            "it does not hold every certificate of kubernetes-ca and kubelet-signer-ca",
            f"Remove {CLIENT_CA}, here and in the bucket: it is made again from the two.",
        )
    return {}


def client_ca(signers: Mapping[Authority, Signer]) -> tuple[x509.Certificate, ...]:
    """The certificates of `CLIENT_CA`, in their order."""
    both = (Authority.KUBERNETES, Authority.KUBELET_SIGNER)
    return tuple(certificate for authority in both for certificate in signers[authority].trusted)


def _leaf(profile: Profile, files: Mapping[str, bytes], issuing: leaves.Issuing) -> dict[str, bytes]:
    """The absent files of one leaf, from what is there of it."""
    signer, trusted = issuing.signers[profile.authority], issuing.roots
    leaf = leaves.read(profile, files) or leaves.read_copy(profile, files)
    if leaf is not None:
        why = leaves.why_foreign(profile, leaf, signer.trusted, trusted)
        if why:
            raise keys.foreign(profile.place, why, f"Put the right file there, or: {renew(profile)}")
        if leaf.private is None:
            raise keys.foreign(
                profile.place, f"{profile.key} is missing", f"Fetch it again, or: {renew(profile)}"
            )
        why = leaves.why_foreign_copy(profile, leaf, files, trusted)
        if why:
            raise keys.foreign(profile.copy, why, f"Put the right file there, or: {renew(profile)}")
        certificate, private = leaf.certificate, leaf.private
    else:
        private = keys.load(profile.key, files[profile.key]) if profile.key in files else keys.generate()
        certificate = certificates.issue(profile, private.public_key(), signer, issuing.now)
    written = leaves.write(profile, issuing, certificate, private)
    return {key: data for key, data in written.items() if key not in files}


def renew(profile: Profile) -> str:
    """The command that makes a leaf anew."""
    return f"kubeplat certs renew {profile.name}"
