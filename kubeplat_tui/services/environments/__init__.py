"""Environments: one `<name>.tfvars` each. Found, loaded, made, copied, renamed, removed, and written to.

Each name is brought from its module when it is first used: the screens and the command line need words of this room
long before they read a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubeplat_tui.services.environments.example import create
    from kubeplat_tui.services.environments.files import discover, load, set_value
    from kubeplat_tui.services.environments.listing import names, playground_name
    from kubeplat_tui.services.environments.model import (
        DEFAULT_REGION,
        LONGEST_NAME,
        Environment,
        Found,
    )
    from kubeplat_tui.services.environments.playground import create_playground

__all__ = [
    "DEFAULT_REGION",
    "LONGEST_NAME",
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

_MODULES = {
    "create": "example",
    "create_playground": "playground",
    "discover": "files",
    "load": "files",
    "names": "listing",
    "playground_name": "listing",
    "set_value": "files",
}
"""Where each name lives; the others are the model's."""


def __getattr__(name: str) -> Any:
    """Bring a name from its module (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'model')}"), name)
