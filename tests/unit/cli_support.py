"""The command line with made-up answers, run in this process."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui import cli

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.commands.session import Session
    from tests.screens.fakes import FakeIntents


class Terminal(io.StringIO):
    """A stream that a person sits at."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Shell:
    """Runs commands on `intents`, in a pipe or at a terminal."""

    def __init__(self, intents: FakeIntents, monkeypatch: pytest.MonkeyPatch) -> None:
        self.intents = intents
        self.opened: list[str | None] = []
        self._patch = monkeypatch

    def run(self, *arguments: str) -> Ran:
        """Run without a terminal."""
        return self._run(arguments, io.StringIO(), io.StringIO(), io.StringIO())

    def at_terminal(self, *arguments: str, typed: Sequence[str] = ()) -> Ran:
        """Run at a terminal where the lines `typed` are typed."""
        stdin = Terminal("".join(f"{line}\n" for line in typed))
        return self._run(arguments, stdin, Terminal(), Terminal())

    def _run(self, arguments: Sequence[str], stdin: io.StringIO, out: io.StringIO, err: io.StringIO) -> Ran:

        def open_application(session: Session) -> int:
            self.opened.append(session.options.environment)
            return 0

        with self._patch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = cli.main(
                arguments,
                make_intents=lambda: self.intents,
                open_application=open_application,
            )
        return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that sets nothing which changes what is printed."""
    for name in ("KUBEPLAT_ENVIRONMENT", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
