"""What ends a verb that holds a terminal or a connection: ctrl+c, a shutdown, a closed window."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType
    from typing import Self

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a program (POSIX, Exit Status for Commands)."""


class EndedBySignal(BaseException):
    """Somebody asked us to end. Not an `Exception`: nothing that only expects failures may keep it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What the shell is told: 128 and the signal's number."""
        return BY_SIGNAL + self.number


class Signals:
    """Hears the first signal that asks to end, and no later one, so that nothing interrupts what tidies up.

    It raises `EndedBySignal` in the main thread, but inside `waking` it only calls: a loop there ends by itself.
    What was ignored before (`nohup`) stays so.
    """

    def __init__(self) -> None:
        self.heard: int | None = None
        self._wake: Callable[[], None] | None = None
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself gave back

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` instead of raising. Where one was heard meanwhile, `heard` has it."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = None

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self.heard is not None:
            return
        self.heard = number
        if self._wake is None:
            raise EndedBySignal(number)
        self._wake()
