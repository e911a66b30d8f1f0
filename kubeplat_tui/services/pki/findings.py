"""What is found when the certificates are looked at: which are valid, due, expired, missing, foreign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Health(StrEnum):
    """How a certificate or kubeconfig stands."""

    VALID = "valid"
    DUE = "due"
    """It expires inside 60 days, or inside a third of its lifetime where that is shorter."""
    EXPIRED = "expired"
    MISSING = "missing"
    NAMES = "lacks names"
    """The settings need a name or address that it does not have."""
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"
    """It was not signed by the authority that is here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One certificate or kubeconfig of the bundle. `expires` UTC, `days` left (negative: passed).

    `in_use`: the cluster stops working, in part, when it expires. `sentence` says what is and what to do.
    """

    key: str
    name: str
    health: Health
    subject: str
    issuer: str
    expires: datetime | None
    days: int | None
    in_use: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """What expires next of what is in use: its key in the bundle, its name, and when (UTC)."""

    key: str
    name: str
    expires: datetime
