"""What AWS answers when it does not do a thing, as sentences.

Source of the codes: "Common errors" of the AWS APIs, "Error codes for the Amazon EC2 API", botocore's
exceptions.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORBIDDEN = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnauthorizedOperation",
    }
)
ABSENT = frozenset(
    {
        "404",
        "LoadBalancerNotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchTagSet",
        "NotFound",
        "NotFoundException",
        "TargetGroupNotFound",
    }
)
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
BAD_CREDENTIALS = EXPIRED | {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

SKEWED = frozenset({"RequestInTheFuture", "RequestTimeTooSkewed"})
"""The clock itself is what is wrong."""

SKEW_SECONDS = 4 * 60
"""AWS takes signatures for five minutes (S3: fifteen): a clock further off explains a refusal."""

_PERMISSION = re.compile(r"not authorized to perform:?\s+([A-Za-z0-9-]+:[A-Za-z0-9*]+)")
_CANONICAL = re.compile(r"\s*The (?:Canonical String|String-to-Sign) for this request.*", re.DOTALL)
"""A refused signature is explained with the whole request: the session token stands in it."""
_KEY_ID = re.compile(r"\b(A[A-Z]{3})[A-Z0-9]{8,}([A-Z0-9]{4})\b")
_SECRET = re.compile(
    r"(?<![A-Za-z0-9+/=])(?=[A-Za-z0-9+/=]*[0-9])(?=[A-Za-z0-9+/=]*[a-z])(?=[A-Za-z0-9+/=]*[A-Z])[A-Za-z0-9+/=]{38,}"
)
_WRONG_TIME = re.compile(r"Signature (?:expired|not yet current)")
_EXPIRED_WORDS = re.compile(
    rf"\b(?:{'|'.join(sorted(EXPIRED))})\b|security token included in the request is expired"
    r"|SSO session has expired|refresh cached SSO token failed|failed to refresh cached credentials"
)
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)


class AwsError(KubeplatError):
    """AWS did not do what it was asked.

    `call` is the API operation ("" where it never got there), `code` AWS's own word for the error.
    """

    def __init__(self, what: str, *, why: str = "", todo: str = "", call: str = "", code: str = "") -> None:
        super().__init__(what, why=why, todo=todo)
        self.call = call
        self.code = code


class ForbiddenError(AwsError):
    """The identity is known and may not do this."""


class ThrottledError(AwsError):
    """Too many requests; trying again later helps."""


class UnreachableError(AwsError):
    """No answer: the network, a proxy, or a sandbox that ended."""


class CredentialsError(AwsError):
    """There are no credentials, they have expired, or AWS does not accept them."""


class ClockError(CredentialsError):
    """AWS does not take a signature of this time of the day."""


class RegionError(AwsError):
    """The region does not exist, or the account has not enabled it."""


@contextlib.contextmanager
def aws_call(doing: str) -> Iterator[None]:
    """Turn botocore's errors in this block into sentences. `doing` as in `translated`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translated(error, doing=doing) from error


def translated(error: Exception, *, doing: str) -> KubeplatError:
    """The sentence for `error`, a botocore `ClientError` or `BotoCoreError`.

    `doing` says what was tried and completes "… failed", e.g. `Listing the instances`.
    """
    if isinstance(error, KubeplatError):
        return error
    kind, code, call = kind_of(error), code_of(error), call_of(error)
    if _is_clock(error, kind):
        return ClockError(
            f"{doing} failed: this computer's clock is wrong.",
            why=clock_words(seconds_ahead(getattr(error, "response", None) or {})),
            todo="Set it (timedatectl set-ntp true, or the system's settings), then try again.",
            call=call,
            code=code,
        )
    if kind is ForbiddenError:
        what = f"{doing} is not allowed: AWS refused {call}."
    elif kind is ThrottledError:
        what = f"{doing} failed: AWS limits how fast it may be asked."
    elif kind is UnreachableError:
        what = f"{doing} failed: AWS could not be reached."
    elif kind is CredentialsError and code in EXPIRED:
        what = f"{doing} failed: the AWS credentials have expired."
    elif kind is CredentialsError:
        what = f"{doing} failed: there are no AWS credentials that are accepted."
    else:
        what = f"{doing} failed: AWS answered {code} to {call}." if code else f"{doing} failed."
    return kind(what, why=reason(error), todo=_todo(kind, error), call=call, code=code)


