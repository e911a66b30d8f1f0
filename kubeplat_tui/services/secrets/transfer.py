"""Many objects at once: down, up, and their digests. The first error ends it, and no thread is left behind.

Memory is bounded: an object is asked for only while those on the way and those not yet taken by the caller have
fewer than `BYTES` together.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from kubeplat_tui.services.secrets.refusals import ConflictError
from kubeplat_tui.services.secrets.signed_requests import CutError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from kubeplat_tui.services.events import Stop
    from kubeplat_tui.services.secrets.bucket import Content, SecretsBucket
    from kubeplat_tui.services.secrets.model import Stored

PARALLEL = 96
"""Requests at once. S3 allows 5,500 reads and 3,500 writes a second for a prefix."""

FEW = 8
"""Threads to begin with. More only where answers are slow: near ones are bound by Python, whose threads then only
get into each other's way.
"""

RATE = 4000
"""Requests a second that one processor manages: what takes `t` seconds keeps `t * RATE` threads busy (Little's law)."""

BYTES = 128 * 1024 * 1024
"""What may be in memory at once."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Job = tuple[Item, int]
"""An item, and how many bytes it holds."""


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

    def get(line: SecretsBucket, stored: Stored) -> Content:
        return line.get(stored.key, stored.version, expected=stored.etag)

    return _Crew(bucket, get, lambda stored: stored.size, parallel=parallel, stop=stop).work(objects)


def upload(
    bucket: SecretsBucket,
    items: Iterable[Upload],
    *,
    parallel: int = PARALLEL,
    stop: Stop | None = None,
) -> Iterator[Stored | ConflictError]:
    """Write `items`; gives what each became as it is done. A conflict is a result and ends nothing.

    Ends early, without an error, where `stop` was requested; after another error nothing more begins. What has
    begun by then is finished and its result given; then the error is raised.
    """

    def put(line: SecretsBucket, item: Upload) -> Stored | ConflictError:
        try:
            return line.put(item.key, item.data, item.expected)
        except ConflictError as conflict:
            return conflict

    return _Crew(bucket, put, lambda item: len(item.data), parallel=parallel, stop=stop, finish=True).work(
        items
    )


def digests(
    bucket: SecretsBucket,
    keys: Collection[str],
    *,
    parallel: int = PARALLEL,
    stop: Stop | None = None,
) -> dict[str, str]:
    """The SHA-256 of each object as S3 keeps it, in hex; "" where S3 keeps none. Fewer where stopped."""

    def digest(line: SecretsBucket, key: str) -> tuple[str, str]:
        return key, line.digest(key)

    return dict(_Crew(bucket, digest, lambda _: 0, parallel=parallel, stop=stop).work(keys))


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    """What a worker hands back: a result or an error, and the bytes it accounts for."""

    cost: int
    seconds: float = 0.0
    result: Result | None = None
    error: BaseException | None = None


class _Crew(Generic[Item, Result]):
    """Threads that work off a list, for one use.

    `cost` is how many bytes an item holds. `finish`: what has begun is finished when the crew is ended early, and
    its results are given, since it changes something; otherwise it is cut.
    """

    def __init__(
        self,
        bucket: SecretsBucket,
        do: Callable[[SecretsBucket, Item], Result],
        cost: Callable[[Item], int],
        *,
        parallel: int,
        stop: Stop | None,
        finish: bool = False,
    ) -> None:
        self._bucket = bucket
        self._do = do
        self._cost = cost
        self._parallel = parallel
        self._stop = stop
        self._finish = finish
        self._todo: queue.SimpleQueue[Job[Item] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[_Done[Result] | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._quickest = 0.0

    def work(self, items: Iterable[Item]) -> Iterator[Result]:
        """The results, in the order in which they are done."""
        jobs = ((item, self._cost(item)) for item in items)
        first = next(jobs, None)
        if first is None:
            return
        self._bucket = self._bucket.apart()
        forget = self._stop.when_requested(self._interrupt) if self._stop else lambda: None
        try:
            yield from self._results(first, jobs)
        finally:
            forget()
            self._end()
            for _ in self._threads:
                self._todo.put(None)
            for thread in self._threads:
                thread.join()
            self._bucket.close()

    def _results(self, first: Job[Item], jobs: Iterator[Job[Item]]) -> Iterator[Result]:
        waiting: Job[Item] | None = first
        begun = size = 0
        failure: BaseException | None = None
        while True:
            while waiting and not self._ended.is_set() and self._room(begun, size + waiting[1]):
                self._begin(waiting)
                begun, size = begun + 1, size + waiting[1]
                try:
                    waiting = next(jobs, None)
                except Exception as error:  # noqa: BLE001 - raised below, when what has begun is told
                    failure = error
                    self._end()
            if not begun or (failure and not self._finish):
                break
            done = self._done.get()
            if done is None:
                if self._finish:
                    continue
                break
            begun, size = begun - 1, size - done.cost
            self._grow(begun, done.seconds)
            if done.error is None:
                yield done.result  # type: ignore[misc]  # without an error there is a result
            elif not (self._ended.is_set() and isinstance(done.error, CutError)):
                failure = failure or done.error
                self._end()
        if failure:
            raise failure

    def _room(self, begun: int, size: int) -> bool:
        """Whether one more may begin, `size` being all their bytes then. A large one may always be alone."""
        return not begun or (begun < 2 * self._parallel and size <= BYTES)

    def _begin(self, job: Job[Item]) -> None:
        self._todo.put(job)
        if len(self._threads) < min(FEW, self._parallel):
            self._hire()

    def _grow(self, begun: int, seconds: float) -> None:
        """Have as many threads as keep busy, now that something took `seconds`."""
        self._quickest = min(self._quickest or seconds, seconds)
        useful = min(int(self._quickest * RATE), self._parallel, begun)
        while len(self._threads) < useful and not self._ended.is_set():
            self._hire()

    def _hire(self) -> None:
        thread = threading.Thread(target=self._run, name="secrets", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _interrupt(self) -> None:
        self._end()
        self._done.put(None)

    def _end(self) -> None:
        """Let nothing more begin; what nobody needs any more is cut."""
        self._ended.set()
        self._bucket.end(at_once=not self._finish)

    def _run(self) -> None:
        while (job := self._todo.get()) is not None:
            item, cost = job
            began = time.monotonic()
            try:
                if self._ended.is_set():
                    raise CutError("The transfer was stopped.")
                result = self._do(self._bucket, item)
                self._done.put(_Done(cost, time.monotonic() - began, result))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                self._done.put(_Done(cost, time.monotonic() - began, error=error))
