"""Machines made from a launch template: moto forgets half of what the template says.

Lost are the public address and the groups of its network interface, the metadata options, and the tags of
volumes and interfaces; and the template's own root volume comes beside moto's, not in its place. So a bastion
had no public address and the volumes belonged to nobody (EC2 API, CreateLaunchTemplate,
RequestLaunchTemplateData).
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instances import InstanceBackend
from moto.ec2.utils import convert_tag_spec

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Hand moto what the template says, as though it had come with the call."""
    original = method(
        InstanceBackend, "run_instances", "image_id", "count", "user_data", "security_group_names"
    )
    mentions(
        InstanceBackend,
        "run_instances",
        "launch_template",
        "security_group_ids",
        "block_device_mappings",
        "volume",
    )
    method(InstanceBackend, "_get_template_from_args", "launch_template_arg")

    def run(
        self: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **named: Any
    ) -> Any:
        if not named.get("launch_template"):
            return original(self, image_id, count, user_data, security_group_names, **named)
        template = self._get_template_from_args(named["launch_template"]).data
        tags = convert_tag_spec(template.get("TagSpecifications") or [])
        given = named.get("tags") or {}
        named["tags"] = {**given, "volume": {**tags.get("volume", {}), **given.get("volume", {})}}
        named.update(_missing(template, named, _root_device(self, image_id or template.get("ImageId", ""))))
        reservation = original(self, image_id, count, user_data, security_group_names, **named)
        for instance in reservation.instances:
            for interface in instance.nics.values():
                interface.add_tags(tags.get("network-interface", {}))
        return reservation

    replace(InstanceBackend, "run_instances", run)


def _missing(template: dict[str, Any], named: dict[str, Any], root: str) -> dict[str, Any]:
    """What the call does not say and the template does."""
    says: dict[str, Any] = {}
    interface: dict[str, Any] = next(iter(template.get("NetworkInterfaces") or []), {})
    if named.get("associate_public_ip") is None and "AssociatePublicIpAddress" in interface:
        says["associate_public_ip"] = str(interface["AssociatePublicIpAddress"]).lower() == "true"
    groups = template.get("SecurityGroupIds") or interface.get("Groups")
    if groups and not named.get("security_group_ids"):
        says["security_group_ids"] = groups
    if template.get("MetadataOptions") and not named.get("metadata_options"):
        says["metadata_options"] = template["MetadataOptions"]
    devices = template.get("BlockDeviceMappings") or []
    # Only with the root volume among them are they all there are.
    if "block_device_mappings" not in named and any(each["DeviceName"] == root for each in devices):
        says["block_device_mappings"] = devices
    return says


def _root_device(backend: Any, image_id: str) -> str:
    images = backend.describe_images(filters={"image-id": image_id})
    return str(images[0].root_device_name) if images else "/dev/sda1"
