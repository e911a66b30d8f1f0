"""X.509 certificates: issued, read, and looked at. Leaves have ECDSA keys and are valid for what the table says."""

from __future__ import annotations

import ipaddress
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.pki.profiles import Usage

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from kubeplat_tui.services.pki.authorities import Signer
    from kubeplat_tui.services.pki.profiles import Profile

BACKDATED = timedelta(minutes=5)
"""How long before now a certificate begins: clocks differ."""


def in_pem(data: bytes) -> list[x509.Certificate]:
    """Every certificate in `data`; their parts are not decoded yet. Raises `ValueError` where there is none.

    Those that break a rule of RFC 5280 are read too, and without the warning that would go to the terminal.
    """
    from cryptography import x509
    from cryptography.utils import CryptographyDeprecationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(data)


def load_all(key: str, data: bytes) -> tuple[x509.Certificate, ...]:
    """Every certificate in the file `key`, in order. Raises `KubeplatError` for none, or a broken one."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = tuple(in_pem(data))
        for each in found:
            # They are decoded when they are asked for: here, so that nobody else meets a broken one.
            _ = each.public_key(), each.subject, each.issuer, each.extensions
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise keys.unreadable(key, "it is no certificate in PEM") from None
    return found


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates as PEM, one after the other."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def subject(common_name: str, organization: str = "") -> x509.Name:
    """A subject with an organization (Kubernetes: the group) and a common name (the user)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    profile: Profile, public: CertificatePublicKeyTypes, signer: Signer, now: datetime
) -> x509.Certificate:
    """A leaf for `public` by the table. It never outlives its issuer; raises `KubeplatError` where that has expired."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    oids = {Usage.SERVER: ExtendedKeyUsageOID.SERVER_AUTH, Usage.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH}
    begin, end = period(profile.lifetime, now, signer.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject(profile.common_name, profile.organization))
        .issuer_name(signer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([oids[usage] for usage in profile.usages]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority_identifier(signer.certificate), critical=False)
    )
    names = [
        *(x509.DNSName(name) for name in profile.dns),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in profile.addresses),
    ]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer.private, hashes.SHA256())


def key_usage(*, authority: bool) -> x509.KeyUsage:
    """What the key signs (RFC 5280, 4.2.1.3): certificates and revocations, or handshakes. ECDSA encrypts nothing."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def authority_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Which key of the issuer signed: two authorities of one name, as in a rotation, are told apart by it."""
    from cryptography import x509

    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type] # its key has signed
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def period(
    lifetime: timedelta, now: datetime, issuer: x509.Certificate | None = None
) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of a certificate made now. Raises `KubeplatError` where its issuer has expired."""
    begin = now - BACKDATED
    if issuer is None:
        return begin, begin + lifetime
    if issuer.not_valid_after_utc <= now:
        name = common_name(issuer)
        raise KubeplatError(
            f"{name} expired on {issuer.not_valid_after_utc:%Y-%m-%d}: it can sign nothing any more.",
            todo=f"Replace it: kubeplat certs rotate-ca {name}",
        )
    return begin, min(begin + lifetime, issuer.not_valid_after_utc)


def common_name(certificate: x509.Certificate) -> str:
    """The common name of its subject, "" without one."""
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def fits(certificate: x509.Certificate, private: keys.PrivateKey) -> bool:
    """Whether the certificate is for this private key."""
    return keys.public_pem(certificate.public_key()) == keys.public_pem(private.public_key())


def issued_by(certificate: x509.Certificate, *issuers: x509.Certificate) -> bool:
    """Whether one of `issuers` signed it, by name and by signature. Its dates are not looked at."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            continue
        return True
    return False


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign certificates (basic constraints)."""
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names, then the addresses, that it is for, in their order."""
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def usages_in(certificate: x509.Certificate) -> frozenset[Usage]:
    """For which ends of a connection it may be used."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        found = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return frozenset()
    oids = {ExtendedKeyUsageOID.SERVER_AUTH: Usage.SERVER, ExtendedKeyUsageOID.CLIENT_AUTH: Usage.CLIENT}
    return frozenset(usage for oid, usage in oids.items() if oid in found)
