"""The columns of the secrets' tree: how wide they are, and which give way where there is little room."""

from __future__ import annotations

from rich.cells import cell_len

from kubeplat_tui.widgets.cells import cut_end

GAP = 2
STATE, SIZE, AGE, EXPIRES = "State", "Size", "Age", "Expires"
WIDTHS = {STATE: 15, SIZE: 7, AGE: 6, EXPIRES: 9}
RIGHT = {SIZE, AGE, EXPIRES}
GIVE_WAY = (AGE, SIZE)
"""The columns that go, in this order, where names would have less than `NAME` cells."""
NAME = 24


def columns(width: int) -> list[str]:
    """The columns beside the name that have room in `width` cells."""
    kept = list(WIDTHS)
    for column in GIVE_WAY:
        if name_width(width, kept) < NAME:
            kept.remove(column)
    return kept


def name_width(width: int, kept: list[str]) -> int:
    """The cells that are left for the name."""
    return width - sum(WIDTHS[column] + GAP for column in kept)


def cell(column: str, text: str) -> str:
    """A cell of a column in its width."""
    cut = cut_end(text, WIDTHS[column])
    room = " " * (WIDTHS[column] - cell_len(cut))
    return room + cut if column in RIGHT else cut + room
