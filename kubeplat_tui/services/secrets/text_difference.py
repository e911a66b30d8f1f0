"""What changed between two versions of a secret's file, line by line; the secrets masked on both sides.

Equal secrets get equal masks and others do not, so that it shows which one changed. Certificates and keys are
compared by what they say.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.secrets.masking import Numbered
from kubeplat_tui.services.secrets.preview import written
from kubeplat_tui.services.secrets.preview_model import Line, Piece, Role, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

CONTEXT = 3
"""Lines around a change."""
MOST = 2000
"""Lines that are compared: the time grows with their square."""
SAME_NUMBER = "Secrets are masked; the same number is the same value."


@dataclass(frozen=True, slots=True)
class Difference:
    """`lines` begin with `+ `, `- ` or two spaces. `hides`: there are secrets, which only `revealed` shows."""

    lines: tuple[Line, ...]
    added: int
    removed: int
    hides: bool
    same: bool = False
    """The bytes are the same."""

    @property
    def words(self) -> str:
        """How much changed: `2 lines removed, 1 added`."""
        if self.same:
            return "no difference"
        parts = [
            f"{count} {word}" for count, word in ((self.removed, "removed"), (self.added, "added")) if count
        ]
        if not parts:
            return "only the layout differs"
        first, *rest = parts
        count, word = first.split(" ")
        return ", ".join([f"{count} line{'' if count == '1' else 's'} {word}", *rest])


def difference(
    key: str, before: bytes | None, after: bytes | None, *, now: datetime, revealed: bool = False
) -> Difference:
    """What makes `after` of `before`; None where there is no file. Never raises, whatever the files hold."""
    if before == after:
        return Difference((line(("There is no difference.", Role.QUIET)),), 0, 0, hides=False, same=True)
    style = Numbered().style(revealed=revealed)
    sides = [written(key, data, style, now) if data is not None else None for data in (before, after)]
    old, new = ([*side.lines] if side is not None else [] for side in sides)
    hides = any(side is not None and side.hides for side in sides)
    changed = list(_changes(old, new))
    added = sum(one.text.startswith("+") for one in changed)
    removed = sum(one.text.startswith("-") for one in changed)
    if not changed:
        changed = [
            line(("Nothing that is shown differs: only spaces, line ends or the layout do.", Role.QUIET))
        ]
    if hides and not revealed:
        changed = [line((SAME_NUMBER, Role.QUIET)), line(), *changed]
    return Difference(tuple(changed), added, removed, hides)


def _changes(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Line]:
    """Both sides' lines with their signs, in groups with some context."""
    first, last = _common(old, new)
    low = max(0, first - CONTEXT)
    old, new = old[low : len(old) - max(0, last - CONTEXT)], new[low : len(new) - max(0, last - CONTEXT)]
    if max(len(old), len(new)) > MOST:
        yield line(
            (f"Too much differs to be matched: {len(old):,} lines before, {len(new):,} after.", Role.QUIET)
        )
        yield from (_signed("- ", one, Role.BAD) for one in old[:MOST])
        yield from (_signed("+ ", one, Role.GOOD) for one in new[:MOST])
        return
    matcher = difflib.SequenceMatcher(None, [one.text for one in old], [one.text for one in new])
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number:
            yield line(("  ⋯", Role.QUIET))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                yield from (_signed("  ", one, Role.QUIET) for one in old[old_from:old_to])
            else:
                yield from (_signed("- ", one, Role.BAD) for one in old[old_from:old_to])
                yield from (_signed("+ ", one, Role.GOOD) for one in new[new_from:new_to])


def _common(old: Sequence[Line], new: Sequence[Line]) -> tuple[int, int]:
    """How many lines are the same at the beginning, and how many more at the end."""
    shorter = min(len(old), len(new))
    first = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - first
    last = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    return first, last


def _signed(sign: str, one: Line, role: Role) -> Line:
    return Line((Piece(sign, role), *(Piece(piece.text, role) for piece in one.pieces)))
