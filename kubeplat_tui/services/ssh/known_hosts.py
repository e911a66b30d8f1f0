"""The lines of a known_hosts file: read as OpenSSH reads them, kept as they are.

Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Ours name a machine by its instance id (ssh_config's HostKeyAlias) and
have in the comment its address, when it was accepted and its name:

    i-0abc ssh-ed25519 AAAA… 10.80.10.100 2026-05-01T12:00:00+00:00 play-secure

OpenSSH itself may have added lines (UpdateHostKeys), with the name hashed (HashKnownHosts) and without a comment.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from kubeplat_tui.services.ssh.model import HostKey, KnownHost

REVOKED = "@revoked"
AUTHORITY = "@cert-authority"
MARKERS = (REVOKED, AUTHORITY)
HASHED = "|1|"
NO_ADDRESS = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `key` is None for comments and empty lines, and where `broken` says what is wrong with it."""

    text: str
    number: int
    marker: str = ""
    hosts: str = ""
    key: HostKey | None = None
    comment: str = ""
    broken: str = ""

    def names(self, host: str) -> bool:
        """Whether the line is about `host`: by name in a list of names, or by the hash of its name."""
        if self.hosts.startswith(HASHED):
            return _hashed(self.hosts, host)
        return host in self.hosts.split(",")

    def known_host(self, written: datetime) -> KnownHost | None:
        """What it says, where its name can be read; `written` stands for a time that it does not have."""
        if self.key is None or self.marker or not self.hosts or self.hosts.startswith(HASHED):
            return None
        address, _, rest = self.comment.partition(" ")
        moment, _, name = rest.partition(" ")
        try:
            accepted = datetime.fromisoformat(moment).astimezone(UTC)
        except ValueError:
            address, name, accepted = "", "", written
        return KnownHost(
            self.hosts.split(",")[0], name, "" if address == NO_ADDRESS else address, self.key, accepted
        )


def parse(text: str) -> list[Line]:
    """Every line of the file. Only a line feed ends one: Python's own idea of lines knows others."""
    lines = text.removesuffix("\n").split("\n") if text else []
    return [_line(line, number) for number, line in enumerate(lines, start=1)]


def written(host: KnownHost) -> str:
    """The line for `host`."""
    blob = base64.b64encode(host.key.blob).decode()
    name = " ".join(host.name.split())  # a tag may hold any character
    accepted = host.accepted.astimezone(UTC).isoformat(timespec="seconds")
    return (
        f"{host.instance_id} {host.key.kind} {blob} {host.address or NO_ADDRESS} {accepted} {name}".rstrip()
    )


def _line(text: str, number: int) -> Line:
    fields = text.split(None, 1)
    if not fields or fields[0].startswith("#"):
        return Line(text, number)
    marker = ""
    if fields[0].startswith("@"):
        marker = fields[0]
        if marker not in MARKERS:
            return Line(text, number, broken=f"{marker} is no marker")
        fields = fields[1].split(None, 1) if len(fields) > 1 else []
    hosts, *rest = fields or ("",)
    parts = rest[0].split(None, 2) if rest else []
    if len(parts) < 2:
        return Line(text, number, marker, hosts, broken="the key is missing")
    key = _key(parts[0], parts[1])
    if key is None:
        return Line(text, number, marker, hosts, broken="the key is cut off or is not of the kind it says")
    return Line(text, number, marker, hosts, key, parts[2].strip() if len(parts) > 2 else "")


def _key(kind: str, encoded: str) -> HostKey | None:
    """The key, whose wire form begins with its kind again (RFC 4253, 6.6)."""
    try:
        blob = base64.b64decode(encoded, validate=True)
        name = kind.encode("ascii")
    except (binascii.Error, ValueError):
        return None
    begin = len(name).to_bytes(4, "big") + name
    return HostKey(kind, blob) if blob.startswith(begin) and len(blob) > len(begin) else None


def _hashed(field: str, host: str) -> bool:
    """Whether `field`, `|1|salt|HMAC-SHA1(salt, host)`, is the hash of `host`."""
    try:
        salt, digest = (
            base64.b64decode(part, validate=True) for part in field.removeprefix(HASHED).split("|")
        )
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, host.encode(), hashlib.sha1).digest(), digest)
