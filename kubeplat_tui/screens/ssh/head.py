"""The line above a session: its state, whose it is, and who has the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from kubeplat_tui.actions import shown
from kubeplat_tui.screens.ssh.looks import Phase, mark
from kubeplat_tui.services.ssh.host_keys import address_of
from kubeplat_tui.widgets.cells import cut_end
from kubeplat_tui.widgets.safe_text import one_line
from kubeplat_tui.widgets.state import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kubeplat_tui.screens.ssh.session import Session

LEAST = 8
"""Cells of a machine's title below which it is left out."""


class SessionHead(Widget):
    """Left what it is; right the badges and the key that changes who has the keys."""

    DEFAULT_CSS = """
    SessionHead { height: 1; background: $panel; color: $foreground; text-wrap: nowrap; }
    """

    def __init__(self, session: Session, prefix: str, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._session = session
        self._prefix = shown(prefix)
        self._now = now
        self._typing = False
        self._keys = False
        self._members = 0

    def show(self, *, typing: bool, keys: bool, members: int) -> None:
        """`typing`: the machine has the keys; `keys`: kubeplat has them; `members` of the broadcast, 0 for none."""
        self._typing, self._keys, self._members = typing, keys, members
        self.refresh()

    def render(self) -> Content:
        """What fits: the title of the machine gives way first, then the route, then where it is."""
        session, room = self._session, self.content_size.width
        state = mark(session.standing, self._now())
        left = [
            Content.assemble(("▌" if self._typing or self._keys else " ", "$primary")),
            Content.assemble((str(state), COLOURS[state.tone]), "  ", (one_line(session.name), "bold")),
        ]
        right = self._right()
        used = sum(piece.cell_length for piece in (*left, right)) + 1
        for detail in self._details():
            if used + 2 + detail.cell_length <= room:
                left.append(Content.assemble("  ", detail))
                used += 2 + detail.cell_length
        title = one_line(session.title)
        if title and room - used - 5 >= LEAST:
            shortened = cut_end(title, room - used - 5)
            left.append(Content.assemble(("  · ", "$quiet"), (shortened, "$quiet italic")))
            used += 4 + Content(shortened).cell_length
        return Content.assemble(*left, " " * max(1, room - used + 1), right)

    def _details(self) -> list[Content]:
        session = self._session
        machine = session.machine
        where = address_of(machine)
        who = f"{session.user}@{where}" if session.user else where
        details = [Content.assemble((who, "$quiet"))]
        words = session.standing.words
        if session.phase in {Phase.CONNECTING, Phase.SILENT, Phase.LOST} and words:
            details.append(Content(one_line(words)))
        elif session.route:
            details.append(Content.assemble((one_line(session.route), "$quiet")))
        return details

    def _right(self) -> Content:
        pieces = []
        if self._session.agent:
            pieces.append(Content.assemble((" agent forwarded ", "$background on $warning")))
        if self._members:
            pieces.append(
                Content.assemble((f" ▲ BROADCAST {self._members} ", "$background on $warning bold"))
            )
        if self._typing:
            pieces.append(Content.assemble((self._prefix, "$primary bold"), (" kubeplat's keys ", "$quiet")))
        elif self._keys and self._session.live:
            pieces.append(
                Content.assemble(
                    (" KUBEPLAT HAS THE KEYS ", "$background on $primary bold"),
                    (" enter", "$primary bold"),
                    (" types ", "$quiet"),
                )
            )
        elif self._keys and self._session.phase is Phase.CONNECTING:
            pieces.append(Content.assemble(("esc", "$primary bold"), (" cancels ", "$quiet")))
        elif self._keys:
            pieces.append(
                Content.assemble(
                    ("r", "$primary bold"),
                    (" reconnects  ", "$quiet"),
                    ("x", "$primary bold"),
                    (" closes ", "$quiet"),
                )
            )
        return Content(" ").join(pieces)
