"""What `./play.kube` adds on its second start: the launcher beside the program that it starts."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import Result, compared

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKOUT = Path(__file__).parents[1]
SAMPLES = 15
LAUNCHER = [str(CHECKOUT / "play.kube"), "version"]


def measure() -> list[Result]:
    """In turns; the first start, which makes the environment, is not measured."""
    _seconds(LAUNCHER)
    program = [_python(), "-P", "-m", "kubeplat_tui", "--playground", "version"]
    _seconds(program)
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(SAMPLES):
        peer.append(_seconds(program))
        ours.append(_seconds(LAUNCHER))
    result = compared(
        "launcher",
        "./play.kube version, second start",
        ours,
        peer,
        unit="s",
        peer_name="python -m kubeplat_tui version",
        goal="at most 0.150 s more",
    )
    added = [mine - theirs for mine, theirs in zip(ours, peer, strict=True)]
    return [
        result,
        Result(
            "launcher",
            "added by it",
            sorted(added)[SAMPLES // 2],
            "s",
            samples=SAMPLES,
            goal="at most 0.150 s",
        ),
    ]


def _seconds(command: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.monotonic() - began


def _python() -> str:
    """The Python of the launcher's environment, asked of the launcher itself."""
    script = f"""checkout={CHECKOUT}; . "$checkout/scripts/launch.sh"
        private_environment kubeplat constraints.txt sandbox; printf %s "$environment" """
    said = subprocess.run(
        ["bash", "-c", script],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return f"{said.stdout}/bin/python"
