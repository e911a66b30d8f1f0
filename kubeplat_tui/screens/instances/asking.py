"""What is asked before machines go or come: the environment's name is typed, outside a playground twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.services.replacement import questions
from kubeplat_tui.widgets.confirm import ConfirmDialog, ask_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.screens.instances.screen import InstancesScreen
    from kubeplat_tui.services.errors import KubeplatError
    from kubeplat_tui.services.events import Event, Stop
    from kubeplat_tui.services.replacement.targets import Termination


def ask_to_terminate(screen: InstancesScreen, looked_at: Termination) -> None:
    """Ask, then terminate and follow.

    Whether they may go at all is asked of AWS while the person types: a refusal takes the question away.
    """
    site, intents = screen.site, screen.kubeplat.intents
    ids = [machine.id for machine in looked_at.machines]

    def work(stop: Stop) -> Iterator[Event]:
        return intents.terminate(site, intents.termination(site, ids), stop)

    asked = questions.termination(site.environment, looked_at)
    doing = f"Terminating {looked_at.words}"
    ask_in_turn(screen.kubeplat, asked, "Terminate", lambda: screen.follow(doing, work))

    def refused(error: KubeplatError) -> None:
        dialog = screen.app.screen
        if isinstance(dialog, ConfirmDialog) and dialog.decision.title in {one.title for one in asked}:
            dialog.dismiss(None)
        screen.following.refused(error)

    screen.fetch(
        "Looking at the auto-scaling groups",
        lambda: intents.termination(site, ids),
        lambda _: None,
        failed=refused,
        group="look",
        quiet=True,
    )