def kind_of(error: Exception) -> type[AwsError]:
    """Which of the errors above a botocore error is."""
    from botocore import exceptions as boto

    code = code_of(error)
    for kind, codes in (
        (ForbiddenError, FORBIDDEN),
        (CredentialsError, BAD_CREDENTIALS),
        (ThrottledError, THROTTLED),
    ):
        if code in codes:
            return kind
    credentials = (
        boto.CredentialRetrievalError,
        boto.NoAuthTokenError,
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.SSOError,
        boto.TokenRetrievalError,
    )
    if isinstance(error, credentials):
        return CredentialsError
    # A connection that could not be made, broke, or said nothing for too long.
    if isinstance(error, (boto.HTTPClientError, boto.ConnectionError)):
        return UnreachableError
    return AwsError


def code_of(error: Exception) -> str:
    """AWS's error code (`AccessDenied`), "" where AWS did not answer at all."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def call_of(error: Exception) -> str:
    """The API operation that failed (`DescribeInstances`), "" where AWS was not asked."""
    return str(getattr(error, "operation_name", ""))


def is_forbidden(error: Exception) -> bool:
    """Whether AWS said that these credentials may not."""
    return code_of(error) in FORBIDDEN


def is_absent(error: Exception) -> bool:
    """Whether AWS said that the thing does not exist."""
    return code_of(error) in ABSENT


def reason(error: Exception) -> str:
    """What AWS or botocore says, as a sentence: without the blob that only AWS can read, and without any key."""
    response = getattr(error, "response", None) or {}
    said = str(response.get("Error", {}).get("Message") or "") if response else str(error)
    said = one_line(_ENCODED.sub("", said)) or "It gave no reason"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _todo(kind: type[AwsError], error: Exception) -> str:
    if kind is ForbiddenError:
        permission = _PERMISSION.search(reason(error))
        needed = permission[1] if permission else call_of(error)
        return f"Ask the owner of the account for the permission {needed}, or use other credentials."
    if kind is CredentialsError:
        if code_of(error) in EXPIRED:
            return (
                "Renew them: kubeplat credentials --renew; where it says that it cannot, get new ones there."
            )
        return "kubeplat credentials says where they come from and what is wrong with them."
    if kind is ThrottledError:
        return "Wait a moment, then try again."
    return "Check the network, then try again." if kind is UnreachableError else ""


def one_line(said: str) -> str:
    """What a program said, on one line, with what may be a key or token cut out of it."""
    return without_keys(" ".join(said.split()))


def without_keys(said: str) -> str:
    """What a program said, with what may be a key or token cut out of it; access key ids are masked."""
    plain = _KEY_ID.sub(lambda found: f"{found[1]}…{found[2]}", _CANONICAL.sub("", said))
    return _SECRET.sub("…", plain)


def tells_expiry(said: str) -> bool:
    """Whether what Terraform says means that the AWS session has ended."""
    return _EXPIRED_WORDS.search(said) is not None


def seconds_ahead(response: Mapping[str, Any]) -> float | None:
    """How far AWS's clock is ahead of this computer's, by an answer's Date; None where it has none."""
    from email.utils import parsedate_to_datetime

    from kubeplat_tui.services.events import now

    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        at = parsedate_to_datetime(str(headers["date"]))
    except (KeyError, ValueError):
        return None
    return (at - now()).total_seconds() if at.tzinfo is not None else None


def clock_words(ahead: float | None) -> str:
    """How wrong this computer's clock is, as a sentence."""
    from kubeplat_tui.services.runs import age_words

    if ahead is None:
        return "AWS did not say its own time."
    return f"It is {age_words(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} AWS's."


def _is_clock(error: Exception, kind: type[AwsError]) -> bool:
    code = code_of(error)
    if code in SKEWED:
        return True
    if kind is not CredentialsError or not code:
        return False
    ahead = seconds_ahead(getattr(error, "response", None) or {})
    far = ahead is not None and abs(ahead) > SKEW_SECONDS
    return far or _WRONG_TIME.search(reason(error)) is not None
