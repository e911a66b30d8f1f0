"""What is known about an environment's credentials, and what a person may be asked for them.

Nothing here holds a secret: access key ids are masked, and codes are passed on, never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

CODE_DIGITS = 6
"""Digits of a code of an MFA device (IAM's user guide, "AWS Multi-factor authentication")."""

ATTEMPTS = 3
"""How often a code is asked for before giving up."""


class Kind(StrEnum):
    """Where the keys come from, as boto3's documentation names it."""

    ENVIRONMENT = "environment variables"
    SHARED_FILE = "shared file"
    SSO = "SSO"
    PROCESS = "process"
    LOGIN = "login"
    """Of `aws login`."""
    ROLE = "assumed role"
    WEB_IDENTITY = "web identity"
    CONTAINER_ROLE = "container role"
    INSTANCE_ROLE = "instance role"
    SANDBOX = "sandbox"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CredentialsStatus:
    """The credentials of one environment as they are now. Times are UTC."""

    kind: Kind
    source: str
    """In words, with the file and the profile: `profile play of ~/.aws/config`."""
    profile: str = ""
    role_arn: str = ""
    """The role that is assumed last, "" where none is."""
    mfa_serial: str = ""
    """The MFA device whose code opened the session (or opens it), "" where none is needed."""
    access_key_id: str = ""
    """Masked: `AKIA…WXYZ`; "" where there are none."""
    expires: datetime | None = None
    """None: they do not expire, or nobody knows."""
    renews: bool = False
    """Whether they are renewed by themselves, without a person."""
    cached: bool = False
    """Whether the session token came from the keyring."""
    account: str = ""
    arn: str = ""
    problem: str = ""
    """Why they cannot be used, in whole sentences with what to do; "" where they work."""
    keyring: str = ""
    """Why session tokens are not kept in a keyring; "" where they are, or where none needs to be."""
    renewable: bool = False
    """Whether renewing (a key press, `--renew`) can do anything."""


@dataclass(frozen=True, slots=True)
class MfaQuestion:
    """The code of an MFA device is needed. `wrong` is why the last one was refused, "" the first time."""

    profile: str
    serial: str
    role_arn: str
    attempt: int
    """1 for the first one, `ATTEMPTS` for the last."""
    wrong: str = ""


class CredentialQuestions(Protocol):
    """Who is asked for a code: a person at a prompt or dialog, or `--mfa-code`."""

    def mfa_code(self, question: MfaQuestion) -> str:
        """The six digits as typed; "" cancels. Called in a worker thread, and may block.

        Raises `KubeplatError` where nobody can be asked.
        """
        ...


def is_code(typed: str) -> bool:
    """Whether it can be a code of an MFA device."""
    return len(typed) == CODE_DIGITS and typed.isascii() and typed.isdecimal()


def masked(access_key_id: str) -> str:
    """An access key id that says which key it is and is of no use: `AKIA…WXYZ`."""
    shown = 4
    if len(access_key_id) <= 2 * shown:
        return "…" if access_key_id else ""
    return f"{access_key_id[:shown]}…{access_key_id[-shown:]}"
