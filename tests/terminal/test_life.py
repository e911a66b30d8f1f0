"""A person's first hour, by keys only: build the playground, look at it, take it down, leave nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.sandbox import status

if TYPE_CHECKING:
    from tests.terminal.conftest import Place
    from tests.terminal.driver import Terminal

pytestmark = [pytest.mark.sandbox, pytest.mark.xdist_group("life in a terminal")]

BUILT_WITHIN = 540.0
"""Seconds; most of them are the provider's own waits."""

LAYERS = ["bastion", *["compute"] * 3, *["secure"] * 3]


def test_build_browse_and_clean_up(place: Place) -> None:
    terminal = place.start("--playground", columns=120, rows=40)
    terminal.see("Environments (1)", "play-jest")
    terminal.press("Enter")
    terminal.see("● running", "never built")
    terminal.press("b")
    terminal.see("Nothing has been built of play-jest")
    terminal.press("b")
    for title in ("Make a KMS key for play-jest?", "Make the bucket play-jest-state-"):
        terminal.see(title)
        terminal.press("y")
    approve(terminal, "foundation")
    approve(terminal, "cluster")
    terminal.see("play-jest is built", within=BUILT_WITHIN)

    terminal.press("4")
    terminal.see("Instances (7", "play-jest-secure", "play-jest-compute", "play-jest-bastion", "10.80.10.")
    a_shell_on_a_master(terminal)
    terminal.press("5")
    terminal.see("Load balancers (2)", "internet-facing", "internal", "● active")
    # A shell beside it looks into the same sandbox.
    machines = json.loads(kubeplat(place, "instances", "--json"))["instances"]
    assert sorted(machine["layer"] for machine in machines) == LAYERS

    terminal.press("3")
    terminal.see("is built")
    terminal.press("D")
    terminal.see("Destroy play-jest?", within=BUILT_WITHIN)
    terminal.press("a")
    terminal.see("Type play-jest to go on")
    terminal.type("play-jest")
    terminal.press("Enter")
    terminal.see("play-jest is taken down: nothing is left", within=BUILT_WITHIN)
    assert json.loads(kubeplat(place, "instances", "--json"))["instances"] == []

    terminal.press("C-q")
    terminal.see("exit code 0")
    assert terminal.fact("alternate_on") == "0"
    assert place.nothing_runs(), place.running()
    assert status.status(place.state) is None


def a_shell_on_a_master(terminal: Terminal) -> None:
    """One key on the last machine of the table: through the bastion, both host keys asked for, and back."""
    terminal.press("G")
    terminal.press("s")
    for name in ("bastion", "secure"):
        terminal.see(f"Is this the host key of play-jest-{name}?", "✔ shows this key")
        terminal.press("y")
    terminal.see("● up  secure-", "[ec2-user@play-jest-secure ~]$")
    terminal.type("echo $((6 * 7)) > answer; cat answer; exit $(cat answer)")
    terminal.press("Enter")
    terminal.see("ended, exit code 42", "r Reconnect")
    terminal.press("x")
    terminal.see("Machines (7)")


def approve(terminal: Terminal, root: str) -> None:
    """Approve the plan of `root` once it can be seen."""
    terminal.see(f"Apply this plan of the {root}?", within=BUILT_WITHIN)
    terminal.press("a")
    terminal.see("Sure?")
    terminal.press("y")


def kubeplat(place: Place, *arguments: str) -> str:
    """The same from a shell."""
    return subprocess.run(
        [sys.executable, "-m", "kubeplat_tui", "--playground", *arguments],
        env=place.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
