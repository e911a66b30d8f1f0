"""Whether a forward would carry: its target is opened through the route and closed again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubeplat_tui.services.ssh.forward_model import ForwardKind
from kubeplat_tui.services.ssh.tunnel import hang_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.ssh.forward_model import Carrier, ForwardSpec

EVERY = 15.0
"""Seconds between two probes, and after a connection that came about."""

EVERY_WHILE_FAILING = 5.0

OPEN_SECONDS = 10.0
"""How long a target may take to accept."""


def probe(link: Carrier, spec: ForwardSpec, failed: tuple[str, int] | None = None) -> None:
    """Open the target and close it; of a SOCKS forward, ask whether the machine answers. Raises `SshError`.

    `failed` is a target that a SOCKS forward was forbidden to open: it is tried again too.
    """
    if spec.kind is ForwardKind.LOCAL:
        hang_up(link.open(spec.host, spec.port, OPEN_SECONDS))
        return
    link.ping(OPEN_SECONDS)
    if failed is not None:
        hang_up(link.open(*failed, OPEN_SECONDS))


class Watch:
    """Calls `look` again and again from a thread of its own; `wait` says in how many seconds the next is due."""

    def __init__(self, name: str, look: Callable[[], None], wait: Callable[[], float]) -> None:
        self._look = look
        self._wait = wait
        self._woken = threading.Event()
        self._now = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first look is after the first wait."""
        self._thread.start()

    def soon(self) -> None:
        """Look at once."""
        self._now = True
        self._woken.set()

    def reckon(self) -> None:
        """What `wait` says may have changed."""
        self._woken.set()

    def end(self) -> None:
        """Look no more. One that is under way ends by itself, within its own time."""
        self._ended = True
        self._woken.set()

    def join(self, seconds: float) -> None:
        """Wait for its thread, unless that is the caller's own."""
        if self._thread.ident not in {None, threading.get_ident()}:
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            self._woken.clear()  # before looking at what may have been set together with it
            if self._ended:
                return
            due = 0.0 if self._now else self._wait()
            if due > 0:
                self._woken.wait(due)
            else:
                self._now = False
                self._look()
