"""Session tokens that a code has opened, kept in the system's keyring until they expire, and in no file.

Several environments of the same account share them: an entry is named by what it came from.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING

from kubeplat_tui.services.credentials.keys import Keys
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now
from kubeplat_tui.services.keyring_store import KeyringStore

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "credentials"
"""The first half of the entries' names."""

LEAST_SECONDS = 60
"""A token that ends sooner is of no use."""


def entry_of(call: str, access_key_id: str, arguments: Mapping[str, object]) -> str:
    """The name of the entry for the session that `call` of STS opens with these keys and arguments."""
    told = json.dumps([call, access_key_id, dict(arguments)], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


class TokenCache:
    """The keyring's session tokens. What it cannot do is no failure: the tokens live in this process then."""

    def __init__(self) -> None:
        self._keyring = KeyringStore(FOLDER)
        self.why = ""
        """Why the keyring does not keep them, as a sentence; "" where it does, or was not asked yet."""

    def get(self, entry: str) -> Keys | None:
        """The token kept as `entry`, unless it has expired."""
        if not self._usable():
            return None
        try:
            told = self._keyring.get(entry)
        except KubeplatError as error:
            self.why = str(error)
            return None
        keys = _read(told) if told else None
        return keys if keys is not None and keys.seconds_left(now()) > LEAST_SECONDS else None

    def keep(self, entry: str, keys: Keys) -> None:
        """Keep a token until it expires."""
        if keys.expires is None or not self._usable():
            return
        told = {
            "access": keys.access,
            "secret": keys.secret,
            "token": keys.token,
            "expires": keys.expires.isoformat(),
        }
        try:
            self._keyring.set(entry, json.dumps(told))
            self.why = ""
        except KubeplatError as error:
            self.why = str(error)

    def forget(self, entry: str) -> bool:
        """Take an entry away; whether there was one. Raises `KubeplatError` where the keyring does not let it go."""
        if not self._usable() or self._keyring.get(entry) is None:
            return False
        self._keyring.delete(entry)
        return True

    def _usable(self) -> bool:
        if not self._keyring.available():
            self.why = self._keyring.why
        return self._keyring.available()


def _read(told: str) -> Keys | None:
    """An entry's keys; None where it is none of ours: a new token takes its place."""
    try:
        body = json.loads(told)
        expires = datetime.fromisoformat(body["expires"])
        keys = Keys(str(body["access"]), str(body["secret"]), str(body["token"]), expires)
    except (KeyError, TypeError, ValueError):
        return None
    return keys if expires.tzinfo is not None else None
