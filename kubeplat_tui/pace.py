"""How often something that moves is drawn: less often where the link to the terminal is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.widget import Widget

SLOW = 0.5
"""Seconds between two drawings over a slow link, at least."""


def paced(widget: Widget, seconds: float) -> float:
    """The pause between two drawings of `widget`, `seconds` where the link is quick."""
    return max(seconds, SLOW) if getattr(widget.app, "slow_link", False) else seconds
