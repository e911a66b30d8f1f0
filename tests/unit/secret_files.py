"""Files as the bucket holds them, made for tests without the PKI's own code."""

from __future__ import annotations

import base64
import ipaddress
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 2, 14, 5, 9, tzinfo=UTC)
PEM = serialization.Encoding.PEM


@lru_cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(20261102, ec.SECP256R1())


def private_key(passphrase: bytes | None = None) -> bytes:
    """A key in PKCS#8, the same each time."""
    protection = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return _key().private_bytes(PEM, serialization.PrivateFormat.PKCS8, protection)


@lru_cache
def _signed(name: str, days: int, dns: tuple[str, ...], addresses: tuple[str, ...], authority: bool) -> bytes:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes-ca")])
    names: list[x509.GeneralName] = [x509.DNSName(one) for one in dns]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in addresses]
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(issuer if authority else subject)
        .issuer_name(issuer)
        .public_key(_key().public_key())
        .serial_number(0xA1B2C3D4E5)
        .not_valid_before(NOW - timedelta(days=300))
        .not_valid_after(NOW + timedelta(days=days, minutes=5 if days > 0 else -5))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    # RFC 6979: the same signature each time, so that pictures are the same.
    signed = builder.sign(_key(), hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(PEM)


def certificate(
    name: str,
    *,
    days: int = 300,
    dns: list[str] | None = None,
    addresses: list[str] | None = None,
    authority: bool = False,
) -> bytes:
    """A certificate that expires in `days` from `NOW`, the same bytes each time."""
    return _signed(name, days, tuple(dns or ()), tuple(addresses or ()), authority)


def kubeconfig(*, token: str = "", days: int = 300) -> bytes:
    """An admin's kubeconfig with its certificate and key, and a token where one is given."""

    def packed(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    return f"""\
apiVersion: v1
kind: Config
current-context: play-jest
clusters:
- name: play-jest
  cluster:
    server: https://kube.play.test:443
    certificate-authority-data: {packed(certificate("kubernetes-ca", days=3500, authority=True))}
contexts:
- name: play-jest
  context: {{cluster: play-jest, user: admin}}
users:
- name: admin
  user:
    client-certificate-data: {packed(certificate("admin", days=days))}
    client-key-data: {packed(private_key())}
{f"    token: {token}" if token else ""}
""".encode()
