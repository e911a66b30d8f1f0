"""Keys as they are used: what signs a request, and how a child process gets the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.credentials.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)
"""The environment variables that say whose credentials are used."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which credentials an environment wants.

    `profile` None: the order of boto3 itself, for what belongs to no environment. `role_arn` and `mfa_serial` are
    those of the environment's file, on top of whatever the profile has.
    """

    profile: str | None
    role_arn: str = ""
    mfa_serial: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key. `token` is "" for keys that last, `expires` (UTC) None where they do not or nobody knows."""

    access: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    expires: datetime | None = None

    def seconds_left(self, at: datetime) -> float:
        """How long they last; infinitely where they do not expire."""
        return float("inf") if self.expires is None else (self.expires - at).total_seconds()

    @classmethod
    def of_answer(cls, credentials: Mapping[str, Any]) -> Keys:
        """The `Credentials` of an answer of STS."""
        return cls(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            credentials["Expiration"].astimezone(UTC),
        )

    def answer(self) -> dict[str, Any]:
        """As STS answers."""
        return {
            "AccessKeyId": self.access,
            "SecretAccessKey": self.secret,
            "SessionToken": self.token,
            "Expiration": self.expires,
        }


class Child(StrEnum):
    """How a child process gets the credentials."""

    KEYS = "keys"
    """By environment variables; they cannot be renewed there."""
    PROFILE = "profile"
    """By AWS_PROFILE: it reads the shared files itself, and renews itself."""
    MACHINE = "machine"
    """As we do: from the container or the machine it runs on."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The keys of one environment, and how they came about."""

    keys: Keys
    kind: Kind
    source: str
    profile: str
    role_arn: str
    mfa_serial: str
    by_person: bool
    """Whether a person gave a code for them."""
    cached: bool
    child: Child
    made: datetime

    @property
    def renews(self) -> bool:
        """Whether there is something to renew, and it needs nobody."""
        given = self.kind is Kind.ENVIRONMENT  # what the shell holds, only the shell renews
        return self.keys.expires is not None and not (self.by_person or given)

    def environ(self) -> dict[str, str]:
        """The environment variables that give a child the same credentials."""
        if self.child is Child.PROFILE:
            return {"AWS_PROFILE": self.profile}
        if self.child is Child.MACHINE:
            return {}
        environ = {"AWS_ACCESS_KEY_ID": self.keys.access, "AWS_SECRET_ACCESS_KEY": self.keys.secret}
        if self.keys.token:
            environ["AWS_SESSION_TOKEN"] = self.keys.token
        return environ
