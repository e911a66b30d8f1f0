"""`edit`: one object in the user's editor. What was typed is never lost, and nothing unseen is overwritten."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kubeplat_tui.kmsctl.objects import ChangedError
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import Workplace, write_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kubeplat_tui.kmsctl.objects import Objects
    from kubeplat_tui.kmsctl.work import Work


def edit_one(work: Work, objects: Objects, key: str, editor: str, encrypting_key: Callable[[], str]) -> None:
    """Read, have edited, write back under the key it had (`encrypting_key` for one that had none or is new).

    Raises `KubeplatError`; what was typed is then in a private file that the sentence names.
    """
    from kubeplat_tui.services.secrets.edit_file import private_edit

    before = objects.read(key)
    if before is None:
        work.note(f"{key} is not in the bucket {objects.name} yet")
    key_arn = (before.key_arn if before else "") or encrypting_key()
    old = before.data if before else b""
    new = private_edit(
        old, PurePosixPath(key).name or "file", lambda path: _run(work, editor, path), environ=work.environ
    )
    if new is None:
        work.note(f"s3://{objects.name}/{key} was not changed")
        return
    try:
        objects.replace(key, new, key_arn, before)
    except KubeplatError as error:
        kept = _keep(work, key, new)
        meanwhile = isinstance(error, ChangedError)
        raise KubeplatError(
            error.what,
            why=f"{error.why} Your text is in {kept}, readable by you only; the bucket has the other's."
            if meanwhile
            else f"{error.why} Your text is in {kept}, readable by you only.",
            todo=f"Edit {key} again with what is needed of it, then remove {kept}."
            if meanwhile
            else f"{error.todo} Then put it with kmsctl put, and remove it here.",
        ) from error
    work.records.add(
        f"successfully edited and uploaded file: s3://{objects.name}/{key}",
        {"action": "put", "key": key, "bucket": objects.name},
    )


def _run(work: Work, editor: str, path: Path) -> int:
    from kubeplat_tui.services.secrets.edit_file import run_editor

    try:
        return run_editor(shlex.split(editor) or ["vi"], path, work.environ)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The editor {editor} cannot be started.", why=f"{error}.", todo="Name another one with --editor."
        ) from error


def _keep(work: Work, key: str, text: bytes) -> Path:
    folder = Workplace.from_environment(work.environ).state / "kmsctl"
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{PurePosixPath(key).name}"
    write_private(path, text)
    return path
