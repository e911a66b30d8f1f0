"""Which environments there are, by their files' names alone: what the list shows before it has read anything.

It is asked for before the first paint, so it needs neither a parser nor a cloud.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from kubeplat_tui.services.environments.model import LONGEST_NAME, PLAYGROUND, SUFFIX, TEMPLATES
from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    """The names of the folder's environments in order; no file is read. Raises as `environment_files` does."""
    return [path.stem for path in environment_files(folder)]


def environment_files(folder: Path) -> list[Path]:
    """The environments' files in order, templates left out; none where there is no folder.

    Raises `KubeplatError` where it cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir()) if folder.exists() else []
    except OSError as error:
        raise KubeplatError(f"{folder} could not be listed.", why=f"{error.strerror or error}.") from error
    return [
        path
        for path in entries
        if path.suffix == SUFFIX
        and path.stem not in TEMPLATES
        and not path.name.startswith(".")
        and not path.is_dir()
    ]


def playground_name(user: str) -> str:
    """The name of a user's playground: `play-jest`. At most 20 letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", user).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    room = LONGEST_NAME - len(PLAYGROUND)
    return PLAYGROUND + (words[:room].strip("-") or "user")
