"""Launch templates: the user data of a second version breaks every machine made from it.

CreateLaunchTemplate turns the base64 text into moto's own type, CreateLaunchTemplateVersion does not, and
moto asserts that type when a machine starts: error 500 after every change of a boot script.
"""

from __future__ import annotations

from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Turn it for every version."""
    original = method(LaunchTemplate, "create_version", "data", "description")
    mentions(LaunchTemplateVersion, "user_data", "Base64EncodedString")

    def create_version(self: Any, data: dict[str, Any], description: str) -> Any:
        user_data = data.get("UserData")
        if not isinstance(user_data, Base64EncodedString):
            data = {**data, "UserData": parse_user_data(user_data)}
        return original(self, data, description)

    replace(LaunchTemplate, "create_version", create_version)
