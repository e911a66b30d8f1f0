"""A passphrase on the local ssh key: put on, taken off, never kept but in the system's keyring.

The key in the bucket stays as it is (KMS guards it there); only the file on this computer is under the passphrase.
Source: OpenSSH's PROTOCOL.key; the passphrase becomes a key by bcrypt, the cipher is AES-256-CTR.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = "locked/id_ed25519"
PUBLIC_KEY = "locked/id_ed25519.pub"
SHORTEST = 8
"""Characters of a passphrase."""

_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_NO_CIPHER = b"\0\0\0\4none"


def is_protected(data: bytes) -> bool:
    """Whether the private key is under a passphrase. Raises `KubeplatError` where it is no OpenSSH key."""
    lines = data.strip().splitlines()
    try:
        if not lines or lines[0].strip() != _BEGIN:
            raise ValueError
        body = base64.b64decode(b"".join(line.strip() for line in lines[1:-1]), validate=True)
        if not body.startswith(_MAGIC):
            raise ValueError
    except ValueError:
        raise _not_a_key() from None
    return not body.startswith(_MAGIC + _NO_CIPHER)


def protect(data: bytes, passphrase: str) -> bytes:
    """The same key under `passphrase`.

    Raises `InputError` for a passphrase that is too short and where the key has one already.
    """
    from cryptography.hazmat.primitives import serialization

    if is_protected(data):
        raise InputError(
            "The ssh key has a passphrase already.", todo="Take it off first: kubeplat ssh-key unprotect."
        )
    if len(passphrase) < SHORTEST:
        raise InputError(
            f"The passphrase has fewer than {SHORTEST} characters.",
            todo="Take a longer one. Nothing was changed.",
        )
    return _load(data, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )


def unprotect(data: bytes, passphrase: str) -> bytes:
    """The same key without a passphrase. Raises `InputError` where `passphrase` is not the right one, or none is on."""
    from cryptography.hazmat.primitives import serialization

    if not is_protected(data):
        raise InputError("The ssh key has no passphrase.", todo="Nothing was changed.")
    return _load(data, passphrase).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def fingerprint(public: str) -> str:
    """The fingerprint of a one-line public key, as `ssh-keygen -l` shows it: `SHA256:` and 43 characters."""
    try:
        blob = base64.b64decode(public.split()[1], validate=True)
    except (ValueError, IndexError):
        raise KubeplatError(
            f"{PUBLIC_KEY} is no public key in OpenSSH's form.",
            todo="Fetch it again: kubeplat fetch-secrets.",
        ) from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _load(data: bytes, passphrase: str | None) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        key = serialization.load_ssh_private_key(data, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase is None:
            raise _not_a_key() from None
        raise InputError("The passphrase is not right.", todo="Try again. Nothing was changed.") from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise _not_a_key()
    return key


def _not_a_key() -> KubeplatError:
    return KubeplatError(
        f"{KEY} is no ed25519 key in OpenSSH's form.",
        todo="Fetch it again: kubeplat fetch-secrets. It is never overwritten: machines may accept it.",
    )
