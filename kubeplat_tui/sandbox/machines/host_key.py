"""A machine's host key, and how its console shows it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kubeplat_tui.services import ssh_wire

KIND = "ssh-ed25519"


class HostKey:
    """An ed25519 key that lives in this process only."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @cached_property
    def private(self) -> str:
        """The private key in OpenSSH's form."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()

    @cached_property
    def public(self) -> str:
        """The public key as in a known_hosts file: its kind and its base64."""
        return self._key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return ssh_wire.fingerprint(base64.b64decode(self.public.split()[1]))


def console(key: HostKey, host: str, started: datetime) -> str:
    """The console of a machine called `host` after its first boot.

    Where cloud-init writes keys (`write-ssh-key-fingerprints` of cloud-init): fingerprints through the system's
    log, so with its prefix; keys plain.
    """
    stamp = started.astimezone(UTC).strftime("%b %e %H:%M:%S")
    rule = "#" * 61
    logged = [
        rule,
        "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
        f"256 {key.fingerprint} root@{host} (ED25519)",
        "-----END SSH HOST KEY FINGERPRINTS-----",
        rule,
    ]
    lines = [
        f"[    0.000000] {host}: simulated by the sandbox; nothing boots here",
        *(f"<14>{stamp} cloud-init: {line}" for line in logged),
        "-----BEGIN SSH HOST KEY KEYS-----",
        f"{key.public} root@{host}",
        "-----END SSH HOST KEY KEYS-----",
        "",
        f"{host} login: ",
    ]
    return "\r\n".join(lines)
