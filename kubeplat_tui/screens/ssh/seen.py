"""Sees to it that what comes into sight is told its size and painted.

Textual tells a widget its size where it was not in the map of the layout before (`Screen._refresh_layout`). That map is
also made anew when a hidden widget was refreshed (`Compositor.update_widgets`): what comes into sight then is taken for
old, told nothing and not painted. On this screen hidden tables and terminals are refreshed all the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from textual import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.geometry import Region, Size
    from textual.screen import Screen
    from textual.widget import Widget


class Seen:
    """Looks at some widgets of a screen after each layout."""

    def __init__(self, screen: Screen[None], widgets: Callable[[], Iterable[Widget]]) -> None:
        self._screen = screen
        self._widgets = widgets
        self._told: WeakKeyDictionary[Widget, Size] = WeakKeyDictionary()
        self._regions: list[Region] = []

    def watch(self) -> None:
        """From now on, while the screen is mounted."""
        self._screen.screen_layout_refresh_signal.subscribe(self._screen, self._laid_out)

    def _laid_out(self, _: object) -> None:
        widgets = list(self._widgets())
        regions = [widget.region for widget in widgets]
        if regions == self._regions:
            return
        self._regions = regions
        for widget, region in zip(widgets, regions, strict=True):
            if region and self._told.get(widget) != region.size:
                self._told[widget] = region.size
                widget.post_message(events.Resize(region.size, widget.virtual_size, widget.container_size))
        self._screen.refresh()
