"""Looks for private material where none may be: in states, plans, journals, logs, arguments, temporary files.

What is looked for is the secret part itself, in every form in which it is usually written down: as it is, in hex, and
in base64 wherever it begins in what was encoded (a kubeconfig in a plan, a state in an archive's member).
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

SHORTEST = 12
"""Bytes: a shorter value could be anywhere by chance."""

LARGEST = 64 << 20
"""Bytes of a file that is looked into: nothing that kubeplat or Terraform write down is larger."""

_PEM = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\s+(.+?)\s+-----END \1-----", re.DOTALL)
_EMBEDDED = re.compile(rb"client-key-data[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/]+={0,2})")
_VALUES = (
    re.compile(rb"token-secret[\"']?[ \t]*:[ \t]*[\"']?([a-z0-9]{16})"),
    re.compile(rb"\btoken[\"']?[ \t]*:[ \t]*[\"']?[a-z0-9]{6}\.([a-z0-9]{16})"),
    re.compile(rb"\bsecret[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/]{43}=)"),
)
"""A bootstrap token in its Secret and in a kubeconfig; a key of the encryption configuration."""


@dataclass(frozen=True, slots=True)
class Needle:
    """One form of a secret part, and the file that it belongs to."""

    key: str
    form: bytes


def needles(files: Mapping[str, bytes], also: Mapping[str, str] | None = None) -> list[Needle]:
    """What to look for: the private material of `files` (by their keys), and other secrets by a name each."""
    values = [(key, value) for key, data in files.items() for value in _private(data)]
    values += [(name, text.encode()) for name, text in (also or {}).items()]
    found = {form: key for key, value in values for form in forms(value)}
    return [Needle(key, form) for form, key in found.items()]


def forms(value: bytes) -> set[bytes]:
    """How `value` may be written: as it is, in hex, in base64 from each of the three places it may begin at."""
    found = {value, value.hex().encode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + value).rstrip(b"=")
        # The first and the last characters also hold bits of what stands beside it.
        found.add(encoded[(0, 2, 3)[before] : len(encoded) - (1 if (before + len(value)) % 3 else 0)])
    return {form for form in found if len(form) >= SHORTEST}


def leaked(places: Iterable[tuple[str, bytes]], wanted: Iterable[Needle]) -> list[str]:
    """Where any of it was found, as `KEY in PLACE`; each pair once."""
    wanted = list(wanted)
    return sorted(
        {f"{needle.key} in {place}" for place, data in places for needle in wanted if needle.form in data}
    )


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The file at `path` (nothing where it is gone or too large); of an archive the members too: a plan is one."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return
        data = path.read_bytes()
    except OSError:
        return
    yield str(path), data
    yield from members(str(path), data)


def members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The members of a zip archive; nothing where `data` is none."""
    if not data.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield f"{name}:{member}", archive.read(member)
    except zipfile.BadZipFile:
        return


def _private(data: bytes) -> Iterator[bytes]:
    """The secret parts of a file of the bundle."""
    for match in _PEM.finditer(data):
        yield from _of_pem(match[0], match[2])
    for match in _EMBEDDED.finditer(data):
        for value in _private(base64.b64decode(match[1])):
            yield value
            # The whole kubeconfig may be encoded once more.
            yield from (form for form in forms(value) if form in match[1])
    for pattern in _VALUES:
        for match in pattern.finditer(data):
            yield match[1]
            if match[1].endswith(b"="):
                yield base64.b64decode(match[1])


def _of_pem(pem: bytes, body: bytes) -> Iterator[bytes]:
    """The private number of a key, and the lines of its PEM that hold most of it: public parts are no secret."""
    number = _number(pem)
    lines = body.split()
    at = base64.b64decode(b"".join(lines)).find(number)
    yield number
    if at < 0:
        return
    first, last = at * 4 // 3, (at + len(number)) * 4 // 3
    begin = 0
    for line in lines:
        if min(last, begin + len(line)) - max(first, begin) >= SHORTEST:
            yield line
        begin += len(line)


def _number(pem: bytes) -> bytes:
    """The private value: an elliptic curve's number, a seed, a prime (big-endian, as DER has them)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if b"OPENSSH" in pem:
        private: object = serialization.load_ssh_private_key(pem, None)
    else:
        private = serialization.load_pem_private_key(pem, None)
    match private:
        case ec.EllipticCurvePrivateKey():
            return private.private_numbers().private_value.to_bytes((private.key_size + 7) // 8, "big")
        case rsa.RSAPrivateKey():
            prime = private.private_numbers().p
            return prime.to_bytes((prime.bit_length() + 7) // 8, "big")
        case ed25519.Ed25519PrivateKey():
            return private.private_bytes_raw()
        case _:
            raise TypeError(type(private).__name__)
