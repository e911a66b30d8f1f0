"""The shared files of AWS profiles, as words: which file has a profile, and what it says about where keys come from."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.loaders import Loader
    from botocore.session import Session

SSO_SETTINGS = ("sso_session", "sso_start_url", "sso_account_id")
CHAIN_LIMIT = 10


def botocore_session(profile: str | None, environ: Mapping[str, str]) -> Session:
    """A new botocore session with the settings of `profile`, else of the one that AWS_PROFILE names.

    A profile that does not exist is left out: what it would say beside keys (certificates, endpoints) is not said.
    """
    import botocore.session
    from botocore.exceptions import BotoCoreError

    # Without this botocore would look for the profile of AWS_PROFILE in every call, and fail where there is none.
    session = botocore.session.Session(session_vars={"profile": (None, [], None, None)})
    named = profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    # A file that cannot be read is told of where the profile itself is looked for.
    with contextlib.suppress(BotoCoreError, OSError):
        if named in session.available_profiles:
            session.set_config_variable("profile", named)
        session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


@functools.cache
def _loader(data_path: str | None) -> Loader:
    """Botocore's descriptions of the services, read once for all sessions: a client costs a tenth then.

    What botocore writes into them (S3's paths lose their bucket) it writes once, and every client needs it so.
    """
    from botocore.loaders import create_loader

    return create_loader(data_path)


class SharedFiles:
    """What botocore read from `~/.aws/config` and `~/.aws/credentials`, or the files that variables name."""

    def __init__(self, session: Session) -> None:
        """Reads nothing yet."""
        self._session = session
        self._credentials = Path(str(session.get_config_variable("credentials_file"))).expanduser()
        self._config = Path(str(session.get_config_variable("config_file"))).expanduser()

    @property
    def words(self) -> str:
        """Both files."""
        return f"{shortened(self._config)} and {shortened(self._credentials)}"

    @property
    def has_words(self) -> str:
        """Which profiles there are, to go on after the files' names."""
        names = sorted(self._profiles())
        shown = 5
        if not names:
            return "have none" if self._config.exists() or self._credentials.exists() else "do not exist"
        more = f" and {len(names) - shown} more" if len(names) > shown else ""
        return f"have {', '.join(names[:shown])}{more}"

    def has(self, profile: str) -> bool:
        """Whether the profile is in one of the files. Raises botocore's `ConfigParseError`, or `OSError`."""
        return profile in self._profiles()

    def setting(self, profile: str, name: str) -> str:
        """A profile's setting, "" where it has none."""
        return str(self._profiles().get(profile, {}).get(name) or "")

    def place(self, profile: str) -> str:
        """The file that says where the profile's keys come from."""
        from botocore.configloader import raw_config_parse
        from botocore.exceptions import BotoCoreError

        try:
            in_credentials = profile in raw_config_parse(str(self._credentials))
        except (BotoCoreError, OSError):
            in_credentials = False
        return shortened(self._credentials if in_credentials else self._config)

    def base(self, profile: str) -> str:
        """The profile that a chain of `source_profile` begins with."""
        for _ in range(CHAIN_LIMIT):
            source = self.setting(profile, "source_profile")
            if not source or source == profile or not self.setting(profile, "role_arn"):
                break
            profile = source
        return profile

    def sso_profile(self, profile: str) -> str:
        """The profile to log in to SSO with: the one of the chain that has SSO."""
        base = self.base(profile)
        return base if any(self.setting(base, name) for name in SSO_SETTINGS) else profile

    def _profiles(self) -> dict[str, dict[str, Any]]:
        profiles: dict[str, dict[str, Any]] = self._session.full_config.get("profiles", {})
        return profiles


def shortened(path: Path) -> str:
    """A path as people write it: `~/.aws/config`."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
