"""What a benchmark found: our figure beside a peer's, measured in the same run on the same computer."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `goal` is for the reader: nothing passes or fails by it."""

    benchmark: str
    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    goal: str = ""
    samples: int = 1
    spread: str = ""
    """The range of our samples, where there are several."""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return self.ours / self.peer if self.peer else None


def compared(
    benchmark: str,
    what: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    unit: str,
    peer_name: str,
    goal: str = "",
) -> Result:
    """The medians of two sets of samples that were taken in turns."""
    return Result(
        benchmark=benchmark,
        what=what,
        ours=statistics.median(ours),
        unit=unit,
        peer=statistics.median(peer),
        peer_name=peer_name,
        goal=goal,
        samples=len(ours),
        spread=f"{min(ours):.3g}-{max(ours):.3g}",
    )
