"""The way in: the bastions of an environment, and the one connection to one of them that everything goes through."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.inventory import RUNNING, Layer
from kubeplat_tui.services.ssh.model import ConnectStoppedError, UnreachableError
from kubeplat_tui.services.ssh.stopping import POLL, check
from kubeplat_tui.services.ssh.unreachable import no_bastion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeplat_tui.services.inventory import Instance
    from kubeplat_tui.services.ssh.link import Link
    from kubeplat_tui.services.ssh.stopping import Stopping


def candidates(instances: Sequence[Instance]) -> list[Instance]:
    """The bastions that can be connected to, in an order that stays the same."""
    return sorted(
        (each for each in bastions(instances) if each.state == RUNNING and each.public_ip),
        key=lambda each: (each.name, each.id),
    )


def bastions(instances: Sequence[Instance]) -> list[Instance]:
    """Every bastion, whatever its state."""
    return [each for each in instances if each.layer is Layer.BASTION]


@dataclass(frozen=True, slots=True)
class Entered:
    """A connection to a bastion."""

    bastion: Instance
    link: Link
    user: str


@dataclass(slots=True)
class _Attempt:
    """Somebody connects; the others wait for what comes of it."""

    over: threading.Event = field(default_factory=threading.Event)
    entered: Entered | None = None
    error: Exception | None = None


class SharedBastion:
    """The one connection. Made when it is first needed, and again when it was lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entered: Entered | None = None
        self._attempt: _Attempt | None = None
        self._former: list[Link] = []
        self._closed = False

    def get(
        self,
        instances: Callable[[], list[Instance]],
        enter: Callable[[Instance], tuple[Link, str]],
        stop: Stopping,
    ) -> Entered:
        """The connection; whoever comes first makes it, by `enter`, and whoever comes meanwhile gets the same.

        Raises what `enter` raises for the last candidate, or one `UnreachableError` with the reasons of all.
        """
        while True:
            check(stop)
            with self._lock:
                if self._closed:
                    raise ConnectStoppedError("Everything is being closed.")
                if self._entered is not None and self._entered.link.usable:
                    return self._entered
                mine = self._attempt is None
                attempt = self._attempt = self._attempt or _Attempt()
            if mine:
                return self._make(attempt, instances, enter)
            while not attempt.over.wait(POLL):
                check(stop)
            if attempt.entered is not None:
                return attempt.entered
            if attempt.error is not None and not isinstance(attempt.error, ConnectStoppedError):
                raise attempt.error
            # Who was first was stopped, which is nothing to us.

    @property
    def now(self) -> Entered | None:
        """The connection, where there is one that stands."""
        with self._lock:
            return self._entered if self._entered is not None and self._entered.link.usable else None

    def leave(self, link: Link) -> None:
        """Nothing new goes through this one. What does already may come back to life and is left alone."""
        with self._lock:
            if self._entered is not None and self._entered.link is link:
                self._entered = None
                self._former = [each for each in [*self._former, link] if each.usable]

    def close(self) -> None:
        """End it for good."""
        with self._lock:
            self._closed = True
            links = [*self._former, *([self._entered.link] if self._entered is not None else [])]
            self._former, self._entered = [], None
        for link in links:
            link.close()

    def _make(
        self,
        attempt: _Attempt,
        instances: Callable[[], list[Instance]],
        enter: Callable[[Instance], tuple[Link, str]],
    ) -> Entered:
        try:
            attempt.entered = _first(instances(), enter)
        except Exception as error:
            attempt.error = error
            raise
        finally:
            with self._lock:
                self._attempt = None
                late = self._closed and attempt.entered is not None
                self._entered = None if late else attempt.entered
            attempt.over.set()
            if late and attempt.entered is not None:
                attempt.entered.link.close()
        return attempt.entered


def _first(instances: list[Instance], enter: Callable[[Instance], tuple[Link, str]]) -> Entered:
    """The first bastion that can be reached. A refused host key or login is not gone around by another bastion."""
    found = candidates(instances)
    failures: list[UnreachableError] = []
    for bastion in found:
        try:
            return Entered(bastion, *enter(bastion))
        except UnreachableError as error:
            failures.append(error)
    if not failures:
        raise no_bastion(None, bastions(instances))
    if len(failures) == 1:
        raise failures[0]
    raise UnreachableError(
        f"None of {len(failures)} bastions can be reached.",
        why="\n".join(f"{error.what} {error.why}".strip() for error in failures),
        todo=failures[0].todo,
    )
