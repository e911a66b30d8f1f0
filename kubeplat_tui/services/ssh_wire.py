"""The little of SSH's wire format that is used here by hand: strings, and the fingerprint of a key."""

from __future__ import annotations

import base64
import hashlib


def string(data: bytes) -> bytes:
    """RFC 4251, 5: a length and as many bytes."""
    return len(data).to_bytes(4, "big") + data


def take(data: bytes) -> tuple[bytes, bytes]:
    """The first string of `data`, and the rest. Raises `ValueError` where it is cut off."""
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length or len(data) < 4:
        raise ValueError("a string is cut off")
    return data[4 : 4 + length], data[4 + length :]


def fingerprint(blob: bytes) -> str:
    """Of a public key in its wire form, as `ssh-keygen -l` shows it: `SHA256:` and 43 characters."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
