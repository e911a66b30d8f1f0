"""What may be edited by hand, and what is wrong with it afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1024 * 1024
"""Bytes of a file that a person edits."""
RENEW = "kubeplat certs renew makes a new key with its certificate, kubeplat certs rotate-ca a new authority."
ENCRYPTION = "secure/encryption-config.yaml"
ROTATION = "locked/rotation.json"


def refusal(key: str, data: bytes) -> str:
    """Why the file is not edited by hand, in a sentence; "" where it may be."""
    from kubeplat_tui.services.secrets.preview import text_of

    if len(data) > LIMIT:
        return f"{key} is larger than 1 MiB: it is not edited here."
    text = text_of(data)
    if text is None:
        return f"{key} is no text: it is not edited here."
    if key == ROTATION:
        return f"{key} is kept by a rotation under way: kubeplat certs rotate-ca goes on with it."
    what = _owned(key, text)
    return f"{key} {what}: it is not edited by hand. {RENEW}" if what else ""


def _owned(key: str, text: str) -> str:
    """What a file is that only the PKI writes, "" for any other."""
    from kubeplat_tui.services.pki.certificates import is_authority
    from kubeplat_tui.services.pki.profiles import AUTHORITIES, CLIENT_CA
    from kubeplat_tui.services.secrets.preview_certificates import blocks, load

    for each in AUTHORITIES.values():
        if key in {each.certificate, each.next_certificate, CLIENT_CA}:
            return "holds the certificate of an authority"
        if key in {each.key, each.next_key}:
            return "is a private key"
    for label, block in blocks(text):
        if label.endswith("PRIVATE KEY"):
            return "is a private key"
        certificate = load(block) if label == "CERTIFICATE" else None
        if certificate is not None and is_authority(certificate):
            return "holds the certificate of an authority"
    return ""


def problems(key: str, before: bytes, after: bytes) -> tuple[str, ...]:
    """What is wrong with the edited file, a sentence each. Never raises, whatever it holds."""
    return tuple(_problems(key, before, after))


def _problems(key: str, before: bytes, after: bytes) -> Iterator[str]:
    from kubeplat_tui.services.secrets.preview import text_of

    text = text_of(after)
    refused = refusal(key, after)
    if refused or text is None:
        yield refused
        return
    if not text.strip():
        yield "There is nothing in it."
    elif key.rpartition("/")[2] == tokens.KEY.rpartition("/")[2]:
        try:
            tokens.parse(after, key)
        except InputError as error:
            yield from (error.why or str(error)).splitlines()
    elif key.endswith((".crt", ".pem", ".pub")):
        yield from _pem(text)
    elif key.endswith((".yaml", ".yml", ".json", ".kubeconfig")):
        yield from _document(key, before, after, text)


def _pem(text: str) -> Iterator[str]:
    from kubeplat_tui.services.secrets.preview_certificates import blocks, load, public_fact, ssh_blob

    found = blocks(text)
    if not found and not all(ssh_blob(row) for row in text.splitlines() if row.strip()):
        yield "It holds no certificate and no public key that can be read."
    for number, (label, block) in enumerate(found, start=1):
        if (load(block) if label == "CERTIFICATE" else public_fact(block)) is None:
            yield f"Its block {number} ({label}) cannot be read."


def _document(key: str, before: bytes, after: bytes, text: str) -> Iterator[str]:
    from kubeplat_tui.services.secrets.yaml_scan import scan

    try:
        if key.endswith(".json"):
            json.loads(text)
        else:
            scan(text, strict=True)
    except json.JSONDecodeError as error:
        yield f"It is not JSON: line {error.lineno}: {error.msg}."
        return
    except RecursionError:
        yield "It is nested too deeply."
        return
    except InputError as error:
        yield str(error)
        return
    if key == ENCRYPTION:
        yield from _encryption(before, after)


def _encryption(before: bytes, after: bytes) -> Iterator[str]:
    """What the API server would refuse; and keys that are gone, for what they encrypted cannot be read any more."""
    from kubeplat_tui.services.pki import encryption

    try:
        now = {key.name for key in encryption.parse(after)}
    except KubeplatError as error:
        yield error.what
        return
    try:
        lost = {key.name for key in encryption.parse(before)} - now
    except KubeplatError:
        return  # what was there could not be read either
    for name in sorted(lost):
        yield f"The key {name} is gone: Secrets that it encrypted cannot be read any more."
