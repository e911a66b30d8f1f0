"""Which process this is, for those who share the state folder from elsewhere: natively, or in a container.

A process id means something in its own PID namespace only (pid_namespaces(7)), and a loopback address only in its own
network namespace (network_namespaces(7)). So a number is never signalled or taken for dead by somebody else, and is
shown together with the container that it counts in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTAINER = "KUBEPLAT_CONTAINER_NAME"
"""Set by the launcher, in the container that it starts."""


def container(environ: Mapping[str, str] | None = None) -> str:
    """The name of the container that we are in; "" natively, and in one that no launcher started."""
    return (os.environ if environ is None else environ).get(CONTAINER, "")


def process_words(process: int | str, in_container: str) -> str:
    """A process in a sentence: `4711`, or `7 in the container kubeplat-jest-4711`."""
    return f"{process} in the container {in_container}" if in_container else f"{process}"


def pid_namespace() -> str:
    """What our process ids count in, such as `4026531836`; "" where the system has only one (macOS)."""
    return _namespace("pid")


def network() -> str:
    """What our loopback addresses mean something in, told apart from every other computer's too; "" on macOS."""
    namespace = _namespace("net")
    if not namespace:
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        boot = ""
    return f"{boot}/{namespace}"


def _namespace(kind: str) -> str:
    try:
        return str(Path(f"/proc/self/ns/{kind}").stat().st_ino)
    except OSError:
        return ""
