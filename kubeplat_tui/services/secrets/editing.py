"""A secret's file in the person's own editor: as often as it takes until it is right, saved all the same, or left.

Both front ends edit by this; they differ in where the terminal comes from and where a question is put.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from kubeplat_tui.services.secrets import edit_check
from kubeplat_tui.services.secrets.preview_model import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

USUAL = ("vi", "vim", "nano")
ASK = "[e] edit again, [s] save all the same, [d] discard: "
SHOWN = 20
"""Problems that are listed."""


def editor(environ: Mapping[str, str], chosen: str = "") -> list[str]:
    """The command of the person's editor; [] where there is none. Raises nothing: quotes that never end are none.

    `chosen` is the one that the person's settings name; it goes before the variables.
    """
    for named in (chosen, environ.get("VISUAL", ""), environ.get("EDITOR", "")):
        try:
            words = shlex.split(named)
        except ValueError:
            continue
        if words:
            return words
    path = environ.get("PATH")
    return next(([found] for each in USUAL if (found := shutil.which(each, path=path))), [])


@dataclass(slots=True)
class Editing:
    """The editor at work on one file. `ask` puts a question and gives back the line that was typed."""

    key: str
    before: bytes
    command: list[str]
    environ: Mapping[str, str]
    ask: Callable[[str], str]
    failure: str = ""
    """Why nothing is to be saved although the person did not say so, in a sentence."""
    discarded: bool = False

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
                self.discarded = True
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
        words = "".join(f"✖ {visible(one)}\n" for one in problems[:SHOWN])
        question = ASK if may_save else ASK.replace("[s] save all the same, ", "")
        while True:
            try:
                answer = self.ask(f"\n{words}{question}").strip().lower()[:1]
            except (EOFError, KeyboardInterrupt):
                return "d"
            if answer in {"e", "d"} or (answer == "s" and may_save):
                return answer
