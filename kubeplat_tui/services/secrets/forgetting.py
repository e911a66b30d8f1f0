"""What becomes of the working copy when its bucket was destroyed: it is removed, or it stays on its own."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets.working_copy import FILES

if TYPE_CHECKING:
    from pathlib import Path

    from kubeplat_tui.services.secrets.working_copy import WorkingCopy

REPLACED = "replaced"


def forget(copy: WorkingCopy) -> int:
    """Remove the working copy with all that was kept beside it; how many files there were.

    Raises `KubeplatError` where something could not be removed: what is left is named, and the next call removes it.
    """
    with copy.lock("removing the secrets"):
        count = len(copy.files())
        for path in places(copy):
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise KubeplatError(
                    f"{error.filename or path} could not be removed.",
                    why=f"{error.strerror or error}. It may hold secrets of an environment that is gone.",
                    todo=f"Remove it: {removal(copy)}",
                ) from error
    return count


def keep_alone(copy: WorkingCopy) -> int:
    """Keep the files, and forget that they were once in step with a bucket that is gone; how many there are.

    A run that builds the environment again then uploads them as its own.
    """
    with copy.lock("keeping the secrets"):
        copy.learn(replace(copy.record, in_step={}))
        return len(copy.files())


def places(copy: WorkingCopy) -> list[Path]:
    """Everything that belongs to the working copy and exists, the files first."""
    return [copy.root, *sorted(set(copy.folder.glob(f"{FILES}.*"))), copy.folder / REPLACED]


def removal(copy: WorkingCopy) -> str:
    """The command by which a person removes it."""
    folder = shlex.quote(str(copy.folder))
    return f"rm -rf {folder}/{FILES} {folder}/{FILES}.* {folder}/{REPLACED}"
