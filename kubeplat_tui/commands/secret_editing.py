"""`secrets edit`: one secret in the person's own editor, looked at before it is saved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.edit_file import private_edit
from kubeplat_tui.services.secrets.editing import Editing, editor
from kubeplat_tui.settings import load

if TYPE_CHECKING:
    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.secrets.store import SecretStore


def edited(session: Session, store: SecretStore, key: str, data: bytes) -> bytes | None:
    """The file as it was saved in the editor; None where nothing is to be saved.

    Raises `InputError` where it is not edited by hand, or nobody sits there, `KubeplatError` where the editor fails.
    """
    refused = edit_check.refusal(key, data)
    if refused:
        raise InputError(refused)
    if not session.can_ask:
        raise InputError("There is no terminal for an editor.", todo="Nothing was changed.")
    environ = store.environ or os.environ
    command = editor(environ, load(session.intents.workplace.config).editor)
    if not command:
        raise InputError("There is no editor.", todo="Set VISUAL or EDITOR to one.")

    def ask(question: str) -> str:
        session.err.print(question, end="", soft_wrap=True)
        session.err.file.flush()
        return input()

    work = Editing(key, data, command, environ, ask)
    after = private_edit(data, key.rpartition("/")[2], work.run, environ=environ)
    if work.failure:
        raise KubeplatError(work.failure)
    return after
