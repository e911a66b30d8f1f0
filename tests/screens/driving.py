"""Driving the application in tests: waiting for what it waits for, and seeing what a person would see."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from textual.worker import WorkerCancelled

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp

ROUNDS = 8
"""A worker's result may start another worker: that often it is looked again."""


async def settle(pilot: Pilot[int]) -> None:
    """Wait until every worker is done and what it delivered is shown."""
    for _ in range(ROUNDS):
        at_work = any(not worker.is_finished for worker in pilot.app.workers)
        with contextlib.suppress(WorkerCancelled):  # a newer one took its place
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        if not at_work:
            break


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, and wait for what each one starts."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def write(pilot: Pilot[int], text: str) -> None:
    """Type text into the focused field."""
    names = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", ":": "colon"}
    await pilot.press(*(names.get(character, character) for character in text))
    await settle(pilot)


def seen(app: KubeplatApp) -> str:
    """The text on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def words(app: KubeplatApp) -> str:
    """The text on the screen on one line, without frames: for sentences that may be wrapped."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", seen(app)).split())


def picture(app: KubeplatApp) -> str:
    """The screen with its colours, to be compared."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(repr([(segment.text, str(segment.style)) for segment in strip]) for strip in strips)


def notices(app: KubeplatApp) -> list[str]:
    """What notifications say."""
    return [notification.message for notification in app._notifications]
