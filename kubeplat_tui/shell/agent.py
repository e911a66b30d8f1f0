"""An ssh-agent of the shell's own, where the person has none: `agent-setup` gives it the environment's key."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SOCKET = "SSH_AUTH_SOCK"

GUARD = """
"$0" -D -a "$1" </dev/null & agent=$!
read -r _
kill "$agent"
"""
"""Ends the agent with us, however that is: our end of its input closes then."""


def own_agent(run: Path) -> Path:
    """Where the agent of the shell with the folder `run` listens."""
    return run / "agent"


@contextlib.contextmanager
def agent(environ: Mapping[str, str], run: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to an agent; none where the person has one or OpenSSH is not here. It ends
    with the shell.
    """
    program = shutil.which("ssh-agent", path=environ.get("PATH"))
    if environ.get(SOCKET) or program is None:
        yield {}
        return
    place = own_agent(run)
    process = subprocess.Popen(  # noqa: S603 - OpenSSH's own program
        ["/bin/sh", "-c", GUARD, program, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environ),
        start_new_session=True,  # the terminal's ctrl+c is not for it
    )
    try:
        yield {SOCKET: str(place)}
    finally:
        process.communicate()
