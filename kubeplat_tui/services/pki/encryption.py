"""Encryption at rest: the configuration that the API servers encrypt Secrets in etcd with, and its key's rotation.

Source: Kubernetes' "Encrypting Confidential Data at Rest" and "Rotate a decryption key": the first key encrypts, every
key decrypts. API servers read a changed file by themselves (measured: 55 s). Without the key the Secrets are lost.

A rotation has three steps, and between them the masters have to follow: ADD puts a new key second, so that every API
server can read what it will encrypt; PROMOTE puts it first; once every Secret was written again, DROP takes the old
one away. The file itself tells which step is next: keys are numbered, and the higher number is the newer key.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kubeplat_tui.services.pki import keys, yaml_text

KEY = "secure/encryption-config.yaml"
KEY_BYTES = 32
"""Of secretbox: XSalsa20 and Poly1305."""

_NUMBERED = re.compile(r"key([1-9][0-9]{0,5})", re.ASCII)


class EncryptionStep(StrEnum):
    """A step of the rotation, named after what it does."""

    ADD = "add"
    PROMOTE = "promote"
    DROP = "drop"


DOES = {
    EncryptionStep.ADD: "A new key is put second: API servers can read with it, none writes with it yet.",
    EncryptionStep.PROMOTE: "The new key is put first: API servers write with it, and read with the old one still.",
    EncryptionStep.DROP: "The old key is taken away: a Secret that was not written again can be read no more.",
}
WAIT = {
    EncryptionStep.ADD: (
        "Every master has fetched the file, and two minutes have passed: each API server has to be able to read with "
        "the new key before one of them writes with it.",
    ),
    EncryptionStep.PROMOTE: (
        "Every master has fetched the file, and two minutes have passed.",
        "Every Secret was written again: kubectl get secrets --all-namespaces -o json | kubectl replace -f -",
        "No backup of etcd from before that is needed any more: it cannot be read without the old key.",
    ),
    EncryptionStep.DROP: (),
}
"""What has to happen after a step, before the next one is taken."""


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """One key: its name in the file, and its 32 bytes."""

    name: str
    secret: bytes = field(repr=False)

    @property
    def number(self) -> int:
        """N of `keyN`, 0 for another name."""
        found = _NUMBERED.fullmatch(self.name)
        return int(found.group(1)) if found else 0


def make() -> bytes:
    """A new configuration: Secrets are encrypted with a new key, and those from before can still be read."""
    provider = {"secretbox": {"keys": [_entry("key1")]}}
    return yaml_text.dump(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": [provider, {"identity": {}}]}],
        }
    )


def check(data: bytes) -> None:
    """Raise `KubeplatError` where the configuration cannot be read, or would leave Secrets unencrypted."""
    parse(data)


def parse(data: bytes) -> tuple[EncryptionKey, ...]:
    """The keys, the one that encrypts first. Raises `KubeplatError` as `check` does."""
    entries = _entries(_document(data))
    found = tuple(map(_key, entries))
    if len({key.name for key in found}) < len(found):
        raise keys.unreadable(KEY, "two of its keys have one name")
    return found


def next_step(data: bytes) -> EncryptionStep:
    """Which step of a rotation comes next; ADD where none is under way. Raises `KubeplatError` as `parse` does."""
    found = parse(data)
    if len(found) == 1:
        return EncryptionStep.ADD
    if len(found) > 2 or found[0].number == found[1].number:
        raise keys.unreadable(
            KEY, "it cannot be seen which of its keys is the newest one: call them key1 and key2"
        )
    return EncryptionStep.PROMOTE if found[0].number < found[1].number else EncryptionStep.DROP


def before(doing: EncryptionStep) -> tuple[str, ...]:
    """What has to have happened before a step is taken; () before the first."""
    steps = list(EncryptionStep)
    return WAIT[steps[steps.index(doing) - 1]] if doing is not steps[0] else ()


def step(data: bytes) -> tuple[bytes, EncryptionStep]:
    """The file after the next step, and which step that was. Raises `KubeplatError` as `next_step` does."""
    doing = next_step(data)
    document = _document(data)
    entries = _entries(document)
    match doing:
        case EncryptionStep.ADD:
            entries.append(_entry(f"key{_key(entries[0]).number + 1}"))
        case EncryptionStep.PROMOTE:
            entries.reverse()
        case EncryptionStep.DROP:
            del entries[1]
    return yaml_text.dump(document), doing


def _entry(name: str) -> dict[str, str]:
    return {"name": name, "secret": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}


def _document(data: bytes) -> Any:
    try:
        return yaml_text.load(data)
    except ValueError as error:
        raise keys.unreadable(KEY, str(error)) from None


def _entries(document: Any) -> list[Any]:
    """The list of keys inside `document`, to be changed in place: of the one provider that encrypts Secrets."""
    if not isinstance(document, Mapping) or document.get("kind") != "EncryptionConfiguration":
        raise keys.unreadable(KEY, "it is no EncryptionConfiguration")
    rules = _mappings(document.get("resources"))
    providers = [
        provider
        for rule in rules
        if "secrets" in _listed(rule.get("resources"))
        for provider in _mappings(rule.get("providers"))
    ]
    if not providers or "secretbox" not in providers[0]:
        raise keys.unreadable(KEY, "its first provider for Secrets is not secretbox")
    if sum("secretbox" in provider for rule in rules for provider in _mappings(rule.get("providers"))) > 1:
        raise keys.unreadable(KEY, "it has more than one secretbox provider")
    secretbox = providers[0]["secretbox"]
    entries = secretbox.get("keys") if isinstance(secretbox, Mapping) else None
    if not isinstance(entries, list) or not entries:
        raise keys.unreadable(KEY, "its secretbox provider has no keys")
    return entries


def _listed(items: Any) -> list[Any]:
    return items if isinstance(items, list) else []


def _mappings(items: Any) -> list[Mapping[str, Any]]:
    return [item for item in _listed(items) if isinstance(item, Mapping)]


def _key(entry: Any) -> EncryptionKey:
    name, secret = (entry.get("name"), entry.get("secret")) if isinstance(entry, Mapping) else (None, None)
    try:
        raw = base64.b64decode(str(secret), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not isinstance(name, str) or not name or len(raw) != KEY_BYTES:
        raise keys.unreadable(KEY, f"one of its keys is not a name and {KEY_BYTES} bytes in base64")
    return EncryptionKey(name, raw)
