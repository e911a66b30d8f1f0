"""Private keys: made, read, written as PEM, and compared with their public halves.

Certificates have ECDSA keys on P-256; service accounts RSA 2048, which every Kubernetes library verifies
(RS256); people's ssh Ed25519. PEM is PKCS#8 (RFC 5958), which Go reads for every kind; OpenSSH's own format for ssh.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

RSA_BITS = 2048
_OPENSSH = b"openssh-key-v1\0"


def unreadable(key: str, why: str) -> KubeplatError:
    """The sentence for a file of the bundle that is there but cannot be used."""
    return KubeplatError(
        f"{key} cannot be read: {why}.",
        why="Nothing was changed: a file that cannot be read is never replaced by a new one.",
        todo=f"Take the bucket's (kubeplat fetch-secrets --overwrite {key}), "
        "or restore an earlier version of it there.",
    )


def foreign(key: str, why: str, todo: str = "") -> KubeplatError:
    """The sentence for a file of the bundle that can be read, but does not belong to the others."""
    return KubeplatError(
        f"{key} does not belong here: {why}.",
        why="Nothing was changed.",
        todo=todo
        or "Put the right file there: fetch it again, or restore an earlier version of it in the bucket.",
    )


def generate() -> ec.EllipticCurvePrivateKey:
    """A new key for a certificate: ECDSA on P-256."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def generate_rsa() -> rsa.RSAPrivateKey:
    """A new key that service accounts' tokens are signed with."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def private_pem(private: PrivateKey) -> bytes:
    """The key as unencrypted PKCS#8 PEM, as the control plane reads it."""
    from cryptography.hazmat.primitives import serialization

    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(public: PublicKeyTypes) -> bytes:
    """A public key as PEM (SubjectPublicKeyInfo); the same key always gives the same bytes."""
    from cryptography.hazmat.primitives import serialization

    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def load(key: str, data: bytes) -> PrivateKey:
    """The private key in the file `key`. Raises `KubeplatError` where it is none, or not of a kind in use here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        # The numbers of an RSA key are not proved to be prime: that takes 30 ms, and its public half is compared.
        loaded = serialization.load_pem_private_key(data, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise unreadable(key, "it is no private key in PEM without a passphrase") from None
    if not isinstance(loaded, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise unreadable(key, "it is neither an ECDSA nor an RSA key")
    return loaded


def load_public(key: str, data: bytes) -> list[bytes]:
    """Every public key in the file, each as `public_pem` writes it. Raises `KubeplatError` where there is none.

    kube-apiserver reads several from one file (`--service-account-key-file`), which a rotation needs.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    end = b"-----END PUBLIC KEY-----"
    blocks = [block + end for block in data.split(end)[:-1]]
    try:
        found = [public_pem(serialization.load_pem_public_key(block)) for block in blocks]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = []
    if not found:
        raise unreadable(key, "it is no public key in PEM")
    return found


def generate_ssh() -> bytes:
    """A new Ed25519 key in OpenSSH's format, without a passphrase."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def ssh_public(key: str, data: bytes) -> str:
    """The public half (`ssh-ed25519 AAAA…`) of the OpenSSH key in the file `key`, under a passphrase or not.

    Source: OpenSSH's PROTOCOL.key: the public half lies in front of the encrypted part. Raises `KubeplatError`
    where it is no Ed25519 key in that format.
    """
    lines = data.strip().splitlines()
    framed = (
        len(lines) > 2 and lines[0] == b"-----BEGIN OPENSSH PRIVATE KEY-----" and b"-----END" in lines[-1]
    )
    try:
        body = base64.b64decode(b"".join(lines[1:-1]), validate=True) if framed else b""
    except binascii.Error:
        body = b""
    blob = _ssh_blob(body)
    if blob is None:
        raise unreadable(key, "it is no OpenSSH private key")
    kind = b"ssh-ed25519"
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind):
        raise unreadable(key, "it is not an ed25519 key")
    return f"{kind.decode()} {base64.b64encode(blob).decode()}"


def _ssh_blob(body: bytes) -> bytes | None:
    """The public key in the decoded file: after cipher, key derivation and its options, and the number of keys."""
    if not body.startswith(_OPENSSH):
        return None
    position = len(_OPENSSH)
    fields: list[bytes] = []
    for number in range(4):
        if number == 3:
            position += 4  # how many keys follow: one
        length = int.from_bytes(body[position : position + 4], "big")
        position += 4
        if position + length > len(body):
            return None
        fields.append(body[position : position + length])
        position += length
    return fields[3] or None
