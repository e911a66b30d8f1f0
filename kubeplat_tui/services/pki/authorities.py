"""The certificate authorities: made once, read, and never replaced because a part of one is not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import certificates, keys
from kubeplat_tui.services.pki.profiles import AUTHORITIES, AUTHORITY_LIFETIME, Authority

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Signer:
    """An authority that can sign. `trusted`: every certificate in its file; two of them during a rotation."""

    authority: Authority
    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    trusted: tuple[x509.Certificate, ...]


def make(
    authority: Authority,
    environment: str,
    now: datetime,
    parent: Signer | None = None,
    private: ec.EllipticCurvePrivateKey | None = None,
) -> Signer:
    """A new authority: self-signed, or signed by `parent`, whose end it does not outlive. Ten years.

    With `private`, a certificate for a key that is there already: with the same name and the same key identifier, all
    that the key ever signed stays valid below it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    private = private or keys.generate()
    public = private.public_key()
    name = certificates.subject(authority, environment)
    begin, end = certificates.period(AUTHORITY_LIFETIME, now, parent.certificate if parent else None)
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    identifier = (
        certificates.authority_identifier(parent.certificate)
        if parent
        else x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    )
    length = AUTHORITIES[authority].path_length
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(parent.certificate.subject if parent else name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
        .add_extension(certificates.key_usage(authority=True), critical=True)
        .add_extension(own, critical=False)
        .add_extension(identifier, critical=False)
        .sign(parent.private if parent else private, hashes.SHA256())
    )
    return Signer(authority, certificate, private, (certificate,))


def trusted(authority: Authority, files: Mapping[str, bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates in an authority's file, () where it is absent. Raises `KubeplatError` for anything else."""
    key = AUTHORITIES[authority].certificate
    if key not in files:
        return ()
    found = certificates.load_all(key, files[key])
    if not all(certificates.is_authority(certificate) for certificate in found):
        raise keys.foreign(key, "it holds a certificate that is no authority's")
    return found


def load_key(key: str, data: bytes) -> ec.EllipticCurvePrivateKey:
    """An authority's private key. Raises `KubeplatError` where it is none, or no ECDSA key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    private = keys.load(key, data)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise keys.unreadable(key, "it is not an ECDSA key")
    return private


def load(authority: Authority, files: Mapping[str, bytes]) -> Signer:
    """An authority from its two files. Raises `KubeplatError` where one is absent, unreadable or foreign."""
    place = AUTHORITIES[authority]
    found = trusted(authority, files)
    if not found:
        raise lost(authority, place.certificate)
    if place.key not in files:
        raise lost(authority, place.key)
    private = load_key(place.key, files[place.key])
    own = next((certificate for certificate in found if certificates.fits(certificate, private)), None)
    if own is None:
        raise keys.foreign(place.key, f"no certificate in {place.certificate} is for this key")
    if place.parent is not None:
        roots = trusted(place.parent, files)
        if roots and not certificates.issued_by(own, *roots):
            raise keys.foreign(place.certificate, f"{AUTHORITIES[place.parent].certificate} did not sign it")
    return Signer(authority, own, private, found)


def lost(authority: Authority, key: str, because: str = "") -> KubeplatError:
    """The sentence for an authority of which a part is missing. `because` names what shows that it existed."""
    return KubeplatError(
        f"{key} is missing, although {because or 'the rest of ' + authority} is there.",
        why=f"A new {authority} would shut out every machine and person that trusts the old one; nothing was changed.",
        todo="Fetch it again (kubeplat fetch-secrets), or restore an earlier version of it in the bucket.",
    )
