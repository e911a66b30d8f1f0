"""Environments: one `<name>.tfvars` each. Found, loaded, made, copied, renamed, removed, and written to."""

from kubeplat_tui.services.environments.example import create
from kubeplat_tui.services.environments.files import discover, load, names, set_value
from kubeplat_tui.services.environments.model import (
    DEFAULT_REGION,
    LONGEST_NAME,
    PLAYGROUND,
    RESERVED,
    SUFFIX,
    TEMPLATES,
    Environment,
    Found,
)
from kubeplat_tui.services.environments.playground import create_playground, playground_name

__all__ = [
    "DEFAULT_REGION",
    "LONGEST_NAME",
    "PLAYGROUND",
    "RESERVED",
    "SUFFIX",
    "TEMPLATES",
    "Environment",
    "Found",
    "create",
    "create_playground",
    "discover",
    "load",
    "names",
    "playground_name",
    "set_value",
]
