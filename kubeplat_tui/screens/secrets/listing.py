"""The list of the files as it is written to a CSV or JSON file: facts about them, never their contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.secrets.layout import PEOPLE, readers
from kubeplat_tui.widgets.columns import TableData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kubeplat_tui.screens.secrets.outline import Node
    from kubeplat_tui.services.values import Value

TITLES = ("Key", "State", "Size", "Modified here", "Modified there", "Expires", "Days left", "Read by")


def table(nodes: Sequence[Node], now: datetime) -> TableData:
    """The rows of these files. Sizes are bytes, times ISO 8601 in UTC."""
    raws = tuple(_row(node, now) for node in nodes)
    texts = tuple(tuple("" if value is None else str(value) for value in row) for row in raws)
    return TableData("Secrets", TITLES, texts, raws)


def _row(node: Node, now: datetime) -> tuple[Value, ...]:
    here = node.file.here if node.file is not None else None
    there = node.file.there if node.file is not None else node.stored
    days = (node.expires - now).days if node.expires is not None else None
    return (
        node.key,
        node.standing.value if node.standing is not None else "left there",
        node.size,
        here.modified.isoformat() if here is not None else None,
        there.modified.isoformat() if there is not None else None,
        node.expires.isoformat() if node.expires is not None else None,
        days,
        ", ".join(readers(node.key)) or (PEOPLE if node.file is not None else ""),
    )
