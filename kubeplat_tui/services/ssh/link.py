"""A logged-in SSH connection that knows how it stands: it pings the other end, and says when answers stay away."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.services.events import now
from kubeplat_tui.services.ssh.model import LinkState, LinkStatus, SshError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.ssh.transport import SshTransport

logger = logging.getLogger("kubeplat.ssh")

JOIN_SECONDS = 2.0
"""How long closing waits for a thread that has been woken."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. After `ping` without a byte from the other end it is asked for an answer; `silent` and `lost` count
    from that question.
    """

    ping: float = 5.0
    silent: float = 6.0
    lost: float = 20.0


PACE = Pace()


class Link:
    """The connection to `name` over `transport`, which is logged in. Threads of its own: one that watches."""

    def __init__(
        self, transport: SshTransport, name: str, pace: Pace = PACE, cause: Callable[[], str] | None = None
    ) -> None:
        """`cause` says why what carries the connection ended, "" where it did not."""
        self.transport = transport
        self.name = name
        self.ended = threading.Event()
        """Set when it is LOST or CLOSED, after its status was."""
        self._pace = pace
        self._cause = cause
        self._status = LinkStatus(LinkState.UP, now())
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._callbacks: list[Callable[[LinkStatus], None]] = []
        self._wake = threading.Event()
        self._asked: float | None = None
        self._asked_last = 0.0
        self._asking: threading.Thread | None = None
        self._unasked: deque[threading.Event] = deque()
        self._watcher = threading.Thread(target=self._watch, name=f"ssh-watch {name}", daemon=True)
        transport.when_ended = self._transport_ended
        self._watcher.start()
        if not transport.is_active():  # it ended before anybody listened
            self._transport_ended()

    @property
    def status(self) -> LinkStatus:
        """How it stands."""
        return self._status

    @property
    def usable(self) -> bool:
        """Whether it is neither lost nor closed."""
        return self._status.state in {LinkState.UP, LinkState.SILENT}

    def when_changed(self, callback: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Call `callback` at every change, from another thread; returns how to stop that."""
        with self._lock:
            self._callbacks.append(callback)

        def stop() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return stop

    def ping(self, seconds: float) -> float:
        """Seconds to the other end and back. Raises `SshError` where no answer comes within `seconds`."""
        begun = time.monotonic()
        answered = self._ask()
        while not answered.wait(0.1 if time.monotonic() - begun + 0.1 < seconds else 0.01):
            if self.ended.is_set():
                raise SshError(f"The connection to {self.name} is gone.", why=self.status.why)
            if time.monotonic() - begun >= seconds:
                raise SshError(f"{self.name} did not answer within {seconds:g} seconds.")
        return time.monotonic() - begun

    def retire(self) -> None:
        """Count as closed: what happens to it from now on is nobody's loss."""
        self._become(LinkState.CLOSED)
        self._wake.set()

    def close(self) -> None:
        """End it, and its threads."""
        self.retire()
        self.transport.end()
        for thread in (self.transport, self._watcher, self._asking):
            if thread is not None and thread is not threading.current_thread() and thread.is_alive():
                thread.join(JOIN_SECONDS)

    # --- watching -----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while self.usable:
            self._wake.wait(self._look())

    def _look(self) -> float:
        """Judge by what was heard; the seconds until there is something to judge again."""
        moment, heard = time.monotonic(), self.transport.stream.heard
        if self._asked is not None and heard >= self._asked:
            self._asked = None
        if self._asked is None:
            if self._status.state is LinkState.SILENT:
                self._become(LinkState.UP)
            if moment - heard < self._pace.ping:
                return self._pace.ping - (moment - heard)
            self._asked = self._asked_last = moment
            self._ask()
            return self._pace.silent
        if moment - self._asked_last >= self._pace.ping:
            self._asked_last = moment
            self._ask()
        silent_for = moment - self._asked
        if silent_for >= self._pace.lost:
            why = f"{self.name} has not answered for {moment - heard:.0f} seconds."
            self._become(LinkState.LOST, why)
            self.transport.end()
            return 0
        if silent_for >= self._pace.silent:
            self._become(LinkState.SILENT, f"{self.name} has not answered for {moment - heard:.0f} seconds.")
        return min(self._pace.ping / 5, self._pace.lost - silent_for)

    def _ask(self) -> threading.Event:
        """Ask for an answer, in a thread of its own: with the network gone, even asking may block."""
        answered = threading.Event()
        with self._lock:
            self._unasked.append(answered)
            if self._asking is None:
                self._asking = threading.Thread(target=self._send, name=f"ssh-ping {self.name}", daemon=True)
                self._asking.start()
        return answered

    def _send(self) -> None:
        from paramiko.ssh_exception import SSHException

        while True:
            with self._lock:
                if not self._unasked:
                    self._asking = None
                    return
                answered = self._unasked.popleft()
            with contextlib.suppress(SSHException, EOFError, OSError):
                self.transport.ask(answered)

    def _transport_ended(self) -> None:
        why = self._cause() if self._cause is not None else ""
        if not why:
            said = self.transport.why()
            why = f"The connection to {self.name} ended: {said.rstrip('.')}." if said else ""
        self._become(LinkState.LOST, why or f"{self.name} closed the connection.")
        self._wake.set()

    def _become(self, state: LinkState, why: str = "") -> None:
        with self._telling:  # changes are told in the order in which they happen
            with self._lock:
                before = self._status.state
                if before in {LinkState.LOST, LinkState.CLOSED} or before is state:
                    return
                self._status = LinkStatus(state, now(), why)
                callbacks = list(self._callbacks)
            if state in {LinkState.LOST, LinkState.CLOSED}:
                self.ended.set()
            for callback in callbacks:
                try:
                    callback(self._status)
                except Exception:  # a front end's mistake must not end the watching
                    logger.exception("A listener of the connection to %s failed", self.name)
