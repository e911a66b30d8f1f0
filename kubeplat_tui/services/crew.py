"""Several things at once, of which a stop does not wait for the slowest.

The threads are daemons: one that hangs in a dead network does not keep the process from ending.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubeplat_tui.services.events import Stop

PARALLEL = 8
"""Below boto3's ten connections."""

GRACE_SECONDS = 2.0
"""How long a stop waits for what notices it."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked
    """Somebody asked to stop."""


def in_parallel(
    do: Callable[[Item], Result],
    items: Iterable[Item],
    stop: Stop,
    parallel: int = PARALLEL,
    grace: float = GRACE_SECONDS,
) -> Iterator[Result]:
    """What `do` gives for each item, as it is done. The first error ends it; a stop raises `Stopped`.

    A stop waits `grace` seconds for each thread: 0 where nothing that it does needs an end.
    """
    todo: queue.SimpleQueue[Item] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None] | None] = queue.SimpleQueue()
    ended = threading.Event()
    for item in items:
        todo.put(item)
    count = todo.qsize()

    def run() -> None:
        with contextlib.suppress(queue.Empty):
            while not (ended.is_set() or stop.requested):
                done.put(_outcome(do, todo.get_nowait()))

    threads = [threading.Thread(target=run, name="crew", daemon=True) for _ in range(min(parallel, count))]
    forget = stop.when_requested(lambda: done.put(None))
    try:
        for thread in threads:
            thread.start()
        for _ in range(count):
            told = done.get()
            if told is None or stop.requested:
                raise Stopped
            result, error = told
            if error is not None:
                raise error
            yield result  # type: ignore[misc]  # without an error there is a result, which may be None itself
    finally:
        forget()
        ended.set()
        for thread in threads:
            thread.join(grace if stop.requested else None)


def _outcome(do: Callable[[Item], Result], item: Item) -> tuple[Result, None] | tuple[None, BaseException]:
    try:
        return do(item), None
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
        return None, error


def waited_for(do: Callable[[], Result], stop: Stop) -> Result:
    """What `do` gives, done in another thread. Raises `Stopped` where somebody asks to stop meanwhile."""
    return next(in_parallel(lambda _: do(), [None], stop))
