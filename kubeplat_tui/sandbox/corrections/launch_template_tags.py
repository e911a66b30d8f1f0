"""Launch templates: the template's own tags leak into what it tags the machines with.

Moto adds CreateLaunchTemplate's TagSpecifications to LaunchTemplateData's; Terraform then finds a block it
did not write (`tag_specifications` of type launch-template) and removes it, in every plan. In AWS the two are
separate (EC2 API, CreateLaunchTemplate: "To tag the launch template itself, you must use the TagSpecification
parameter").
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.responses.launch_templates import LaunchTemplates

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Take the template's own tags out of its data."""
    original = method(
        LaunchTemplateBackend, "create_launch_template", "name", "description", "template_data", "tag_spec"
    )
    mentions(LaunchTemplates, "create_launch_template", "TagSpecifications", "create_launch_template")

    def create(
        self: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> Any:
        specifications = template_data.get("TagSpecifications")
        if specifications is not None:
            kept = [each for each in specifications if each.get("ResourceType") != "launch-template"]
            template_data = {**template_data, "TagSpecifications": kept}
            if not kept:
                del template_data["TagSpecifications"]
        return original(self, name, description, template_data, tag_spec)

    replace(LaunchTemplateBackend, "create_launch_template", create)
