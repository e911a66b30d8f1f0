"""Editing a secret's file in the person's own editor, while the application steps aside."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.preview_model import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from textual.app import App

USUAL = ("vi", "vim", "nano")
NO_EDITOR = "There is no editor. Set VISUAL or EDITOR to one, or press e to edit here."
ASK = "[e] edit again, [s] save all the same, [d] discard: "


def edit_in_editor(
    app: App[Any],
    key: str,
    data: bytes,
    *,
    environ: Mapping[str, str] | None = None,
    ask: Callable[[str], str] = input,
) -> bytes | None:
    """The file as it was saved in `$VISUAL`, `$EDITOR` or vi; None where nothing is to be saved, which is said.

    Call it in the application's thread: it has the terminal until the editor ends. What was edited is looked at
    before the editor's folder is wiped; where something is wrong, `ask` puts the question below the editor.
    """
    environ = os.environ if environ is None else environ
    refused = edit_check.refusal(key, data)
    command = [] if refused else editor(environ)
    if not command:
        app.notify(refused or NO_EDITOR, severity="warning", markup=False)
        return None
    from kubeplat_tui.services.secrets.edit_file import private_edit

    session = Session(key, data, command, environ, ask)
    try:
        with app.suspend():
            edited = private_edit(data, key.rpartition("/")[2], session.run, environ=environ)
    except SuspendNotSupported:
        app.notify("This terminal cannot be lent to an editor; press e to edit here.", markup=False)
        return None
    except KubeplatError as error:
        app.notify(str(error), severity="error", markup=False)
        return None
    if session.failure or edited is None or edited == data:
        said = session.failure or f"{key} is as it was."
        app.notify(said, severity="warning" if session.failure else "information", markup=False)
        return None
    return edited


def editor(environ: Mapping[str, str]) -> list[str]:
    """The command of the person's editor; [] where there is none. Raises nothing: quotes that never end are none."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError:
            continue
        if words:
            return words
    path = environ.get("PATH")
    return next(([found] for each in USUAL if (found := shutil.which(each, path=path))), [])


@dataclass(slots=True)
class Session:
    """The editor at work on one file, as often as the person wants to go back to it."""

    key: str
    before: bytes
    command: list[str]
    environ: Mapping[str, str]
    ask: Callable[[str], str]
    failure: str = ""
    """Why nothing is to be saved, in a sentence."""

    @property
    def _name(self) -> str:
        return PurePath(self.command[0]).name

    def run(self, path: Path) -> int:
        """Run the editor on `path` until the file is right, or saved all the same. 0 where it is to be taken."""
        while True:
            code = self._edit(path)
            if code:
                return code
            after = self._saved(path)
            if after is None:
                return 1
            problems = edit_check.problems(self.key, self.before, after) if after != self.before else ()
            if not problems:
                return 0
            answer = self._answer(problems, may_save=not edit_check.refusal(self.key, after))
            if answer == "s":
                return 0
            if answer == "d":
                self.failure = f"{self.key} is as it was: what was edited is discarded."
                return 1

    def _edit(self, path: Path) -> int:
        from kubeplat_tui.services.secrets.edit_file import run_editor

        try:
            code = run_editor(self.command, path, self.environ)
        except OSError as error:
            self.failure = f"{self.command[0]} cannot be started: {error.strerror}. Nothing was saved."
            return 1
        if code:
            self.failure = f"{self._name} ended with an error ({code}): nothing was saved."
        return code

    def _saved(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except OSError:
            self.failure = f"{self._name} took the file away: nothing was saved."
            return None

    def _answer(self, problems: tuple[str, ...], *, may_save: bool) -> str:
        words = "".join(f"✖ {visible(one)}\n" for one in problems[:20])
        question = ASK if may_save else ASK.replace("[s] save all the same, ", "")
        while True:
            try:
                answer = self.ask(f"\n{words}{question}").strip().lower()[:1]
            except (EOFError, KeyboardInterrupt):
                return "d"
            if answer in {"e", "d"} or (answer == "s" and may_save):
                return answer
