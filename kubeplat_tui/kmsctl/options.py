"""The options that every command takes, before it or (by their long names) after it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    YML = "yml"


@dataclass(slots=True)
class Options:
    """What was given on the command line; None (or False) where it was not."""

    profile: str | None = None
    credentials: Path | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    region: str | None = None
    environment: str | None = None
    format: Format | None = None
    yes: bool = False

    def add(self, given: dict[str, Any]) -> None:
        """Take what was given at one more place of the command line; the later one wins."""
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)

    @property
    def name_an_account(self) -> bool:
        """Whether the command line itself says whose AWS it is."""
        return any((self.profile, self.credentials, self.access_key, self.secret_key, self.region))


def _option(kind: Any, name: str, help_: str, short: str = "", **more: Any) -> tuple[Any, Any]:
    """The annotations before the command and behind it: only there a letter may mean something else."""

    def annotation(*names: str, hidden: bool = False) -> Any:
        return Annotated[kind, typer.Option(*names, help=help_, hidden=hidden, **more)]

    return annotation(name, *filter(None, [short])), annotation(name, hidden=True)


_KEY = "The AWS {} key"
_HIDDEN = (
    "better in the environment ({}), or as @FILE, or - for standard input: others can see what stands on the "
    "command line."
)
ANNOTATIONS: dict[str, tuple[Any, Any]] = {
    "profile": _option(
        str | None,
        "--profile",
        "The profile in the AWS credentials files [AWS_PROFILE, AWS_DEFAULT_PROFILE].",
        "-p",
    ),
    "credentials": _option(
        Path | None,
        "--credentials",
        "The credentials file with the profiles [AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials].",
        "-c",
    ),
    "access_key": _option(str | None, "--access-key", "The AWS access key [AWS_ACCESS_KEY_ID]."),
    "secret_key": _option(
        str | None, "--secret-key", "The AWS secret key; " + _HIDDEN.format("AWS_SECRET_ACCESS_KEY")
    ),
    "session_token": _option(
        str | None, "--session-token", "The AWS session token; " + _HIDDEN.format("AWS_SESSION_TOKEN")
    ),
    "region": _option(str | None, "--region", "The AWS region [AWS_DEFAULT_REGION, AWS_REGION].", "-r"),
    "environment": _option(
        str | None,
        "--environment",
        "Take bucket, key, region and credentials from this kubeplat environment [KUBEPLAT_ENVIRONMENT].",
        "-e",
        metavar="NAME",
    ),
    "format": _option(Format | None, "--format", "How results are printed; json is one object a line.", "-f"),
    "yes": _option(bool | None, "--yes", "Answer yes where a question would be asked.", "-y"),
}

assert list(ANNOTATIONS) == [field.name for field in fields(Options)]  # noqa: S101 - both are in this file
