"""The certificates inside a file in words that programs read: PEM, DER, or embedded in a kubeconfig."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kubeplat_tui.services.pki import certificates

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
_EMBEDDED = re.compile(
    rb"(?:certificate-authority|client-certificate)-data[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/]+={0,2})"
)
_DER = b"\x30\x82"
"""A SEQUENCE of 256 bytes and more (ITU-T X.690): how every certificate in DER begins."""


@dataclass(frozen=True, slots=True)
class CertificateText:
    """What a certificate says. Times UTC, `days` left (negative: passed), `serial` and `sha256` in hex.

    `names` are its DNS names and addresses, `usages` `server` and `client`.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    days: int
    names: tuple[str, ...]
    usages: tuple[str, ...]
    authority: bool
    key: str
    sha256: str


def described(data: bytes, now: datetime) -> list[CertificateText]:
    """Every certificate in `data` that can be read, in its order; [] where there is none. Never raises."""
    from kubeplat_tui.services.secrets.preview_certificates import load

    found = [load(block) for block in _blocks(as_pem(data))]
    return [_described(each, now) for each in found if each is not None]


def as_pem(data: bytes) -> bytes:
    """`data`, a certificate in DER turned into PEM (RFC 7468); everything else as it is."""
    if not data.startswith(_DER):
        return data
    from cryptography import x509

    try:
        return certificates.pem(x509.load_der_x509_certificate(data))
    except ValueError:
        return data


def _blocks(data: bytes) -> list[bytes]:
    found = _BLOCK.findall(data)
    for embedded in _EMBEDDED.findall(data):
        try:
            found += _BLOCK.findall(base64.b64decode(embedded, validate=True))
        except binascii.Error:
            continue  # what is no base64 holds no certificate
    return found


def _described(certificate: x509.Certificate, now: datetime) -> CertificateText:
    from cryptography.hazmat.primitives import hashes

    from kubeplat_tui.services.secrets.preview_certificates import key_type

    end = certificate.not_valid_after_utc
    return CertificateText(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=end,
        days=(end - now) // timedelta(days=1),
        names=certificates.names_in(certificate),
        usages=tuple(sorted(usage.value for usage in certificates.usages_in(certificate))),
        authority=certificates.is_authority(certificate),
        key=key_type(certificate.public_key()),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )
