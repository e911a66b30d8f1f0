"""Certificates and keys in words: what a person asks of them, without their bodies."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from kubeplat_tui.services import ssh_wire
from kubeplat_tui.services.pki.profiles import warned_before
from kubeplat_tui.services.secrets.preview_model import (
    Kind,
    Line,
    Preview,
    Role,
    Value,
    fields,
    heading,
    line,
    problem,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

MOST = 50
"""Certificates of one file that are decoded."""
_BLOCK = re.compile(
    r"^-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----(?:[^-]++|-(?!----))*+(?:-----END (?P=label)-----)?",
    re.MULTILINE,
)
Rows = list[tuple[str, str | tuple[str, Role]]]


def blocks(text: str) -> list[tuple[str, str]]:
    """The PEM blocks (RFC 7468) that begin at a line's start, cut off ones too: label and the whole block."""
    return [(found["label"], found.group()) for found in _BLOCK.finditer(text)]


# --- certificates ---------------------------------------------------------------------------------


def certificates(text: str, now: datetime) -> Preview:
    """A certificate, or a chain of them, decoded."""
    lines: list[Line] = []
    values: list[Value] = []
    found = [block for label, block in blocks(text) if label == "CERTIFICATE"]
    for number, block in enumerate(found[:MOST], start=1):
        if lines:
            lines.append(line())
        if len(found) > 1:
            lines.append(heading(f"Certificate {number} of {len(found)}"))
        of = f" {number}" if len(found) > 1 else ""
        certificate = load(block)
        if certificate is None:
            lines.append(problem("This block is no certificate that can be read."))
            continue
        lines += fields(facts(certificate, now))
        values.append(Value(f"fingerprint{of} (SHA-256)", fingerprint(certificate)))
        values.append(Value(f"certificate{of} (PEM)", f"{block}\n"))
    if len(found) > MOST:
        lines.append(line((f"… {len(found) - MOST} more certificates", Role.QUIET)))
    title = f"{len(found)} certificates" if len(found) > 1 else "certificate"
    return Preview(Kind.CERTIFICATE, title, tuple(lines), tuple(values))


def load(pem: str | bytes) -> x509.Certificate | None:
    """The first certificate of a PEM text; None where there is none that can be read. Never raises."""
    from cryptography import x509

    try:
        loaded = x509.load_pem_x509_certificate(pem if isinstance(pem, bytes) else pem.encode())
        # The rest is decoded when it is asked for: whatever is wrong with it shows here.
        facts(loaded, loaded.not_valid_before_utc)
    except Exception:  # noqa: BLE001 - each fault of a certificate has an exception of its own, and any may come
        return None
    return loaded


def facts(certificate: x509.Certificate, now: datetime) -> Rows:
    """What a certificate says, in a fixed order: name and value."""
    from kubeplat_tui.services.pki.certificates import is_authority, names_in

    rows: Rows = [
        ("subject", name(certificate.subject)),
        (
            "issuer",
            name(certificate.issuer) + (" (itself)" if certificate.subject == certificate.issuer else ""),
        ),
        ("from", f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"),
        ("until", f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"),
        ("", validity(certificate, now)),
    ]
    names = names_in(certificate)
    rows += [("names" if number == 0 else "", each) for number, each in enumerate(names[:100])]
    rows += [
        ("usages", ", ".join(usages(certificate)) or "any"),
        ("authority", "yes: it signs certificates" if is_authority(certificate) else "no"),
        ("key", key_type(certificate.public_key())),
        ("serial", f"{certificate.serial_number:x}"),
        ("SHA-256", fingerprint(certificate)),
    ]
    return rows


def name(subject: x509.Name) -> str:
    """A distinguished name as people write it: `O = system:masters, CN = admin`."""
    parts = [f"{part.rfc4514_attribute_name} = {part.value!s}" for part in subject]
    return ", ".join(parts) or "(empty)"


def validity(certificate: x509.Certificate, now: datetime) -> tuple[str, Role]:
    """How long it is valid still, in days, with a mark."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    days = abs(end - now).days
    count = f"{days} day{'' if days == 1 else 's'}"
    if now >= end:
        return f"✖ expired {count} ago", Role.BAD
    if now < begin:
        return f"✖ not valid yet: clocks differ by {begin - now}", Role.BAD
    if end - now < warned_before(end - begin):
        return f"▲ expires in {count}", Role.WARNING
    return f"✔ valid for {count}", Role.GOOD


def usages(certificate: x509.Certificate) -> list[str]:
    """What it may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    words = {
        ExtendedKeyUsageOID.SERVER_AUTH: "TLS server",
        ExtendedKeyUsageOID.CLIENT_AUTH: "TLS client",
        ExtendedKeyUsageOID.CODE_SIGNING: "code signing",
    }
    found = []
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage):
            flags = ("digital_signature", "key_encipherment", "data_encipherment", "key_agreement")
            found += [
                flag.replace("_", " ")
                for flag in (*flags, "key_cert_sign", "crl_sign")
                if getattr(value, flag)
            ]
        elif isinstance(value, x509.ExtendedKeyUsage):
            found += [words.get(usage, usage.dotted_string) for usage in value]
    return found[:40]


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, as openssl writes it."""
    from cryptography.hazmat.primitives import hashes

    return _pairs(certificate.fingerprint(hashes.SHA256()))


def key_type(key: object) -> str:
    """A key's algorithm and size: `ECDSA P-256`."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return f"ECDSA {_CURVES.get(key.curve.name, key.curve.name)}"
    if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return f"RSA {key.key_size} bit"
    if isinstance(key, ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey):
        return "Ed25519"
    return type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


# --- keys -----------------------------------------------------------------------------------------


def private_key(text: str, now: datetime) -> Preview:
    """What a file with a private key says without its body; certificates in the same file too."""
    found = blocks(text)
    lines: list[Line] = []
    values: list[Value] = []
    for label, block in found[:MOST]:
        if lines:
            lines.append(line())
        if label.endswith("PRIVATE KEY"):
            rows, copies = _private(label, block)
            lines += fields(rows)
            values += copies
        elif label == "CERTIFICATE" and (certificate := load(block)) is not None:
            lines += [heading("Certificate"), *fields(facts(certificate, now))]
            values.append(Value("certificate (PEM)", f"{block}\n"))
    return Preview(Kind.PRIVATE_KEY, "private key", tuple(lines), tuple(values), hides=True)


def _private(label: str, block: str) -> tuple[Rows, list[Value]]:
    copy = Value("private key (PEM)", f"{block}\n", secret=True)
    if label == "OPENSSH PRIVATE KEY":
        blob, cipher = _openssh(block)
        if not blob:
            return [("private key", ("✖ it cannot be read", Role.BAD))], [copy]
        print_of = ssh_wire.fingerprint(blob)
        rows: Rows = [
            ("private key", f"OpenSSH, {_ssh_type(blob)}"),
            ("protected", "no" if cipher == "none" else f"by a passphrase ({cipher})"),
            ("fingerprint", print_of),
        ]
        return rows, [Value("fingerprint", print_of), Value("public key", _ssh_line(blob)), copy]
    from cryptography.hazmat.primitives import serialization

    try:
        key = serialization.load_pem_private_key(block.encode(), None, unsafe_skip_rsa_key_validation=True)
        words = key_type(key)
    except TypeError:
        return [("private key", label.title()), ("protected", "by a passphrase")], [copy]
    except Exception:  # noqa: BLE001 - what cannot be parsed has many exceptions, and any may come
        return [("private key", ("✖ it cannot be read", Role.BAD))], [copy]
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    print_of = public_fingerprint(public.decode())
    form = "PKCS#8" if label == "PRIVATE KEY" else label.removesuffix(" PRIVATE KEY")
    rows = [
        ("private key", f"{words} ({form})"),
        ("protected", "no"),
        ("public half", f"SHA-256 {print_of}"),
    ]
    return rows, [
        Value("fingerprint of the public half", print_of),
        Value("public key (PEM)", public.decode()),
        copy,
    ]


def public_key(text: str) -> Preview:
    """Public keys in PEM."""
    lines: list[Line] = []
    values: list[Value] = []
    found = [block for label, block in blocks(text) if label.endswith("PUBLIC KEY")]
    for block in found[:MOST]:
        if lines:
            lines.append(line())
        words = public_fact(block)
        if words is None:
            lines.append(problem("This block is no public key that can be read."))
            continue
        print_of = public_fingerprint(block)
        lines += fields([("public key", words), ("SHA-256", print_of)])
        values.append(Value("fingerprint (SHA-256)", print_of))
    return Preview(Kind.PUBLIC_KEY, "public key", tuple(lines), tuple(values))


def public_fact(block: str) -> str | None:
    """Algorithm and size of a public key in PEM; None where it cannot be read. Never raises."""
    from cryptography.hazmat.primitives import serialization

    try:
        return key_type(serialization.load_pem_public_key(block.encode()))
    except Exception:  # noqa: BLE001 - what cannot be parsed has many exceptions, and any may come
        return None


def public_fingerprint(pem: str) -> str:
    """SHA-256 of the public key's DER (SubjectPublicKeyInfo), the same for a key and its public half."""
    return _pairs(hashlib.sha256(_body(pem)).digest())


def ssh_public(text: str) -> Preview:
    """Public ssh keys, one a line (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""
    lines: list[Line] = []
    values: list[Value] = []
    for row in text.splitlines()[:MOST]:
        parts = row.split(None, 2)
        blob = ssh_blob(row)
        if not blob:
            if row.strip():
                lines.append(problem("This line is no ssh key that can be read."))
            continue
        comment = parts[2] if len(parts) > 2 else ""
        print_of = ssh_wire.fingerprint(blob)
        lines += fields([("ssh key", _ssh_type(blob)), ("comment", comment), ("fingerprint", print_of)])
        values += [Value("public key", row), Value("fingerprint", print_of)]
    return Preview(Kind.SSH_PUBLIC, "ssh public key", tuple(lines), tuple(values))


def ssh_blob(row: str) -> bytes:
    """The key in a line of a `.pub` file; b"" where it is none. The key says its own type, which must be the line's."""
    parts = row.split(None, 2)
    blob = _base64(parts[1]) if len(parts) > 1 else b""
    return blob if blob and _ssh_type(blob) == parts[0] else b""


def _openssh(block: str) -> tuple[bytes, str]:
    """Public key and cipher of an OpenSSH private key (OpenSSH's PROTOCOL.key); ("", "") where it is none."""
    data = _body(block)
    magic = b"openssh-key-v1\0"
    parts: list[bytes] = []
    at = len(magic)
    for number in range(4):
        at += 4 if number == 3 else 0  # how many keys follow
        size = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if not data.startswith(magic) or at > len(data):
        return b"", ""
    return parts[3], parts[0].decode("ascii", "replace")


def _ssh_type(blob: bytes) -> str:
    size = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + min(size, 60)].decode("ascii", "replace")


def _ssh_line(blob: bytes) -> str:
    return f"{_ssh_type(blob)} {base64.b64encode(blob).decode()}"


def _body(pem: str) -> bytes:
    return _base64("".join(row for row in pem.splitlines() if "-----" not in row and ":" not in row))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _pairs(digest: bytes) -> str:
    return ":".join(f"{byte:02X}" for byte in digest)
