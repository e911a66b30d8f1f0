"""How a forward stands, by what happens to it: its probes, its clients, and the connection under it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import now
from kubeplat_tui.services.ssh import forward_probe
from kubeplat_tui.services.ssh.forward_model import ForwardState, ForwardStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.ssh.forward_model import ForwardSpec

_OVER = frozenset({ForwardState.LOST, ForwardState.CLOSED})


class Standing:
    """The state of one forward. Any thread may report; `changed` is told outside of the lock."""

    def __init__(self, number: int, spec: ForwardSpec, changed: Callable[[ForwardStatus], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._status = ForwardStatus(
            number, spec, spec.bind_port, ForwardState.STARTING, 0, 0, 0, 0, None, "", now()
        )
        self._silent = False
        self._failing = False
        self._looked = 0.0
        self._end: ForwardState | None = None

    @property
    def now(self) -> ForwardStatus:
        """The status."""
        with self._lock:
            return self._status

    @property
    def ending(self) -> bool:
        """Whether it is to end, or has ended."""
        return self._end is not None

    @property
    def end(self) -> ForwardState:
        """The state that it is to end in; LOST where nobody asked for an end."""
        return self._end or ForwardState.LOST

    def due(self) -> float:
        """Seconds until it should be probed again."""
        with self._lock:
            every = forward_probe.EVERY_WHILE_FAILING if self._failing else forward_probe.EVERY
            return self._looked + every - time.monotonic()

    # --- what happened ------------------------------------------------------------------------------------------

    def bound(self, port: int) -> None:
        """It has this port."""
        with self._lock:
            self._status = replace(self._status, bound_port=port)

    def worked(self) -> None:
        """The target was opened, or the machine answered."""
        with self._lock:
            self._failing, self._looked = False, time.monotonic()
        self._weigh()

    def failed(self, why: str, *, counts: bool = True) -> None:
        """An error, as a sentence. `counts`: against the forward, not only for the client who met it."""
        with self._lock:
            if self._end is not None:
                return
            self._failing = self._failing or counts
            news = why != self._status.error
            self._status = replace(self._status, error=why)
        self._weigh(tell=news)

    def probed(self) -> None:
        """A probe has ended, one way or the other."""
        with self._lock:
            self._looked = time.monotonic()
            self._status = replace(self._status, probed=now())

    def silent(self, why: str) -> None:
        """The machine does not answer."""
        with self._lock:
            self._silent = True
            self._status = replace(self._status, error=why)
        self._weigh()

    def heard(self) -> bool:
        """The machine answers; whether it did not before."""
        with self._lock:
            was, self._silent = self._silent, False
        if was:
            self._weigh()
        return was

    def carried(self, received: int, sent: int) -> None:
        """So many more bytes."""
        with self._lock:
            status = self._status
            self._status = replace(status, received=status.received + received, sent=status.sent + sent)

    def clients(self, open_now: int, *, more: int = 0) -> None:
        """So many are there, `more` of them new."""
        with self._lock:
            self._status = replace(self._status, open_now=open_now, total=self._status.total + more)
            status = self._status
        self._changed(status)

    # --- its end ------------------------------------------------------------------------------------------------

    def ask_end(self, end: ForwardState, why: str = "") -> None:
        """It is to end so. The first who asks is heard."""
        with self._lock:
            if self._end is None:
                self._end = end
                if why:
                    self._status = replace(self._status, error=why)

    def ended(self, end: ForwardState) -> None:
        """Nothing of it is left."""
        with self._lock:
            self._end = end
        self._enter(end)

    def never_began(self, why: str) -> None:
        """It has ended before it listened, for this reason."""
        with self._lock:
            self._status = replace(self._status, error=why)
            status = self._status
        self._changed(status)

    def _weigh(self, *, tell: bool = False) -> None:
        """The state that follows from what is known; told where it is news."""
        with self._lock:
            if self._end is not None:
                return
            state = ForwardState.FAILING if self._failing or self._silent else ForwardState.OPEN
        self._enter(state, tell=tell)

    def _enter(self, state: ForwardState, *, tell: bool = False) -> None:
        with self._lock:
            before = self._status
            if before.state in _OVER and state not in _OVER:
                return
            if before.state is not state:
                self._status = replace(before, state=state, since=now())
            after = self._status
        if tell or before.state is not after.state:
            self._changed(after)
