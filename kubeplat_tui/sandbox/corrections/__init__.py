"""Where moto differs from AWS so much that Terraform or we would notice: one module each, with the reason.

`terraform/` and the services are right for AWS and know nothing of this. Every correction first checks that
the part of moto it changes is still as it expects; the version is pinned exactly by the `sandbox` extra.
"""

from __future__ import annotations

from kubeplat_tui.sandbox.corrections import (
    autoscaling_activities,
    autoscaling_instance_refresh,
    autoscaling_lifecycle_hook,
    autoscaling_maintenance_policy,
    autoscaling_policy,
    autoscaling_replaced_targets,
    autoscaling_spread,
    cloudtrail_delete,
    dhcp_options_tags,
    ec2_console_output,
    ec2_tag_types,
    elb_draining,
    instance_events,
    instance_termination,
    kms_key_states,
    kms_pages,
    launch_template_machines,
    launch_template_tags,
    launch_template_versions,
    network_acl_icmp,
    route53_private_zone,
    s3_checksums,
    s3_conditional_writes,
    s3_encrypted_objects,
    s3_encryption_choice,
    s3_other_region,
    s3_policy_conditions,
    s3_request,
    s3_version_listing,
    security_group_rule_description,
)

ALL = (
    autoscaling_activities,
    autoscaling_instance_refresh,
    autoscaling_lifecycle_hook,
    autoscaling_maintenance_policy,
    autoscaling_policy,
    autoscaling_replaced_targets,
    autoscaling_spread,
    cloudtrail_delete,
    dhcp_options_tags,
    ec2_console_output,
    ec2_tag_types,
    elb_draining,
    instance_events,
    instance_termination,
    kms_key_states,
    kms_pages,
    launch_template_machines,
    launch_template_tags,
    launch_template_versions,
    network_acl_icmp,
    route53_private_zone,
    s3_checksums,
    s3_conditional_writes,
    s3_encrypted_objects,
    s3_encryption_choice,
    s3_other_region,
    s3_policy_conditions,
    s3_request,
    s3_version_listing,
    security_group_rule_description,
)

_applied: set[str] = set()


def apply_all() -> None:
    """Correct the moto of this process, once. Raises `MotoChangedError` where one of them does not fit."""
    for module in ALL:
        if module.__name__ not in _applied:
            module.apply()
            _applied.add(module.__name__)
