"""The footer: the keys that work right now, read from the live bindings. It never shows a dead one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.actions import ACTIONS, Footer, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.dom import DOMNode
    from textual.screen import Screen

# Keys that Textual gives another name than Unicode does; it takes them for keys that no field consumes.
CHARACTERS = {"slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_"}
ORDER = {action.id: number for number, action in enumerate(ACTIONS)}
WEIGHT = {action.id: action.footer for action in ACTIONS}


@dataclass(frozen=True, slots=True)
class Hint:
    """A key that works, what it does, and who does it."""

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    call: str
    node: DOMNode


def live_actions(screen: Screen[object]) -> list[Hint]:
    """Every action of our table that a key of this screen would do now, in the table's order."""
    titles: Mapping[str, str] = getattr(screen, "own_titles", {})
    hints: dict[tuple[str, int], Hint] = {}
    for key, (node, binding, enabled, _) in screen.active_bindings.items():
        if not enabled or binding.id not in ORDER:
            continue
        typing = screen.focused
        if typing is not None and node is not typing and typing.check_consume_key(key, CHARACTERS.get(key)):
            continue
        at = (binding.id, id(node))
        keys = (*hints[at].keys, key) if at in hints else (key,)
        hints[at] = Hint(
            binding.id,
            keys,
            titles.get(binding.id, binding.description),
            binding.tooltip,
            binding.action,
            node,
        )
    return sorted(hints.values(), key=lambda hint: ORDER[hint.id])


class KeyFooter(Widget):
    """Draws the hints that fit. A click on one does it."""

    DEFAULT_CSS = """
    KeyFooter {
        dock: bottom; height: 1; padding: 0 1; background: $panel; color: $foreground; text-wrap: nowrap;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawn: list[tuple[int, int, Hint]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    @property
    def hints(self) -> list[Hint]:
        """What is drawn now."""
        return [hint for _, _, hint in self._drawn]

    def render(self) -> Content:
        hints = [hint for hint in live_actions(self.screen) if WEIGHT[hint.id] is not Footer.NEVER]
        width = self.content_size.width
        for weight in (Footer.WHERE_THERE_IS_ROOM, Footer.ALWAYS):
            while self._length(hints) > width and (lighter := [h for h in hints if WEIGHT[h.id] <= weight]):
                # Of two equals the one further up in the table stays, but help and quit stay to the last.
                hints.remove(
                    next(
                        (h for h in reversed(lighter) if h.id not in {"app.help", "screen.quit"}), lighter[-1]
                    )
                )
        self._drawn = []
        at = 0
        pieces: list[Content] = []
        for hint in hints:
            piece = self._piece(hint)
            self._drawn.append((at, at + piece.cell_length, hint))
            at += piece.cell_length + 2
            pieces.append(piece)
        return Content("  ").join(pieces)

    async def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset_capture(self).x
        for start, end, hint in self._drawn:
            if start <= at < end:
                await self.app.run_action(hint.call, default_namespace=hint.node)

    @staticmethod
    def _piece(hint: Hint) -> Content:
        return Content.assemble((shown(hint.keys[0]), "$primary bold"), " ", (hint.title, "$quiet"))

    def _length(self, hints: list[Hint]) -> int:
        return sum(self._piece(hint).cell_length for hint in hints) + 2 * max(0, len(hints) - 1)
