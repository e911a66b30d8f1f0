"""KMS listings: all keys and all aliases come in one page, so nobody would notice a client that reads only one.

AWS gives 100 keys or 50 aliases unless asked for another number, and a marker for the rest (KMS API, ListKeys,
ListAliases).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse

from kubeplat_tui.sandbox.corrections.internals import mentions, method, replace

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS, ALIASES = 100, 50


def apply() -> None:
    """Cut what moto answers into pages."""
    for name, field, usual in (("list_keys", "Keys", KEYS), ("list_aliases", "Aliases", ALIASES)):
        listing = method(KmsResponse, name)
        mentions(KmsResponse, name, "kms_backend", "dumps")
        replace(KmsResponse, name, _paged(listing, field, usual))


def _paged(listing: Callable[..., str], field: str, usual: int) -> Callable[..., str]:
    def page(self: Any) -> str:
        everything = json.loads(listing(self))[field]
        marker = self._get_param("Marker")
        if marker and not (marker.isdigit() and int(marker) <= len(everything)):
            raise JsonRESTError("InvalidMarkerException", "The marker is not valid.")
        start = int(marker or 0)
        end = start + (self._get_param("Limit") or usual)
        answer: dict[str, Any] = {field: everything[start:end], "Truncated": end < len(everything)}
        if answer["Truncated"]:
            answer["NextMarker"] = str(end)
        return json.dumps(answer)

    return page
