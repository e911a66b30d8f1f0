"""DescribeTags: moto has words of its own for some types.

AWS says `natgateway`, `elastic-ip` and `vpc-flow-log` (EC2 API, TagSpecification.ResourceType); the sweep
after a cleanup finds each type's listing by that word.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.tags import TagBackend

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

WORDS = {"nat-gateway": "natgateway", "vpc-elastic-ip": "elastic-ip", "flow-logs": "vpc-flow-log"}


def apply() -> None:
    """Use AWS's words, in the answer and in the filter."""
    original = method(TagBackend, "describe_tags", "filters")
    mentions(TagBackend, "describe_tags", "resource-type", "resource_type")
    back = {aws: moto for moto, aws in WORDS.items()}

    def describe_tags(self: Any, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        if filters and "resource-type" in filters:
            filters = {
                **filters,
                "resource-type": [back.get(each, each) for each in filters["resource-type"]],
            }
        tags: list[dict[str, str]] = original(self, filters)
        return [
            {**tag, "resource_type": WORDS.get(tag["resource_type"], tag["resource_type"])} for tag in tags
        ]

    replace(TagBackend, "describe_tags", describe_tags)
