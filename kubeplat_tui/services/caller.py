"""Who starts a playground, and from where: what its file needs to know about a real AWS account."""

from __future__ import annotations

import configparser
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAYGROUND_PROFILE = "play"
ADDRESS_SERVICE = "https://checkip.amazonaws.com"
"""Answers with the address it was asked from (AWS's own, named in the documentation of EC2 security groups)."""

ADDRESS_SECONDS = 3.0


def has_playground_credentials(environ: Mapping[str, str]) -> bool:
    """Whether there are credentials for a playground: keys in the environment, or the profile `play`.

    Asks no network and loads no AWS library; a `default` profile alone is not taken for a wish to spend money.
    """
    return bool(environ.get("AWS_ACCESS_KEY_ID")) or PLAYGROUND_PROFILE in profiles(environ)


def profiles(environ: Mapping[str, str]) -> list[str]:
    """The profiles of the AWS files, by name; none where the files are absent or cannot be read.

    Source: "Configuration and credential file settings" of the AWS SDKs: sections `[NAME]` in the credentials file,
    `[profile NAME]` and `[default]` in the other.
    """
    folder = Path(environ.get("HOME") or Path.home()) / ".aws"
    credentials = Path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or folder / "credentials")
    config = Path(environ.get("AWS_CONFIG_FILE") or folder / "config")
    found = set(_sections(credentials))
    for section in _sections(config):
        kind, _, name = section.partition(" ")
        if kind == "profile" or section == "default":
            found.add(name.strip() or section)
    return sorted(found)


def own_network(service: str = ADDRESS_SERVICE) -> str | None:
    """This computer's public address as a network of one, None where it cannot be told."""
    import urllib.request
    from http.client import HTTPException

    try:
        with urllib.request.urlopen(service, timeout=ADDRESS_SECONDS) as answer:  # noqa: S310 - a constant address
            address = ipaddress.ip_address(answer.read(64).decode("ascii").strip())
    except (OSError, ValueError, HTTPException):
        return None
    return f"{address}/{address.max_prefixlen}"


def _sections(path: Path) -> list[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        # The AWS library says what is wrong with the file when it is used.
        return []
    return parser.sections()
