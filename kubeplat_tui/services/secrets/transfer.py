"""Many objects at once: down, up, and their digests. The first error ends it, and no thread is left behind.

Memory is bounded: an object is asked for only while those on the way and those not yet taken by the caller have
fewer than `BYTES` together.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeplat_tui.services.secrets.refusals import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kubeplat_tui.services.events import Stop
    from kubeplat_tui.services.secrets.bucket import Content, SecretsBucket
    from kubeplat_tui.services.secrets.model import Stored

PARALLEL = 32
"""Requests at once. S3 allows 5,500 reads and 3,500 writes a second for a prefix."""

BYTES = 128 * 1024 * 1024
"""What may be in memory at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Upload:
    """An object to write. `expected` is the ETag that must be current, "" where there must be none."""

    key: str
    data: bytes
    expected: str


def download(
    bucket: SecretsBucket,
    objects: Iterable[Stored],
    *,
    parallel: int = PARALLEL,
    stop: Stop | None = None,
) -> Iterator[Content]:
    """The contents of `objects`, as they arrive. Each must still be what was listed (`ConflictError`).

    Ends early, without an error, where `stop` was requested: the caller asks it. The first error ends everything.
    Close the iterator where it is not used up.
    """

    def get(stored: Stored) -> Content:
        return bucket.get(stored.key, stored.version, expected=stored.etag)

    return _Crew(get, lambda stored: stored.size, parallel, stop).work(objects)


def upload(
    bucket: SecretsBucket,
    items: Iterable[Upload],
    *,
    parallel: int = PARALLEL,
    stop: Stop | None = None,
) -> Iterator[Stored | ConflictError]:
    """Write `items`; gives what each became as it is done. A conflict is a result and ends nothing.

    Ends early, without an error, where `stop` was requested. Any other error ends everything.
    """

    def put(item: Upload) -> Stored | ConflictError:
        try:
            return bucket.put(item.key, item.data, item.expected)
        except ConflictError as conflict:
            return conflict

    return _Crew(put, lambda item: len(item.data), parallel, stop).work(items)


def digests(
    bucket: SecretsBucket,
    keys: Collection[str],
    *,
    parallel: int = PARALLEL,
    stop: Stop | None = None,
) -> dict[str, str]:
    """The SHA-256 of each object as S3 keeps it, in hex; "" where S3 keeps none. Fewer where stopped."""

    def digest(key: str) -> tuple[str, str]:
        return key, bucket.digest(key)

    return dict(_Crew(digest, lambda _: 0, parallel, stop).work(keys))


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    """What a worker hands back: a result or an error, and the bytes it accounts for."""

    cost: int
    result: Result | None = None
    error: BaseException | None = None


class _Crew(Generic[Item, Result]):
    """Threads that work off a list. Made for one use."""

    def __init__(
        self,
        do: Callable[[Item], Result],
        cost: Callable[[Item], int],
        parallel: int,
        stop: Stop | None,
    ) -> None:
        self._do = do
        self._cost = cost
        self._parallel = parallel
        self._stop = stop
        self._todo: queue.SimpleQueue[tuple[Item, int] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done[Result] | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def work(self, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order in which they are done."""
        forget = self._stop.when_requested(self._interrupt) if self._stop else lambda: None
        try:
            yield from self._results(iter(items))
        finally:
            forget()
            self._ended.set()
            for _ in self._threads:
                self._todo.put(None)
            for thread in self._threads:
                thread.join()

    def _results(self, items: Iterator[Item]) -> Iterator[Result]:
        under_way = size = 0
        waiting = self._next(items)
        while not self._ended.is_set():
            while (
                waiting and under_way < 2 * self._parallel and (not under_way or size + waiting[1] <= BYTES)
            ):
                self._start(waiting)
                under_way, size = under_way + 1, size + waiting[1]
                waiting = self._next(items)
            if not under_way:
                return
            done = self._done.get()
            if done is None:
                return
            under_way, size = under_way - 1, size - done.cost
            if done.error is not None:
                raise done.error
            yield done.result  # type: ignore[misc]  # without an error there is a result, which may be None itself

    def _next(self, items: Iterator[Item]) -> tuple[Item, int] | None:
        for item in items:
            return item, self._cost(item)
        return None

    def _start(self, job: tuple[Item, int]) -> None:
        self._todo.put(job)
        if len(self._threads) < self._parallel:
            thread = threading.Thread(target=self._run, name="secrets", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _interrupt(self) -> None:
        self._ended.set()
        self._done.put(None)

    def _run(self) -> None:
        while (job := self._todo.get()) is not None and not self._ended.is_set():
            item, cost = job
            try:
                self._done.put(_Done(cost, self._do(item)))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                self._done.put(_Done(cost, error=error))
