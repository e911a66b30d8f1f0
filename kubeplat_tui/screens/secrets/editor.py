"""Editing a secret's file in the person's own editor, while the application steps aside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.editing import Editing, editor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App

NO_EDITOR = "There is no editor. Set VISUAL or EDITOR to one, or press e to edit here."


def edit_in_editor(
    app: App[Any],
    key: str,
    data: bytes,
    *,
    environ: Mapping[str, str] | None = None,
    chosen: str = "",
    ask: Callable[[str], str] = input,
) -> bytes | None:
    """The file as it was saved in the editor; None where nothing is to be saved, which is said.

    The editor is `chosen` (the settings' own), else `$VISUAL`, `$EDITOR` or vi.
    Call it in the application's thread: it has the terminal until the editor ends. What was edited is looked at
    before the editor's folder is wiped; where something is wrong, `ask` puts the question below the editor.
    """
    environ = os.environ if environ is None else environ
    refused = edit_check.refusal(key, data)
    command = [] if refused else editor(environ, chosen)
    if not command:
        app.notify(refused or NO_EDITOR, severity="warning", markup=False)
        return None
    from kubeplat_tui.services.secrets.edit_file import private_edit

    work = Editing(key, data, command, environ, ask)
    try:
        with app.suspend():
            edited = private_edit(data, key.rpartition("/")[2], work.run, environ=environ)
    except SuspendNotSupported:
        app.notify("This terminal cannot be lent to an editor; press e to edit here.", markup=False)
        return None
    except KubeplatError as error:
        app.notify(str(error), severity="error", markup=False)
        return None
    if edited is None:
        as_it_was = f"{key} is as it was{': what was edited is discarded' if work.discarded else ''}."
        bad = work.failure or work.discarded
        app.notify(work.failure or as_it_was, severity="warning" if bad else "information", markup=False)
    return edited
