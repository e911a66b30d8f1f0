"""Sessions opened at STS: a role assumed, or a session with an MFA device's code.

Sources: API references of AssumeRole and GetSessionToken. STS answers AccessDenied to a wrong code as to a missing
permission; only its words tell them apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.aws_errors import CredentialsError, code_of, is_forbidden, reason
from kubeplat_tui.services.credentials import failures
from kubeplat_tui.services.credentials.keys import Keys
from kubeplat_tui.services.credentials.model import ATTEMPTS, CODE_DIGITS, MfaQuestion, is_code
from kubeplat_tui.services.credentials.token_cache import entry_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.session import Session

    from kubeplat_tui.services.credentials.model import CredentialQuestions
    from kubeplat_tui.services.credentials.token_cache import TokenCache

SESSION_NAME = "kubeplat"
"""How an assumed role's session is called in CloudTrail where the profile names none."""

_DEFAULT_NAME = "botocore-session-"
_WRONG_CODE = re.compile(r"invalid MFA one time pass code", re.IGNORECASE)
_WRONG_DEVICE = re.compile(r"unable to validate MFA code|MFA serial number", re.IGNORECASE)


class NeedsCodeError(CredentialsError):
    """A code is needed, and nobody may be asked now."""


class StsSessions:
    """Opens the sessions of one resolution. Says afterwards whether a person was needed, and what was kept where."""

    def __init__(
        self,
        session: Session,
        region: str,
        cache: TokenCache,
        questions: CredentialQuestions | None,
        *,
        profile: str,
        may_ask: bool,
        fresh: bool,
    ) -> None:
        """`fresh`: what the keyring keeps is not used."""
        self._session = session
        self._region = region
        self._cache = cache
        self._questions = questions
        self._profile = profile
        self._may_ask = may_ask
        self._fresh = fresh
        self.by_person = False
        self.cached = False
        self.mfa_serial = ""
        self.entries: list[str] = []
        """The keyring's entries that were looked for."""

    def assume_role(self, source: Keys, arguments: Mapping[str, Any]) -> Keys:
        """The keys of a role (`RoleArn`, and what else AssumeRole takes). Raises `KubeplatError`."""
        given = dict(arguments)
        if str(given.get("RoleSessionName", _DEFAULT_NAME)).startswith(_DEFAULT_NAME):
            given["RoleSessionName"] = SESSION_NAME
        return self._opened("assume_role", source, given)

    def session_token(self, source: Keys, serial: str) -> Keys:
        """The keys of a session opened with a code. Raises `KubeplatError`."""
        return self._opened("get_session_token", source, {"SerialNumber": serial})

    def for_chain(self, profile: str, role_arn: str, serial: str) -> Callable[..., Any]:
        """What botocore's AssumeRoleProvider takes to make its STS clients; the role `role_arn` needs `serial`."""

        def client(_: str, **keys: Any) -> _ChainSts:
            source = Keys(
                keys["aws_access_key_id"], keys["aws_secret_access_key"], keys.get("aws_session_token") or ""
            )
            return _ChainSts(self, source, role_arn, serial)

        self._profile = profile
        return client

    def _opened(self, call: str, source: Keys, arguments: dict[str, Any]) -> Keys:
        client = self._client(source)
        serial = str(arguments.get("SerialNumber") or "")
        if not serial:
            return self._called(client, call, arguments)
        self.by_person, self.mfa_serial = True, serial
        entry = entry_of(call, source.access, arguments)
        self.entries.append(entry)
        kept = None if self._fresh else self._cache.get(entry)
        if kept is not None:
            self.cached = True
            return kept
        keys = self._with_code(client, call, arguments)
        self._cache.keep(entry, keys)
        return keys

    def _with_code(self, client: Any, call: str, arguments: dict[str, Any]) -> Keys:
        serial, role = str(arguments["SerialNumber"]), str(arguments.get("RoleArn") or "")
        if not self._may_ask:
            raise NeedsCodeError(
                f"The session needs a code of the MFA device {serial}.",
                todo="Renew the credentials: kubeplat credentials --renew asks for it.",
            )
        if self._questions is None:
            raise failures.nobody_to_ask(serial)
        wrong = ""
        for attempt in range(1, ATTEMPTS + 1):
            asked = MfaQuestion(self._profile, serial, role, attempt, wrong)
            code = "".join(self._questions.mfa_code(asked).split())
            if not code:
                raise failures.cancelled(serial)
            if not is_code(code):
                wrong = f"A code has {CODE_DIGITS} digits."
                continue
            try:
                return self._called(client, call, {**arguments, "TokenCode": code})
            except failures.WrongCodeError as error:
                wrong = error.what
        raise failures.given_up(serial, wrong)

    def _called(self, client: Any, call: str, arguments: dict[str, Any]) -> Keys:
        from botocore.exceptions import BotoCoreError, ClientError

        serial, role = str(arguments.get("SerialNumber") or ""), str(arguments.get("RoleArn") or "")
        try:
            return Keys.of_answer(getattr(client, call)(**arguments)["Credentials"])
        except ClientError as error:
            # AWS says "AccessDenied" to all three; only its words tell them apart.
            said = reason(error)
            if is_forbidden(error) and _WRONG_CODE.search(said):
                raise failures.WrongCodeError from error
            if serial and (_WRONG_DEVICE.search(said) or code_of(error) == "ValidationError"):
                raise failures.wrong_device(serial, error) from error
            if is_forbidden(error) and role:
                raise failures.role_refused(role, serial, error) from error
            raise failures.of_sts(error, role) from error
        except BotoCoreError as error:
            raise failures.of_sts(error, role) from error

    def _client(self, source: Keys) -> Any:
        return self._session.create_client(
            "sts",
            region_name=self._region,
            aws_access_key_id=source.access,
            aws_secret_access_key=source.secret,
            aws_session_token=source.token or None,
        )


class _ChainSts:
    """The one call that botocore's AssumeRoleProvider makes of an STS client."""

    def __init__(self, sessions: StsSessions, source: Keys, role_arn: str, serial: str) -> None:
        self._sessions = sessions
        self._source = source
        self._role_arn = role_arn
        self._serial = serial

    def assume_role(self, **arguments: Any) -> dict[str, Any]:
        """As boto3's STS client."""
        arguments.pop("TokenCode", None)
        if arguments["RoleArn"] == self._role_arn and self._serial and not self._source.token:
            arguments.setdefault("SerialNumber", self._serial)
        return {"Credentials": self._sessions.assume_role(self._source, arguments).answer()}
