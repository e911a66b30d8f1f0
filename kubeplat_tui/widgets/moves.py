"""How far each movement of the keyboard goes, in every view of rows."""

from __future__ import annotations


def rows_of(how: str, page: int, count: int) -> int:
    """The rows that the movement `how` goes down, negative for up: of `count` rows, of which `page` are seen."""
    return {
        "down": 1,
        "up": -1,
        "half_down": page // 2,
        "half_up": -(page // 2),
        "page_down": page,
        "page_up": -page,
        "first": -count,
        "last": count,
    }[how]
