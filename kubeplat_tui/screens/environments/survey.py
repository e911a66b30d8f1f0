"""Asks what stands of each environment: several at once, each answer shown as it comes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.environments.standing import Built, Standing
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from kubeplat_tui.screens.base import BaseScreen
    from kubeplat_tui.services.events import Stop

FRESH_SECONDS = 60
"""On the way back to the list, an answer as young as this is not asked for again."""


class Survey:
    """The rounds of questions of one screen. `take` gets each answer in the application's thread.

    The threads are few and daemons: an account that does not answer delays neither the keys, nor the other
    rows by more than its thread, nor quitting.
    """

    def __init__(self, screen: BaseScreen, take: Callable[[str, Standing], None]) -> None:
        self._screen = screen
        self._take = take
        self._stop: Stop | None = None
        self._pending: set[str] = set()
        self._answered: dict[str, datetime] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """How many answers are still waited for, beside the table's title."""
        return (f"◐ asking for {len(self._pending)}",) if self._pending else ()

    def forget(self, names: Iterable[str]) -> None:
        """The answers for these count as old from now on."""
        for name in names:
            self._answered.pop(name, None)

    def stop(self) -> None:
        """Let nothing more begin, and wait for nothing."""
        if self._stop is not None:
            self._stop.request()

    def ask(self, names: Iterable[str]) -> None:
        """Ask for those of `names` whose answer is not known or old; what is being asked goes on."""
        now = self._screen.kubeplat.now()
        wanted = [
            name
            for name in names
            if name not in self._pending
            and not (name in self._answered and (now - self._answered[name]).total_seconds() < FRESH_SECONDS)
        ]
        if not wanted:
            return
        from kubeplat_tui.services.events import Stop  # not before the first paint

        self._pending.update(wanted)
        stop = self._stop = self._stop or Stop()
        self._screen.run_worker(
            partial(self._round, wanted, stop), thread=True, group="standings", exit_on_error=False
        )

    # --- in the worker's thread ---------------------------------------------------------------------

    def _round(self, names: list[str], stop: Stop) -> None:
        from kubeplat_tui.services.crew import Stopped, in_parallel

        try:
            for name, standing in in_parallel(self._one, names, stop, grace=0):
                self._screen.post_message(Delivered(partial(self._answer, name, standing)))
        except Stopped:
            return

    def _one(self, name: str) -> tuple[str, Standing]:
        kubeplat = self._screen.kubeplat
        try:
            return name, kubeplat.intents.standing(name)
        except KubeplatError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
            problem = kubeplat.unexpected(f"asking what stands of {name}", error)
        return name, Standing(Built.UNKNOWN, why=str(problem))

    # --- in the application's thread ----------------------------------------------------------------

    def _answer(self, name: str, standing: Standing) -> None:
        self._pending.discard(name)
        self._answered[name] = self._screen.kubeplat.now()
        self._take(name, standing)
