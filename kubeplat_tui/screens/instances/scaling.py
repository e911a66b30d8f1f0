"""The way from the key to another size: the pool, the number, the environment's name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kubeplat_tui.screens.choice import Choice, ChoiceDialog
from kubeplat_tui.screens.instances.scale_dialog import ScaleDialog
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.replacement import questions
from kubeplat_tui.widgets.confirm import ask_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.screens.instances.screen import InstancesScreen
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.replacement.pools import Pool, Scaling


class ScalingDialogs:
    """Belongs to one Instances screen."""

    def __init__(self, screen: InstancesScreen) -> None:
        self._screen = screen

    def begin(self, name: str) -> None:
        """Read the pools, then ask for a size: of the pool `name`, of the only one, or of one that is chosen."""
        screen = self._screen
        site, intents = screen.site, screen.kubeplat.intents
        screen.fetch(
            "Reading the pools",
            lambda: intents.pools(site),
            lambda found: self._choose(found, name),
            failed=screen.following.refused,
            group="look",
            quiet=True,
        )

    def _choose(self, found: tuple[Pool, ...], name: str) -> None:
        named = [pool for pool in found if pool.name == name] or list(found)
        if not named:
            self._screen.following.refused(
                InputError(
                    f"{self._screen.opened.name} has no pool of workers.", todo="Press 3 to go to Build."
                )
            )
        elif len(named) == 1:
            self._ask(named[0])
        else:
            self._ask_which(named)

    def _ask_which(self, found: list[Pool]) -> None:
        choices = [
            Choice(
                pool.name,
                pool.name,
                f"{pool.in_service} in service, {pool.group.smallest}-{pool.group.largest}",
            )
            for pool in found
        ]

        def chosen(name: str | None) -> None:
            pool = next((pool for pool in found if pool.name == name), None)
            if pool is not None:
                self._ask(pool)

        self._screen.app.push_screen(ChoiceDialog("Which pool?", "", choices), chosen)

    def _ask(self, pool: Pool, typed: int | None = None, problem: str = "") -> None:
        def sized(size: int | None) -> None:
            if size is not None:
                self._look(pool, size)

        self._screen.app.push_screen(ScaleDialog(pool, typed, problem), sized)

    def _look(self, pool: Pool, size: int) -> None:
        screen = self._screen
        site, intents = screen.site, screen.kubeplat.intents

        def refused(error: KubeplatError) -> None:
            if isinstance(error, InputError):
                self._ask(pool, size, str(error))
            else:
                screen.following.refused(error)

        screen.fetch(
            "Looking at the pool",
            lambda: intents.scaling(site, size, pool.name),
            self._confirm,
            failed=refused,
            group="look",
            quiet=True,
        )

    def _confirm(self, looked_at: Scaling) -> None:
        screen = self._screen
        site, intents = screen.site, screen.kubeplat.intents

        def work(stop: Stop) -> Iterator[Event]:
            return intents.scale(site, looked_at, stop)

        doing = f"Scaling {looked_at.pool.name} to {looked_at.desired}"
        asked = questions.scaling(site.environment, looked_at)
        ask_in_turn(screen.kubeplat, asked, "Scale", functools.partial(screen.follow, doing, work))
