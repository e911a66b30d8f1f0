"""Deleting secrets: on which side, and then typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.screens.choice import Choice, ChoiceDialog
from kubeplat_tui.screens.secrets.moves import files
from kubeplat_tui.services.secrets.model import Side
from kubeplat_tui.widgets.confirm import ConfirmDialog, Decision
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from textual.app import App

    from kubeplat_tui.services.secrets.model import SecretFile
    from kubeplat_tui.services.secrets.store import SecretStore

WORDS = {
    (Side.HERE,): "from the working copy",
    (Side.THERE,): "from the bucket",
    (Side.THERE, Side.HERE): "from the bucket and from the working copy",
}
CHOICES = (
    Choice("here", "Here", "only the working copy's; the bucket keeps it"),
    Choice("there", "In the bucket", "its earlier versions stay and can be restored"),
    Choice("both", "Both", "here and in the bucket"),
)
SIDES = {"here": (Side.HERE,), "there": (Side.THERE,), "both": (Side.THERE, Side.HERE)}
"""The bucket first: where somebody else was quicker, nothing is deleted here either."""


def ask(
    app: App[int],
    chosen: Sequence[SecretFile],
    environment: str,
    then: Callable[[tuple[Side, ...]], None],
) -> None:
    """Ask on which side, where there are both, and for the name to be typed; then call `then` with the sides."""
    here = any(file.here is not None for file in chosen)
    there = any(file.there is not None for file in chosen)
    if not (here and there):
        _ask_to_type(app, chosen, environment, SIDES["here" if here else "there"], then)
        return

    def answered(choice: str | None) -> None:
        if choice is not None:
            _ask_to_type(app, chosen, environment, SIDES[choice], then)

    app.push_screen(ChoiceDialog(f"Delete {_named(chosen)}?", "Where?", CHOICES, danger=True), answered)


def remove(store: SecretStore, chosen: Sequence[SecretFile], sides: Sequence[Side]) -> int:
    """Delete in a worker; returns how many files. Raises `KubeplatError` where the bucket's is another one by now."""
    done: set[str] = set()
    for side in sides:
        keys = keys_on(chosen, side)
        if keys:
            store.remove(keys, side)
            done |= set(keys)
    return len(done)


def keys_on(chosen: Sequence[SecretFile], side: Side) -> list[str]:
    """The keys of those that are on this side."""
    return [file.key for file in chosen if (file.here if side is Side.HERE else file.there) is not None]


def _ask_to_type(
    app: App[int],
    chosen: Sequence[SecretFile],
    environment: str,
    sides: tuple[Side, ...],
    then: Callable[[tuple[Side, ...]], None],
) -> None:
    gone = [file for file in chosen if any(file.key in keys_on([file], side) for side in sides)]
    expected = one_line(gone[0].key.rpartition("/")[2]) if len(gone) == 1 else environment
    decision = Decision(
        f"Delete {_named(gone)} {WORDS[sides]}?",
        _consequence(gone, sides),
        [one_line(file.key) for file in gone] if len(gone) > 1 else (),
        "Delete",
        expected=expected,
        destructive=True,
    )

    def decided(answer: str | None) -> None:
        if answer == expected:
            then(sides)

    app.push_screen(ConfirmDialog(decision), decided)


def _consequence(gone: Sequence[SecretFile], sides: Collection[Side]) -> str:
    if Side.THERE in sides:
        return "Machines that boot from now on do not get it. Earlier versions stay in the bucket: v restores one."
    only_here = sum(file.there is None for file in gone)
    if not only_here:
        return "The bucket keeps it."
    if only_here == len(gone):
        return "It is nowhere else: it is gone for good."
    return (
        f"{files(only_here)} of them are nowhere else: they are gone for good. The bucket keeps the others."
    )


def _named(chosen: Sequence[SecretFile]) -> str:
    return one_line(chosen[0].key) if len(chosen) == 1 else files(len(chosen))
