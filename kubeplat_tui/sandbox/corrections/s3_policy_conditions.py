"""Bucket policies: a Deny with a Condition denies everything, and a refusal has no words.

Moto decides by effect, action and resource alone. A bucket policy that denies what is not encrypted in transit, or
with another key than ours, then refuses every PutObject. AWS denies only where all conditions hold (IAM User Guide,
"Policy evaluation logic", "IAM JSON policy elements: Condition operators"; S3 user guide, "Amazon S3 condition
keys"). Here the operators and keys below are evaluated; a Deny with any other is left out, for it holds for requests
we never make. The sandbox's door is on loopback and counts as TLS.

Moto also asks for actions that S3 does not have: a HEAD needs s3:GetObject, an upload in parts s3:PutObject (Service
Authorization Reference, "Actions defined by Amazon S3").
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace
from kubeplat_tui.sandbox.corrections.s3_request import header

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ACTIONS = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject"}
SECURE = "aws:securetransport"
HEADERS = frozenset(
    {
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-storage-class",
        "x-amz-acl",
    }
)
"""The headers that are condition keys with `s3:` in front."""


def apply() -> None:
    """Evaluate conditional denies, and say what is refused."""
    method(FakeBucket, "get_permission", "action", "resource")
    mentions(FakeBucket, "get_permission", "policy", "is_action_permitted")
    replace(FakeBucket, "get_permission", get_permission)
    respond = method(S3Response, "_key_response", "request", "full_url")
    mentions(S3Response, "_key_response", "get_permission", "DENIED")
    replace(S3Response, "_key_response", _explaining(respond))


def get_permission(self: Any, action: str, resource: str) -> Any:
    """What the bucket's policy says to this action, in the request that is being answered."""
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    statements = policy["Statement"]
    statements = [statements] if isinstance(statements, dict) else statements
    asked = [each for each in map(_decided, statements) if each is not None]
    if not asked:
        return PermissionResult.NEUTRAL
    document = json.dumps(policy | {"Statement": asked})
    return IAMPolicy(document).is_action_permitted(ACTIONS.get(action, action), resource)


def holds(conditions: dict[str, dict[str, Any]], value: Callable[[str], str | None]) -> bool | None:
    """Whether all `conditions` hold. None where one of them cannot be evaluated here.

    `value` gives a condition key's value (the key in lower case), None where the request has none.
    """
    results = []
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            known = key.lower() == SECURE or key.lower().removeprefix("s3:") in HEADERS
            listed = [str(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
            result = _compare(operator, value(key.lower()), listed) if known else None
            if result is None:
                return None
            results.append(result)
    return all(results)


def _compare(operator: str, has: str | None, wanted: Sequence[str]) -> bool | None:
    plain = operator.removesuffix("IfExists")
    if plain == "Null":
        return (has is None) in {each.lower() == "true" for each in wanted}
    positive = plain.replace("Not", "")
    if positive not in {"StringEquals", "StringLike", "Bool"}:
        return None
    if has is None:  # a negated operator is true of what is absent
        return plain != operator or plain != positive
    patterns = [_pattern(each, positive) for each in wanted]
    found = any(re.fullmatch(pattern, has, re.DOTALL) is not None for pattern in patterns)
    return found == (plain == positive)


def _pattern(text: str, operator: str) -> str:
    exact = re.escape(text)
    if operator == "Bool":
        return f"(?i:{exact})"
    return exact.replace(r"\*", ".*").replace(r"\?", ".") if operator == "StringLike" else exact


def _decided(statement: dict[str, Any]) -> dict[str, Any] | None:
    """The statement as it is to be asked, None where it says nothing about this request."""
    conditions = statement.get("Condition")
    if statement["Effect"] != "Deny" or not conditions:
        return statement
    if not holds(conditions, _value):
        return None
    return {name: part for name, part in statement.items() if name != "Condition"}


def _value(key: str) -> str | None:
    return "true" if key == SECURE else header(key.removeprefix("s3:"))


def _explaining(respond: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(respond)
    def key_response(self: Any, request: Any, full_url: str) -> Any:
        answer = respond(self, request, full_url)
        if answer != (403, {}, "") or request.method == "HEAD":  # whose answers have no body
            return answer
        action = f"s3:{request.method.title()}Object"
        raise S3ClientError(
            "AccessDenied",
            f"User: arn:aws:iam::{self.current_account}:root is not authorized to perform: "
            f"{ACTIONS.get(action, action)} on resource: "
            f'"arn:aws:s3:::{self.bucket_name}/{self.parse_key_name()}" with an explicit deny in a '
            "resource-based policy",
        )

    return key_response
