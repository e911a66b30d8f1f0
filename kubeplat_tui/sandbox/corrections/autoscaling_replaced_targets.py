"""Auto-scaling groups: what happens to their machines later does not reach the load balancer.

An instance that replaces a terminated one is not registered, and one that scaling in terminated stays
registered. AWS keeps a group and its target groups in step (EC2 Auto Scaling user guide, "Attach an Elastic
Load Balancing load balancer"). Without this a terminated master never comes back behind the API's load
balancer.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.elbv2.models import FakeTargetGroup

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Register the replacements, and take the terminated ones out."""
    notify = method(AutoScalingBackend, "notify_terminate_instances", "instance_ids")
    mentions(AutoScalingBackend, "notify_terminate_instances", "replace_autoscaling_group_instances")
    update = method(AutoScalingBackend, "update_attached_target_groups", "group_name")
    mentions(AutoScalingBackend, "update_attached_target_groups", "target_group_arns", "elbv2_backend")
    method(FakeTargetGroup, "deregister_terminated_instances", "instance_ids")

    def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
        gone = set(instance_ids)
        hit = [
            name
            for name, group in self.autoscaling_groups.items()
            if any(state.instance.id in gone for state in group.instance_states)
        ]
        notify(self, instance_ids)
        for name in hit:
            self.update_attached_target_groups(name)

    def update_attached_target_groups(self: Any, group_name: str) -> None:
        for arn in self.autoscaling_groups[group_name].target_group_arns:
            targets = self.elbv2_backend.target_groups.get(arn)
            if targets is not None:
                instances = (self.ec2_backend.get_instance_by_id(each) for each in list(targets.targets))
                gone = [each.id for each in instances if each is not None and each.state == "terminated"]
                targets.deregister_terminated_instances(gone)
        update(self, group_name)

    replace(AutoScalingBackend, "notify_terminate_instances", notify_terminate_instances)
    replace(AutoScalingBackend, "update_attached_target_groups", update_attached_target_groups)
