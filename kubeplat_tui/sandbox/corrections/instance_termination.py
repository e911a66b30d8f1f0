"""Terminated instances: moto leaves interfaces and volumes attached to them, and loses some.

A secondary interface stays attached to the dead instance, and Terraform waits for ever to delete it; the
primary one is never deleted although nobody can; volumes that outlive the instance stay `in-use`. AWS
detaches what outlives an instance and deletes the rest (EC2 user guide, "Terminate Amazon EC2 instances").
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instances import Instance

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Free what outlives the instance, drop its primary interface."""
    original = method(Instance, "terminate")
    mentions(Instance, "terminate", "nics", "teardown_defaults", "delete_on_termination")
    method(Instance, "detach_eni", "eni")

    def terminate(self: Any) -> Any:
        interfaces = dict(self.nics)
        answer = original(self)
        for index, interface in interfaces.items():
            if int(index) == 0:
                # It stays in the instance's own list: DescribeInstances reads the private address there.
                self.ec2_backend.enis.pop(interface.id, None)
            elif interface.instance is not None:
                self.detach_eni(interface)
        for volume in list(self.ec2_backend.volumes.values()):
            attachment = volume.attachment
            if attachment is not None and attachment.instance is self:
                self.block_device_mapping.pop(attachment.device, None)
                volume.attachment = None
                volume.status = "available"
        return answer

    replace(Instance, "terminate", terminate)
