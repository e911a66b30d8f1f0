"""The words of the SSH service: states of a connection, host keys, and what a person is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from kubeplat_tui.services import ssh_wire
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from datetime import datetime

    from kubeplat_tui.services.inventory import Instance

SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class Size:
    """A terminal's size in cells."""

    columns: int
    rows: int


class LinkState(StrEnum):
    """How a connection stands. It goes from UP to SILENT and back, and to LOST or CLOSED once."""

    UP = "up"
    SILENT = "silent"
    """The machine has not answered for some seconds; nothing is lost yet."""
    LOST = "lost"
    """It is gone, and not because we closed it."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A connection's state, since when (UTC), and for SILENT and LOST a sentence."""

    state: LinkState
    since: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host's public key. `kind` is its name in SSH (`ssh-ed25519`), `blob` its wire form (RFC 4253, 6.6)."""

    kind: str
    blob: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: `SHA256:` and 43 characters."""
        return ssh_wire.fingerprint(self.blob)


class Verdict(StrEnum):
    """What a presented host key is to us."""

    KNOWN = "known"
    """The key we have of this machine. Nothing is asked."""
    NEW = "new"
    """A machine never seen, at an address never seen."""
    REPLACED = "replaced"
    """Another machine, by its instance id, at an address where we knew one that is gone. Asked, and said so."""
    CHANGED = "changed"
    """The same machine with another key. Refused, never asked."""


class ConsoleAnswer(StrEnum):
    """What the machine's own console output (EC2 GetConsoleOutput, written by cloud-init) says of a key."""

    MATCHES = "matches"
    DIFFERS = "differs"
    """It names keys, and not this one. Refused, never asked."""
    NOT_YET = "not yet"
    """There is output without fingerprints, or none yet: EC2 brings it minutes after the start."""
    UNAVAILABLE = "unavailable"
    """It could not be asked."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host key that was accepted: whose (instance id), at which address, when (UTC)."""

    instance_id: str
    name: str
    address: str
    key: HostKey
    accepted: datetime


@dataclass(frozen=True, slots=True)
class HostKeyQuestion:
    """The first contact with a machine: is this its key? `before` is whom we knew at its address (REPLACED)."""

    instance: Instance
    verdict: Verdict
    key: HostKey
    console: ConsoleAnswer
    console_why: str = ""
    before: KnownHost | None = None


@dataclass(frozen=True, slots=True)
class Passphrase:
    """An answer: the passphrase, and whether the keyring shall remember it."""

    text: str = field(repr=False)
    remember: bool = False


@dataclass(frozen=True, slots=True)
class PassphraseQuestion:
    """The environment's key on this computer is under a passphrase. `wrong`: the one given before did not open it."""

    environment: str
    fingerprint: str
    can_remember: bool
    wrong: bool = False


class Questions(Protocol):
    """Who answers what connecting must ask. Called from a worker thread; may block as long as a person thinks."""

    def trust(self, question: HostKeyQuestion) -> bool:
        """Whether the key is the machine's. False refuses the connection."""
        ...

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        """The passphrase; None gives up."""
        ...


class SshError(KubeplatError):
    """A connection that could not be made or did not last."""


class HostKeyRefusedError(SshError):
    """The host key changed, differs from the console's, or a person said no. Nothing was sent to the machine."""


class UnreachableError(SshError):
    """No way to the machine: no bastion, nobody answers, or the hop was refused."""


class AuthenticationError(SshError):
    """The machine accepts none of our keys."""


class NoKeyError(InputError):
    """No key to log in with: none among the secrets here, none in the agent; or its passphrase was not given."""


class ConnectStoppedError(SshError):
    """Somebody stopped it while it was being made. Nothing is left of it."""
