"""Bucket policies: a Deny with a Condition denies everything.

Moto decides by effect, action and resource alone. A bucket policy that denies what is not encrypted in
transit, or what is not encrypted with our key, then refuses every PutObject. AWS denies only where the
condition holds (IAM User Guide, "Policy evaluation logic"); ours hold for requests we never make, so those
statements are left out.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Leave conditional denies out of moto's evaluation."""
    method(FakeBucket, "get_permission", "action", "resource")
    mentions(FakeBucket, "get_permission", "policy", "is_action_permitted")

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        statements = [statements] if isinstance(statements, dict) else statements
        asked = [each for each in statements if not (each["Effect"] == "Deny" and each.get("Condition"))]
        if not asked:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(policy | {"Statement": asked})).is_action_permitted(action, resource)

    replace(FakeBucket, "get_permission", get_permission)
