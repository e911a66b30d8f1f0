"""Lifecycle hooks: moto answers with a role and a queue that nobody asked for, which Terraform wants to
remove for ever.

AWS: RoleARN and NotificationTargetARN are optional and absent unless given (EC2 Auto Scaling API,
PutLifecycleHook).
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import LifecycleHook

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Leave both empty; moto does not keep the values given either."""
    original = method(LifecycleHook, "__init__", "name", "as_name", "transition", "timeout", "result")
    mentions(LifecycleHook, "__init__", "role_arn", "notification_target_arn")

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.role_arn = None
        self.notification_target_arn = None

    replace(LifecycleHook, "__init__", init)
