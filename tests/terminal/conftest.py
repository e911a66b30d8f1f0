"""The real program in a place of its own."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.terminal.driver import TMUX, Terminal, processes_of, until

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """A user's computer with nothing of kubeplat's on it yet."""

    folder: Path
    terminals: list[Terminal]

    @property
    def environments(self) -> Path:
        return self.folder / "environments"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "kubeplat"

    def environ(self) -> dict[str, str]:
        """What the program finds in its environment: no credentials, an empty home."""
        given = {name: os.environ[name] for name in ("PATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
        return given | {
            "HOME": str(self.folder),
            "USER": "jest",
            "LC_ALL": "C.UTF-8",
            "TERM": "screen-256color",
            "PYTHONPATH": str(CHECKOUT),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "KUBEPLAT_ENVIRONMENTS": str(self.environments),
        }

    def start(self, *arguments: str, columns: int = 100, rows: int = 30) -> Terminal:
        """Start kubeplat in a terminal."""
        terminal = Terminal(
            self.folder,
            [sys.executable, "-m", "kubeplat_tui", *arguments],
            environ=self.environ(),
            columns=columns,
            rows=rows,
        )
        self.terminals.append(terminal)
        return terminal

    def nothing_runs(self) -> bool:
        """Whether every process that was started here has ended; `cat` only holds the terminal."""
        return until(lambda: not self.running())

    def running(self) -> list[str]:
        """The command lines that still run."""
        return [
            line for line in processes_of(str(self.folder)) if "tmux" not in line and line.strip() != "cat"
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place whose terminals are closed at the end."""
    found = Place(tmp_path / "place", [])
    found.environments.mkdir(parents=True)
    for template in ("play.tfvars", "example.tfvars"):
        shutil.copy(CHECKOUT / "environments" / template, found.environments)
    yield found
    for terminal in found.terminals:
        terminal.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is below this folder; without tmux it cannot run, and says so."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.terminal)
            if TMUX is None and not os.environ.get("CI"):  # in CI a missing tmux is a failure
                item.add_marker(
                    pytest.mark.skip(reason="tmux is not installed: the real terminal is not driven")
                )
