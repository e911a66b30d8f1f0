"""Faults of kubeplat's own: a sentence for the person, the traceback in `errors.log` of the state folder."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import PRIVATE_FILE, private_folder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FILE = "errors.log"


def fault(state: Path, doing: str, error: Exception, at: datetime) -> KubeplatError:
    """The sentence for `error`, met while `doing` ("opening play-jest"); its traceback is added to the log.

    `at` is in UTC. A log that cannot be written costs the traceback, never the sentence.
    """
    log = state / FILE
    try:
        private_folder(state)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {doing}\n{''.join(traceback.format_exception(error))}\n")
        log.chmod(PRIVATE_FILE)
        todo = f"This is a fault of kubeplat. The traceback is in {log}; please report it."
    except (OSError, KubeplatError):
        todo = "This is a fault of kubeplat; please report it."
    return KubeplatError(
        f"kubeplat failed while {doing}.", why=f"{type(error).__name__}: {error}.", todo=todo
    )
