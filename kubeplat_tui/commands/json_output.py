"""What programs read: typed data as JSON, its fields those of the dataclasses."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from kubeplat_tui.services.events import PlanReady
from kubeplat_tui.services.terraform.plan import Action

if TYPE_CHECKING:
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.events import Event


def plain(thing: Any) -> Any:  # noqa: PLR0911 - one return a kind of thing
    """`thing` as what `json.dumps` takes.

    Dataclasses become objects, enums their word, times ISO 8601 in UTC, paths text, `tags` an object.
    """
    match thing:
        case Action():
            return thing.word
        case Enum():
            return thing.value
        case datetime():
            return thing.isoformat()
        case PurePath():
            return str(thing)
        case dict():
            return {str(key): plain(value) for key, value in thing.items()}
        case list() | tuple():
            return [plain(item) for item in thing]
        case _ if dataclasses.is_dataclass(thing):
            return {
                field.name: _field(field.name, getattr(thing, field.name))
                for field in dataclasses.fields(thing)
            }
        case _:
            return thing


def encode(event: Event) -> str:
    """An event as a line of JSON: as in the run's journal, but a plan with its values."""
    from kubeplat_tui.services import runs

    body = runs.encoded(event)
    if isinstance(event, PlanReady):
        body["plan"] = plain(event.plan) | {"summary": event.plan.summary()}
    return json.dumps(body, ensure_ascii=False)


def failure(error: KubeplatError) -> dict[str, object]:
    """The document of a command that failed."""
    return {
        "error": {
            "what": error.what,
            "why": error.why,
            "todo": error.todo,
            "exit_code": int(error.exit_code),
        },
    }


def _field(name: str, thing: Any) -> Any:
    return dict(thing) if name == "tags" else plain(thing)
