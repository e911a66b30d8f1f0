"""The values a tfvars file can hold, as Python data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""JSON-like: what Terraform accepts for a variable in a `.tfvars.json` file."""
