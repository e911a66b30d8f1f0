"""Whose AWS it is: keys or a profile from the command line, a kubeplat environment, or what the variables name."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.errors import InputError, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kubeplat_tui.kmsctl.options import Options

USUAL_REGION = "eu-west-1"
"""What kmsctl always took where none was named."""


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """Static credentials. `token` is "" for those that last."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


class Account(Cloud):
    """Real AWS (or what AWS_ENDPOINT_URL names), by static keys, a profile, or as boto3 finds credentials."""

    def __init__(
        self,
        region: str,
        profile: str | None,
        *,
        keys: AccessKeys | None = None,
        credentials: Path | None = None,
    ) -> None:
        super().__init__(region, profile)
        self._keys = keys
        self._file = credentials

    def _boto(self) -> Any:
        # boto3's own search, its prompt included: kmsctl is used in scripts that know them.
        if self._session is not None:
            return self._session
        import boto3
        import botocore.session
        from botocore.exceptions import ProfileNotFound

        core = botocore.session.Session()
        if self._file is not None:
            core.set_config_variable("credentials_file", str(self._file))
        try:
            self._session = boto3.Session(
                botocore_session=core,
                region_name=self.region,
                profile_name=None if self._keys else self._profile,
                aws_access_key_id=self._keys.access if self._keys else None,
                aws_secret_access_key=self._keys.secret if self._keys else None,
                aws_session_token=(self._keys.token or None) if self._keys else None,
            )
        except ProfileNotFound as error:
            raise InputError(
                f"There is no AWS profile named {self._profile} in {self._file or 'the files of AWS profiles'}.",
                todo="Name another one with --profile, or another file with --credentials.",
            ) from error
        return self._session


def open_account(options: Options, environ: Mapping[str, str], note: Callable[[str], None]) -> Account:
    """The account that the command line names, else the one of the environment variables.

    The command line beats the variables; keys beat a profile of the same rank. Raises `InputError`.
    """
    if options.credentials is not None and not options.credentials.is_file():
        raise InputError(f"There is no credentials file {options.credentials}.")
    keys = _given_keys(options, environ, note)
    profile = options.profile
    if keys is None and profile is None and not environ.get("AWS_ACCESS_KEY_ID"):
        profile = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or None
    region = options.region or environ.get("AWS_DEFAULT_REGION") or environ.get("AWS_REGION")
    if not region:
        region = USUAL_REGION
        note(f"no region was named: {region} it is, as it always was")
    return Account(region, profile, keys=keys, credentials=options.credentials)


def _given_keys(
    options: Options, environ: Mapping[str, str], note: Callable[[str], None]
) -> AccessKeys | None:
    if not (options.access_key or options.secret_key or options.session_token):
        return None
    access = options.access_key or environ.get("AWS_ACCESS_KEY_ID", "")
    secret = environ.get("AWS_SECRET_ACCESS_KEY", "")
    token = "" if options.access_key else environ.get("AWS_SESSION_TOKEN", "")
    if options.secret_key:
        secret = _hidden("--secret-key", options.secret_key, note)
    if options.session_token:
        token = _hidden("--session-token", options.session_token, note)
    for missing, name in ((access, "--access-key"), (secret, "--secret-key")):
        if not missing:
            raise InputError(
                f"Only one half of the keys was given: {name} is missing.",
                todo="Give both, or none to use a profile.",
            )
    return AccessKeys(access, secret, token)


def _hidden(option: str, value: str, note: Callable[[str], None]) -> str:
    """The secret that `value` stands for: itself, the content of @FILE, or a line of standard input for `-`."""
    if value == "-":
        found = sys.stdin.readline().strip()
    elif value.startswith("@"):
        try:
            found = Path(value[1:]).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{value[1:]} could not be read for {option}.", why=f"{error}.") from error
    else:
        note(f"others on this computer can read {option} in the list of processes; {option} @FILE hides it")
        return value
    if not found:
        raise InputError(f"{option} got an empty secret.")
    return found


def nobody_to_ask() -> KubeplatError:
    """For questions without a terminal."""
    return InputError(
        "This asks before it deletes anything, and there is no terminal to ask at.",
        todo="Add --yes to answer yes. Nothing was changed.",
    )
