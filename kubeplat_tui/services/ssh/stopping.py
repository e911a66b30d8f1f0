"""Making a connection can be stopped at any moment, and every step of it has an end."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from kubeplat_tui.services.ssh.model import ConnectStoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

Answer = TypeVar("Answer")

POLL = 0.05
"""Seconds within which a wish to stop is noticed."""


class Stopping(Protocol):
    """A wish to stop, as `threading.Event` has it."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


class Either:
    """A wish to stop that several can have. `None` is nobody's."""

    def __init__(self, *wishes: Stopping | None) -> None:
        self._wishes = [wish for wish in wishes if wish is not None]

    def is_set(self) -> bool:
        """Whether one of them wants to stop."""
        return any(wish.is_set() for wish in self._wishes)


def check(stop: Stopping) -> None:
    """Raise `ConnectStoppedError` where somebody wants to stop."""
    if stop.is_set():
        raise ConnectStoppedError("Connecting was stopped.")


@contextlib.contextmanager
def held(lock: threading.Lock, stop: Stopping) -> Iterator[None]:
    """Have `lock` while the block runs, however long getting it takes, unless stopped."""
    check(stop)
    while not lock.acquire(timeout=POLL):
        check(stop)
    try:
        yield
    finally:
        lock.release()


def forget(_answer: object) -> None:
    """What an answer that nobody waits for any more needs, where it holds nothing."""


def unless_stopped(
    call: Callable[[], Answer], stop: Stopping, discard: Callable[[Answer], None] = forget
) -> Answer:
    """What `call` returns or raises. When stopped, it is left to itself, and what it returns is given to `discard`.

    For calls that offer no way to interrupt them: a connection being made, a question to AWS or to the keyring.
    """
    check(stop)
    made = _Made(call, discard)
    threading.Thread(target=made.run, name="ssh-call", daemon=True).start()
    while not made.done.wait(POLL):
        if stop.is_set():
            made.leave()
            check(stop)
    return made.take()


class _Made(Generic[Answer]):
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Answer], discard: Callable[[Answer], None]) -> None:
        self.done = threading.Event()
        self._call = call
        self._discard = discard
        self._lock = threading.Lock()
        self._left = False
        self._answers: list[Answer] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            answer = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        else:
            with self._lock:
                self._answers.append(answer)
                if self._left:
                    self._discard(answer)
        self.done.set()

    def leave(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._left = True
            for answer in self._answers:
                self._discard(answer)

    def take(self) -> Answer:
        """The answer, or the error."""
        if self._error is not None:
            raise self._error
        return self._answers[0]


class Watch:
    """Calls `cut` when `stop` is set or the time given is over, while the block runs. paramiko's waits end by that."""

    def __init__(self, stop: Stopping, cut: Callable[[], None]) -> None:
        self.late = False
        self._stop = stop
        self._cut = cut
        self._done = threading.Event()
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._watch, name="ssh-deadline", daemon=True)

    def give(self, seconds: float | None) -> None:
        """The next step may take `seconds` from now; None: as long as it likes."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL):
            deadline = self._deadline
            self.late = deadline is not None and time.monotonic() >= deadline
            if self.late or self._stop.is_set():
                self._cut()
                return
