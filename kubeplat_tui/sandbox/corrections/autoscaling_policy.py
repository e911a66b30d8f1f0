"""Scaling policies: moto says nothing of Enabled, and has an empty predictive configuration.

Terraform reads the one as `enabled = false` and the other as a block to remove. AWS: Enabled is true unless
switched off (EC2 Auto Scaling API, PutScalingPolicy).
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeScalingPolicy

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Say that the policy is enabled, and leave out a predictive configuration that is empty."""
    original = method(FakeScalingPolicy, "__init__", "name", "policy_type")
    mentions(FakeScalingPolicy, "__init__", "predictive_scaling_configuration")

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.enabled = True
        self.predictive_scaling_configuration = self.predictive_scaling_configuration or None

    replace(FakeScalingPolicy, "__init__", init)
