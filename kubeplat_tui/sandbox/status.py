"""Is a sandbox running, and end it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kubeplat_tui.sandbox.control import GoneError, Verb, ask, asked
from kubeplat_tui.sandbox.places import Places
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.whereabouts import process_words

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.cloud import SandboxStatus

__all__ = ["status", "stop"]

STOP_SECONDS = 10.0


def status(state: Path) -> SandboxStatus | None:
    """The sandbox of the state folder `state`, None where none runs.

    Only what the process itself answers counts, never a file it may have left. Raises `KubeplatError` where
    it hangs.
    """
    return ask(Places.of(state).control, Verb.STATUS)


def stop(state: Path) -> bool:
    """End the sandbox of `state`, whoever holds it, and wait until it has ended. False where none ran.

    Raises `KubeplatError` where it does not end. The process is asked, never killed by a number from a file.
    """
    try:
        with asked(Places.of(state).control, Verb.STOP) as (connection, answer):
            connection.settimeout(STOP_SECONDS)
            try:
                with contextlib.suppress(ConnectionError):
                    while connection.recv(4096):
                        pass
            except TimeoutError as error:
                words = process_words(answer.pid, answer.container)
                how = "by stopping that container." if answer.container else f"with: kill {answer.pid}"
                raise KubeplatError(
                    "The sandbox was asked to stop and did not.",
                    why=f"Process {words} still runs after {STOP_SECONDS:.0f} seconds.",
                    todo=f"Look into {answer.log}, then end it {how}",
                ) from error
    except GoneError:
        return False
    return True
