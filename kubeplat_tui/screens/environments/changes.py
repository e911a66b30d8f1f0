"""Copying, renaming and deleting the environment under the cursor: what is asked, and why it may be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.screens.text_dialog import TextDialog
from kubeplat_tui.services.environments import moving
from kubeplat_tui.services.environments.model import check_free
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.widgets.confirm import ask_in_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.intents import Intents
    from kubeplat_tui.screens.base import BaseScreen
    from kubeplat_tui.services.environments import Environment
    from kubeplat_tui.services.events import Question

    Then = Callable[[str], None]
    """Gets the name of the environment that is there now, "" where one is gone."""

GROUP = "change"
"""Of workers: the list is read anew when a dialog closes, which must not take their place."""


def copy(screen: BaseScreen, name: str, then: Then) -> None:
    """Ask for the copy's name and make it."""
    intents = screen.kubeplat.intents
    screen.app.push_screen(
        TextDialog(
            f"A new environment with the settings of {name}",
            "",
            note="Buckets, networks, names and the key will be its own; what else is there can be changed "
            "under Variables.",
            verb="makes it",
            take=lambda typed: intents.copy_environment(name, typed),
            check=lambda typed: check_free(intents.workplace.environments, typed),
        ),
        lambda typed: then(typed) if typed else None,
    )


def rename(screen: BaseScreen, name: str, then: Then) -> None:
    """Ask for another name, unless something of the environment is built or that is not known."""
    intents = screen.kubeplat.intents

    def ask(_: object) -> None:
        screen.show_content()
        screen.app.push_screen(
            TextDialog(
                f"Another name for {name}",
                name,
                note="Its file, its runs, the working copy of its secrets and its entries in the keyring go along.",
                verb="renames it",
                take=lambda typed: intents.rename_environment(name, typed),
                check=lambda typed: typed == name or check_free(intents.workplace.environments, typed),
            ),
            lambda typed: then(typed) if typed else None,
        )

    screen.fetch(
        f"Looking whether anything of {name} is built", lambda: _unbuilt(intents, name), ask, group=GROUP
    )


def delete(screen: BaseScreen, name: str, then: Then) -> None:
    """Say what would go, ask for the name (twice where it is no playground), then delete it."""
    intents = screen.kubeplat.intents

    def look() -> tuple[Question, ...]:
        return moving.deletion(_unbuilt(intents, name), intents.belongings(name))

    def ask(questions: tuple[Question, ...]) -> None:
        screen.show_content()
        ask_in_turn(screen.app, questions, "Delete", do)

    def do() -> None:
        screen.fetch(f"Deleting {name}", lambda: intents.delete_environment(name), done, group=GROUP)

    def done(_: None) -> None:
        screen.app.notify(f"{name} is deleted.", markup=False)
        then("")

    screen.fetch(f"Looking whether anything of {name} is built", look, ask, group=GROUP)


def _unbuilt(intents: Intents, name: str) -> Environment:
    """The environment, where certainly nothing of it is built. Raises `KubeplatError` that says why not.

    Its states only: what else may be left in the account is looked for before anything changes.
    """
    try:
        environment = intents.environment(name)
    except InputError as error:
        raise InputError(
            f"What stands of {name} is not known, so it stays as it is.",
            why=str(error),
            todo="Correct its file under Variables.",
        ) from error
    moving.check_nothing_is_built(environment, intents.standing(name), None)
    return environment
