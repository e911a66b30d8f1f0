"""The values a tfvars file can hold, as Python data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

type_name = {bool: "bool", str: "string", int: "number", float: "number", list: "list", dict: "object", type(None): "null"}

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""JSON-like: what Terraform accepts for a variable in a `.tfvars.json` file."""
