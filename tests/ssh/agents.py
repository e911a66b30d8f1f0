"""A real ssh-agent (OpenSSH's) for a test."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.ssh.debian import program
from tests.ssh.farm import make_key
from tests.terminal.driver import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ssh.namespaces import Machine


class Agent:
    """An agent whose socket is in `folder`. It runs on `machine`, so it ends with that at the latest."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._machine = machine
        self.socket = folder / "socket"
        self._process = machine.start(program("ssh-agent"), "-D", "-a", self.socket)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith(b"SSH_AUTH_SOCK=")  # it listens

    def add(self, key: Path) -> None:
        """Put the private key in."""
        self._ask(str(key))

    def add_new_key(self, comment: str) -> None:
        """Put a key in that is nowhere else."""
        key = self._folder / comment
        make_key(key, comment)
        self.add(key)
        key.unlink()

    def listing(self) -> str:
        """`ssh-add -l`."""
        return self._ask("-l")

    def is_empty_within(self, seconds: float) -> bool:
        """Whether it has forgotten its keys by then."""
        return until(lambda: "ED25519" not in self.listing(), within=seconds)

    def close(self) -> None:
        """End it."""
        self._machine.kill(lambda command: f"-a {self.socket}" in command)
        self._process.communicate()

    def _ask(self, *arguments: str) -> str:
        done = subprocess.run(
            [program("ssh-add"), *arguments],
            env=os.environ | {"SSH_AUTH_SOCK": str(self.socket)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or "no identities" in done.stdout, done.stderr
        return done.stdout
