"""The application on its SSH screen, with machines that a test plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.screens.ssh.pane import SessionPane
from kubeplat_tui.screens.ssh.screen import SshScreen
from tests.screens.fake_ssh import FakeConnections, FakeForwards
from tests.screens.fakes import NOW, FakeIntents
from tests.screens.waiting import screen_text, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

    from kubeplat_tui.screens.ssh.session import Session
    from tests.screens.fake_ssh import FakeShell

PREFIX = "ctrl+right_square_bracket"


class World:
    """A test's machines and the application that sees them."""

    def __init__(self, folder: Path, *, settings: str = "") -> None:
        """`settings` is the text of `config.toml`."""
        self.intents = FakeIntents(folder / "kubeplat")
        if settings:
            self.intents.workplace.config.mkdir(parents=True)
            (self.intents.workplace.config / "config.toml").write_text(settings)
        self.connections = self.intents.connections = FakeConnections()
        self.forwards = self.intents.made_forwards = FakeForwards()
        self.app = KubeplatApp(self.intents, now=lambda: NOW)

    @property
    def screen(self) -> SshScreen:
        """The SSH screen of the playground."""
        screen = self.app.opened["play-jest"].screens["ssh"]
        assert isinstance(screen, SshScreen)
        return screen

    @property
    def sessions(self) -> list[Session]:
        """Its sessions."""
        return self.screen.sessions.all

    @property
    def session(self) -> Session:
        """The one that is looked at."""
        session = self.screen.sessions.session
        assert session is not None
        return session

    @property
    def shells(self) -> list[FakeShell]:
        """The machines' side of the sessions."""
        return self.connections.shells

    async def open(self, pilot: Pilot[Any]) -> None:
        """The screen with its machines."""
        await until(pilot, lambda: "play-jest" in screen_text(pilot), "the environments")
        await self.app.go("play-jest", "ssh")
        await until(pilot, lambda: "play-jest-secure" in screen_text(pilot), "the machines")

    async def shell(self, pilot: Pilot[Any], key: str = "enter") -> FakeShell:
        """A session on the machine under the cursor, up and with the keys."""
        number = len(self.shells)
        await pilot.press(key)
        await self.shell_is_up(pilot, number + 1)
        return self.shells[number]

    async def shell_is_up(self, pilot: Pilot[Any], count: int) -> None:
        """As many shells were begun, and the last one has the keys."""
        await until(pilot, lambda: len(self.shells) == count, "a shell")
        await until(pilot, lambda: self.typing, "the keys for the machine")

    async def another(self, pilot: Pilot[Any], *keys: str) -> FakeShell:
        """A second session, from the picker."""
        await pilot.press(PREFIX, "n", *keys)
        return await self.shell(pilot)

    def sizes_settled(self) -> bool:
        """Whether every machine knows the size of what is seen of it."""
        told = [(shell.sizes[-1].columns, shell.sizes[-1].rows) for shell in self.shells]
        return told == [pane.terminal.size for pane in self.screen.query(SessionPane)]

    @property
    def typing(self) -> bool:
        """Whether a machine has the keys."""
        pane = self.screen.sessions.pane
        return pane is not None and pane.typing


async def sees(pilot: Pilot[Any], words: str) -> None:
    """Wait until these words can be read."""
    await until(pilot, lambda: words in " ".join(screen_text(pilot).split()), words)
