"""The command line with real descriptors, run in this process: bytes in, bytes out."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from kubeplat_tui import cli
from tests.unit.cli_support import Ran, Shell

if TYPE_CHECKING:
    import pytest

    from kubeplat_tui.intents import Intents
    from tests.screens.fakes import FakeIntents
    from tests.unit.ssh_verbs import Place


@dataclass(frozen=True)
class RanBytes:
    """How a command ended, and its output."""

    code: int
    out: bytes
    err: str


class SshShell:
    """Runs verbs on `place`: `run` in pipes, `at_terminal` where lines are typed at questions."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self._patch = monkeypatch
        monkeypatch.setenv("KUBEPLAT_ENVIRONMENT", place.site.environment.name)
        monkeypatch.setenv("SSH_AUTH_SOCK", "")

    def run(self, *arguments: str, typed: bytes = b"", out: int | None = None) -> RanBytes:
        """Run without a terminal; `typed` is all of stdin. `out`: a descriptor for stdout, closed at the end."""
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile("w+") as stderr,
        ):
            stdin.write(typed)
            stdin.seek(0)
            with (
                open(os.dup(output.fileno()) if out is None else out, "w") as stdout,  # noqa: PTH123 - a descriptor
                self._patch.context() as patch,
            ):
                patch.setattr(sys, "stdin", stdin)
                patch.setattr(sys, "stdout", stdout)
                patch.setattr(sys, "stderr", stderr)
                code = self._main(arguments, self.place.intents())
            output.seek(0)
            stderr.seek(0)
            return RanBytes(code, output.read(), stderr.read())

    def at_terminal(self, *arguments: str, typed: tuple[str, ...] = ()) -> Ran:
        """Run at a terminal where the lines `typed` are typed; for verbs that carry no bytes."""
        return Shell(cast("FakeIntents", self.place.intents()), self._patch).at_terminal(
            *arguments, typed=typed
        )

    @staticmethod
    def _main(arguments: tuple[str, ...], intents: Intents) -> int:
        return cli.main(arguments, make_intents=lambda: intents, open_application=lambda _: 0)
