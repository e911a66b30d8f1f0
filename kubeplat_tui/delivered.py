"""How a worker thread gives its result to the application's own thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.message import Message
from textual.worker import get_current_worker

from kubeplat_tui.services.errors import KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.worker import Worker

    from kubeplat_tui.app import KubeplatApp

T = TypeVar("T")


class Delivered(Message):
    """A worker is done: `deliver` runs where the message arrives, and an error in it is seen there."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


def fetch(
    screen: Screen[Any],
    what: str,
    read: Callable[[], T],
    show: Callable[[T], None],
    failed: Callable[[KubeplatError], None],
    *,
    group: str,
) -> Worker[None]:
    """Run `read` in a thread, then `show` with its result, or `failed` with its error, in the application's thread.

    `screen` gets the `Delivered`. A second `fetch` of the same group makes the first one's result unwanted.
    """

    def work() -> None:
        worker = get_current_worker()
        deliver: Callable[[], None]
        try:
            result = read()
        except KubeplatError as error:
            deliver = partial(failed, error)
        except Exception as error:  # noqa: BLE001 - whatever a library raises must end as a sentence, not a crash
            deliver = partial(failed, cast("KubeplatApp", screen.app).unexpected(what, error))
        else:
            deliver = partial(show, result)
        if not worker.is_cancelled:
            screen.post_message(Delivered(deliver))

    return screen.run_worker(work, thread=True, exclusive=True, group=group, exit_on_error=False)
