"""Our credentials as boto3's clients know them: each request asks for keys that are still good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.credentials import Credentials, ReadOnlyCredentials

if TYPE_CHECKING:
    from kubeplat_tui.services.credentials.cloud_credentials import CloudCredentials
    from kubeplat_tui.services.credentials.keys import Keys


class RenewingCredentials(Credentials):
    """What signs a request. Botocore takes the frozen ones for each; everything else is asked of them.

    `quiet`: nobody is ever asked for a code; without one, signing raises `NeedsCodeError`.
    """

    def __init__(self, behind: CloudCredentials, *, quiet: bool) -> None:
        # Not Credentials.__init__: it would set keys of its own.
        self._behind = behind
        self._quiet = quiet
        self.method = "kubeplat"
        self.account_id = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The keys, renewed where they are about to run out. Blocking; raises `KubeplatError`."""
        keys = self._current()
        return ReadOnlyCredentials(keys.access, keys.secret, keys.token or None)

    @property
    def access_key(self) -> str:  # type: ignore[override]  # nobody may set it
        """As `get_frozen_credentials`."""
        return self._current().access

    @property
    def secret_key(self) -> str:  # type: ignore[override]  # nobody may set it
        """As `get_frozen_credentials`."""
        return self._current().secret

    @property
    def token(self) -> str | None:  # type: ignore[override]  # nobody may set it
        """As `get_frozen_credentials`."""
        return self._current().token or None

    def _current(self) -> Keys:
        return self._behind.current(quiet=self._quiet).keys


class OurProvider:
    """Takes the place of botocore's own search ("credential_provider" of its session)."""

    def __init__(self, credentials: RenewingCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> RenewingCredentials:
        """What every client of the session signs with."""
        return self._credentials
