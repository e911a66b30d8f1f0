"""The real application on made-up machines, with a port forward that really listens.

`python -m tests.terminal.ssh_program FOLDER PORT`; its process id is in FOLDER/pid, SIGUSR1 makes it crash.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kubeplat_tui.app import KubeplatApp
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec
from kubeplat_tui.services.ssh.forwards import Forwards
from tests.screens.fake_ssh import FakeConnections
from tests.screens.fakes import FakeIntents

if TYPE_CHECKING:
    from kubeplat_tui.services.site import Site
    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.model import Questions


class Program(FakeIntents):
    """Forwards are the real ones, over connections that only seem to be there."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder / "kubeplat")
        self.connections = FakeConnections()
        self._listening = Forwards(cast("Connections", self.connections))
        self._listening.start(ForwardSpec(ForwardKind.DYNAMIC, port), cast("Questions", None))

    def forwards(self, site: Site) -> Forwards:
        """The one that listens."""
        del site
        return self._listening

    def close(self) -> None:
        """As the real ones do."""
        self._listening.close()


class Application(KubeplatApp):
    """Can be made to crash."""

    def on_mount(self) -> None:
        """SIGUSR1 is a fault of kubeplat's own."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.call_later, self.crash)

    def crash(self) -> None:
        """Raise."""
        raise RuntimeError("made to crash")


def main() -> int:
    """Open the playground's overview; `7` leads to its machines."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    (folder / "pid").write_text(str(os.getpid()))
    intents = Program(folder, port)
    app = Application(intents, start="play-jest")
    try:
        return app.run() or app.return_code or 0
    finally:
        intents.close()


if __name__ == "__main__":
    sys.exit(main())
