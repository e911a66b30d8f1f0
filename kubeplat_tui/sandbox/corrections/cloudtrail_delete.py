"""CloudTrail: a trail that is deleted by its ARN stays, in silence.

The API takes a name or an ARN (CloudTrail API, DeleteTrail), and Terraform sends the ARN; moto looks for the
name only.
"""

from __future__ import annotations

from typing import Any

from moto.cloudtrail.models import CloudTrailBackend

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace


def apply() -> None:
    """Look the trail up as moto's other calls do; one that does not exist is said to be absent."""
    method(CloudTrailBackend, "delete_trail", "name")
    mentions(CloudTrailBackend, "delete_trail", "trails")
    method(CloudTrailBackend, "get_trail", "name_or_arn")

    def delete_trail(self: Any, name: str) -> None:
        del self.trails[self.get_trail(name).trail_name]

    replace(CloudTrailBackend, "delete_trail", delete_trail)
