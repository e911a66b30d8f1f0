"""Waiting for what a user would wait for, never for time."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

PATIENCE = 20
"""Seconds until a test gives up."""


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Let the application work until `condition` holds; fail with `what` was waited for."""
    give_up = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < give_up, f"This was waited for in vain: {what}"
        await pilot.pause(0.01)
    await pilot.pause()


def screen_text(pilot: Pilot[Any]) -> str:
    """What can be read on the screen, line by line."""
    width, height = pilot.app.size
    strips = pilot.app.screen._compositor.render_strips()
    if len(strips) != height:  # not laid out yet
        return ""
    return "\n".join(strip.text[:width].rstrip() for strip in strips)
