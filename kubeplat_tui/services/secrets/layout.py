"""How the secrets bucket is laid out: what lies where, who may read it, and what belongs to the working copy.

The prefixes are those that the system's users know; `terraform/modules/iam/secrets.tf` opens them to the machines'
roles, and says no to `locked/` for every one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from kubeplat_tui.services.errors import InputError

COMMON = "common"
SECURE = "secure"
COMPUTE = "compute"
LOCKED = "locked"
MANIFESTS = "manifests"
ADDONS = "addons"

PEOPLE = "people"
"""Whoever may read the whole bucket: nobody of the machines."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A top-level folder of the bucket. `readers`: the layers whose machines may read it."""

    name: str
    readers: tuple[str, ...]
    holds: str


PREFIXES = (
    Prefix(COMMON, ("secure", "compute"), "certificates of the authorities, kube-proxy's kubeconfig"),
    Prefix(
        SECURE, ("secure",), "etcd's and the API's certificates and keys, tokens, control-plane kubeconfigs"
    ),
    Prefix(COMPUTE, ("compute",), "the workers' bootstrap kubeconfig"),
    Prefix(LOCKED, (), "the authorities' keys, the ssh key pair, the admin's kubeconfig"),
    Prefix(MANIFESTS, ("secure", "compute"), "manifests, by layer"),
    Prefix(ADDONS, ("secure",), "what the masters apply to the cluster"),
)

MACHINES_OWN = ("boot", "etcd", "status")
"""Prefixes that are no part of the working copy: the boot bundle, and what the machines write themselves."""

_USUAL = re.compile(r"(?:[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]*/)*[A-Za-z0-9_@+=-][A-Za-z0-9._@+=-]*")
"""Keys of which a look tells that they can be files: there may be ten thousand."""


def synced(key: str) -> bool:
    """Whether an object belongs to the working copy."""
    return key.partition("/")[0] not in MACHINES_OWN


def readers(key: str) -> tuple[str, ...]:
    """The layers whose machines may read `key` (`manifests/` is by layer again); () where only people may."""
    first, _, rest = key.partition("/")
    if first == MANIFESTS:
        layer = rest.partition("/")[0]
        return ("secure", "compute") if layer == COMMON else (layer,) if layer in {SECURE, COMPUTE} else ()
    return next((prefix.readers for prefix in PREFIXES if prefix.name == first), ())


def checked_key(key: str) -> str:
    """`key`, which must be a path that can be a file below the working copy.

    Raises `InputError` for an absolute path, `..`, an empty part, a control character or a name that is too long.
    """
    if len(key) < 256 and _USUAL.fullmatch(key):
        return key
    parts = key.split("/")
    bad = (
        not key
        or any(part in {"", ".", ".."} or len(part.encode()) > 255 for part in parts)
        or any(ord(letter) < 32 or letter in "\\\x7f" for letter in key)
        or PurePosixPath(key).is_absolute()
        or len(key.encode()) > 1024
    )
    if bad:
        raise InputError(
            f"{key!r} cannot be a file of the working copy.",
            why="A key is a path of names with / between them, without .. and control characters.",
            todo="Rename the object, or leave it to the bucket: kmsctl handles every name.",
        )
    return key
