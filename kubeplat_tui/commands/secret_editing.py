"""`secrets edit`: one secret in the person's own editor, looked at before it is saved."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.edit_file import private_edit, run_editor
from kubeplat_tui.widgets.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.secrets.store import SecretStore

USUAL = ("vi", "vim", "nano")
SHOWN = 20
"""Problems that are listed."""


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
    work = _Editing(session, key, data, editor(environ), environ)
    after = private_edit(data, key.rpartition("/")[2], work.run, environ=environ)
    if work.failure:
        raise KubeplatError(work.failure, todo="Nothing was saved.")
    return after


def editor(environ: Mapping[str, str]) -> list[str]:
    """The command of the person's editor. Raises `InputError` where there is none."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise InputError(f"{name} cannot be read: {error}.", todo=f"Correct {name}.") from error
        if words:
            return words
    found = next((path for each in USUAL if (path := shutil.which(each, path=environ.get("PATH")))), None)
    if found is None:
        raise InputError("There is no editor.", todo="Set VISUAL or EDITOR to one.")
    return [found]


@dataclass(slots=True)
class _Editing:
    """The editor at work on one file, as often as the person wants to go back to it."""

    session: Session
    key: str
    before: bytes
    command: list[str]
    environ: Mapping[str, str]
    failure: str = ""

    def run(self, path: Path) -> int:
        """Run the editor until the file is right, or saved all the same. 0 where it is to be taken."""
        while True:
            try:
                code = run_editor(self.command, path, self.environ)
            except OSError as error:
                self.failure = f"{self.command[0]} cannot be started: {error.strerror}."
                return 1
            if code:
                self.failure = f"{self.command[0]} ended with an error ({code})."
                return code
            after = path.read_bytes() if path.is_file() else self.before
            problems = edit_check.problems(self.key, self.before, after) if after != self.before else ()
            if not problems:
                return 0
            answer = self._ask(problems, may_save=not edit_check.refusal(self.key, after))
            if answer != "e":
                return 0 if answer == "s" else 1

    def _ask(self, problems: tuple[str, ...], *, may_save: bool) -> str:
        for problem in problems[:SHOWN]:
            self.session.err.print(f"✖ {plain(problem)}", soft_wrap=True)
        choices = {"e": "edit again", "s": "save all the same", "d": "discard"}
        if not may_save:
            del choices["s"]
        words = ", ".join(f"{letter}: {word}" for letter, word in choices.items())
        while True:
            self.session.err.print(f"({words}) ", end="")
            self.session.err.file.flush()
            try:
                answer = input().strip().lower()[:1]
            except (EOFError, KeyboardInterrupt):
                return "d"
            if answer in choices:
                return answer
