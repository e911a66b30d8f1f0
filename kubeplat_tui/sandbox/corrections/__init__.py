"""Where moto differs from AWS so much that Terraform sees a difference: one module each, with the reason.

`terraform/` is right for AWS and knows nothing of this. Every correction first checks that the part of moto
it changes is still as it expects; the version is pinned exactly by the `sandbox` extra.
"""

from __future__ import annotations

from kubeplat_tui.sandbox.corrections import (
    autoscaling_lifecycle_hook,
    autoscaling_policy,
    autoscaling_spread,
    dhcp_options_tags,
    elb_draining,
    instance_termination,
    launch_template_tags,
    route53_private_zone,
    s3_conditional_deny,
    security_group_rule_description,
)

ALL = (
    autoscaling_lifecycle_hook,
    autoscaling_policy,
    autoscaling_spread,
    dhcp_options_tags,
    elb_draining,
    instance_termination,
    launch_template_tags,
    route53_private_zone,
    s3_conditional_deny,
    security_group_rule_description,
)

_applied: list[str] = []


def apply_all() -> None:
    """Correct the moto of this process, once. Raises `MotoChangedError` where one of them does not fit."""
    for module in ALL:
        if module.__name__ not in _applied:
            module.apply()
            _applied.append(module.__name__)
