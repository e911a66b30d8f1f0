"""The credentials of a cloud over its whole life: found at their first use, renewed before they run out.

Several clouds and threads share one of these: what a person is asked, is asked once.
"""

from __future__ import annotations

import contextlib
import copy
import os
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.aws_errors import CredentialsError
from kubeplat_tui.services.credentials.failures import CancelledError
from kubeplat_tui.services.credentials.model import CredentialsStatus, Kind, masked
from kubeplat_tui.services.credentials.token_cache import TokenCache
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.events import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kubeplat_tui.services.credentials.keys import Resolved, Wanted
    from kubeplat_tui.services.credentials.model import CredentialQuestions
    from kubeplat_tui.services.credentials.sts import StsSessions

EARLY_SECONDS = 15 * 60
"""So long before their end they are renewed where that needs nobody (botocore's own "advisory" time)."""

LATE_SECONDS = 60
"""So long before their end they count as over: a request takes its time."""

SHARE = 4
"""Sessions of a quarter of an hour would be renewed all the time: at most this part of their life is early."""

QUIET_SECONDS = 5.0
"""How long one who may not ask waits for another who does."""


class CloudCredentials:
    """The credentials for `wanted`. Every method may be called from any thread."""

    def __init__(
        self,
        wanted: Wanted,
        region: str,
        questions: Callable[[], CredentialQuestions | None] = lambda: None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`questions` gives whoever can be asked now; `region` is where STS is asked. Reads nothing yet."""
        self.wanted = wanted
        self._region = region
        self._questions = questions
        self._environ = os.environ if environ is None else environ
        self._cache = TokenCache()
        self._lock = threading.Lock()
        self._held: Resolved | None = None
        self._rounds = 0
        self._failure: KubeplatError | None = None
        self._refused: CancelledError | None = None
        self._silent = 0
        self._entries: tuple[str, ...] = ()

    @property
    def held(self) -> Resolved | None:
        """What is in use. Never blocks."""
        return self._held

    def current(self, *, quiet: bool = False) -> Resolved:
        """Keys that are good for a while. Blocking; asks for a code where one is needed, unless `quiet`.

        Raises `KubeplatError`; what a person refused once is not asked again before `renew`.
        """
        held = self._held
        if held is not None:
            left = held.keys.seconds_left(now())
            if left > LATE_SECONDS:
                if held.renews and left <= _early(held):
                    self._renew_quietly(held)
                return self._held or held
        seen = self._rounds
        quiet = quiet or self._silent > 0
        if not self._lock.acquire(timeout=QUIET_SECONDS if quiet else -1):
            raise CredentialsError(
                "The AWS session waits for somebody to give the code of an MFA device.",
                todo="Give the code, then try again.",
            )
        try:
            held = self._held
            if held is not None and held.keys.seconds_left(now()) > LATE_SECONDS:
                return held
            failure = self._failure if self._rounds != seen else None
            # One answer is the answer for all who waited for it.
            if failure is not None or (failure := self._refused) is not None:
                raise copy.copy(failure)
            return self._load(quiet=quiet, fresh=False)
        finally:
            self._lock.release()

    def renew(self) -> Resolved:
        """New keys, whatever is left of the old ones. Blocking, asks for a code where one is needed.

        Raises `KubeplatError`; the old keys stay in use then.
        """
        with self._lock:
            self._refused = None
            return self._load(quiet=False, fresh=True)

    def forget(self) -> int:
        """Take the session tokens out of the keyring, and this process; how many there were.

        Raises `KubeplatError` where the keyring does not let them go.
        """
        with self._lock, contextlib.suppress(KubeplatError):
            self._load(quiet=True, fresh=True)
        with self._lock:
            self._held = None
            return sum(self._cache.forget(entry) for entry in self._entries)

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Nobody is asked for a code in this block, from whichever thread: Terraform is in the middle of its work."""
        with self._lock:
            self._silent += 1
        try:
            yield
        finally:
            with self._lock:
                self._silent -= 1

    def status(self) -> CredentialsStatus:
        """What is used, without account and ARN. Blocking; never asks for a code."""
        try:
            found = self.current(quiet=True)
        except KubeplatError as error:
            profile = self.wanted.profile or ""
            return CredentialsStatus(
                Kind.NONE,
                f"profile {profile}" if profile else "",
                profile=profile,
                role_arn=self.wanted.role_arn,
                mfa_serial=self.wanted.mfa_serial,
                problem=str(error),
                keyring=self._cache.why,
                renewable=True,
            )
        return CredentialsStatus(
            found.kind,
            found.source,
            profile=found.profile,
            role_arn=found.role_arn,
            mfa_serial=found.mfa_serial,
            access_key_id=masked(found.keys.access),
            expires=found.keys.expires,
            renews=found.renews,
            cached=found.cached,
            keyring=self._cache.why if found.by_person else "",
            renewable=found.renews or found.by_person,
        )

    def environ(self) -> dict[str, str]:
        """The environment variables that give a child process the same credentials. Blocking, may ask."""
        return self.current().environ()

    def _renew_quietly(self, held: Resolved) -> None:
        """By whoever comes first; the others go on with what they have, and so does this one where it fails."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._held is held:
                with contextlib.suppress(KubeplatError):
                    self._load(quiet=True, fresh=True)
        finally:
            self._lock.release()

    def _load(self, *, quiet: bool, fresh: bool) -> Resolved:
        from kubeplat_tui.services.credentials.sts import NeedsCodeError

        quiet = quiet or self._silent > 0
        try:
            self._held = self._resolved(quiet=quiet, fresh=fresh)
        except NeedsCodeError:
            raise
        except KubeplatError as error:
            self._rounds += 1
            self._failure = error
            if isinstance(error, CancelledError):
                self._refused = error
            raise
        self._rounds += 1
        self._failure = self._refused = None
        return self._held

    def _resolved(self, *, quiet: bool, fresh: bool) -> Resolved:
        from kubeplat_tui.services.credentials.files import botocore_session
        from kubeplat_tui.services.credentials.resolving import resolve
        from kubeplat_tui.services.credentials.sts import StsSessions

        session = botocore_session(self.wanted.profile, self._environ)
        sessions: StsSessions = StsSessions(
            session, self._region, self._cache, self._questions(),
            profile=self.wanted.profile or "", may_ask=not quiet, fresh=fresh,
        )  # fmt: skip
        try:
            return resolve(self.wanted, session, self._region, sessions, self._environ)
        finally:
            self._entries = tuple(sessions.entries)


def _early(held: Resolved) -> float:
    life = held.keys.seconds_left(held.made)
    return min(EARLY_SECONDS, life / SHARE)
