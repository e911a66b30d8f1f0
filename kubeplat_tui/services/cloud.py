"""The one place that knows where an environment lives: real AWS, or the sandbox on this computer.

Everything above asks a `Cloud` for its clients and for the environment of child processes, and cannot tell which it got.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class SandboxLease(Protocol):
    """A hold on the running sandbox. It ends with the last lease (or by `kubeplat sandbox stop`)."""

    @property
    def endpoint(self) -> str:
        """The simulated AWS: `http://127.0.0.1:PORT`."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the sandbox ended although this lease was held."""
        ...

    def when_lost(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, from another thread, when the sandbox ends under this lease."""
        ...

    def close(self) -> None:
        """Give the lease back. Closing twice is allowed."""
        ...


class SandboxDoor(Protocol):
    """How a sandbox is reached; the application hands it in, so that services need not know one."""

    def open(self) -> SandboxLease:
        """Start the sandbox or join the running one.

        Raises `KubeplatError` with a sentence where its packages are missing, its port is taken or it does not start.
        """
        ...
