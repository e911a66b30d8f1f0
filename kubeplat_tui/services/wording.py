"""How sentences name several things."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def listed(words: Collection[str]) -> str:
    """`a`, `a and b`, `a, b and c`; at least one word."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
