"""The port forwards of one environment: started, looked at, brought back, and closed together."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.ssh.forward_model import ForwardKind, ForwardSpec, ForwardState, ForwardStatus
from kubeplat_tui.services.ssh.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.ssh.connections import Connections
    from kubeplat_tui.services.ssh.model import Questions

__all__ = ["ForwardKind", "ForwardSpec", "ForwardState", "ForwardStatus", "Forwards"]

logger = logging.getLogger("kubeplat.ssh")

HIGHEST_PORT = 65535


class Forwards:
    """Kept per environment and front end. Every method may block but `statuses`; any thread may call them."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self._lock = threading.Lock()
        self._listeners: dict[int, Listener] = {}
        self._callbacks: list[Callable[[ForwardStatus], None]] = []
        self._last = 0

    def start(self, spec: ForwardSpec, questions: Questions) -> ForwardStatus:
        """Listen on 127.0.0.1 and connect; its state after the first probe: OPEN, or FAILING with the reason.

        Raises `InputError` where the port is taken or the target is none, `SshError` where no connection can be made:
        then there is no forward.
        """
        check(spec)
        with self._lock:
            self._last += 1
            number = self._last
        listener = Listener(number, spec, self._tell)
        try:
            self._begin(listener, questions)
        except BaseException:
            with self._lock:
                self._listeners.pop(number, None)
            listener.stop()
            raise
        return listener.status()

    def restart(self, number: int, questions: Questions) -> ForwardStatus:
        """Bring a forward back, on the port it had; its clients of before are gone. Raises as `start` does.

        Where it cannot be brought back it is LOST, with the reason.
        """
        before = self._find(number)
        before.stop(ForwardState.LOST)
        spec = replace(before.spec, bind_port=before.status().bound_port)
        listener = Listener(number, spec, self._tell)
        try:
            self._begin(listener, questions)
        except BaseException as error:
            listener.fail(str(error) if isinstance(error, KubeplatError) else "It was interrupted.")
            raise
        return listener.status()

    def stop(self, number: int) -> None:
        """Close a forward and forget it. Raises `NotFoundError` where there is none."""
        listener = self._find(number)
        listener.stop()
        with self._lock:
            self._listeners.pop(number, None)

    def probe(self, number: int) -> ForwardStatus:
        """Look now whether it would carry."""
        listener = self._find(number)
        listener.probe()
        return listener.status()

    def statuses(self) -> tuple[ForwardStatus, ...]:
        """How all of them stand, the oldest first. Never blocks."""
        with self._lock:
            listeners = [self._listeners[number] for number in sorted(self._listeners)]
        return tuple(listener.status() for listener in listeners)

    def when_changed(self, callback: Callable[[ForwardStatus], None]) -> Callable[[], None]:
        """Call `callback` from another thread when a state or a number of clients changes; returns how to stop it.

        Bytes alone are not told: ask `statuses` as often as they are to be seen.
        """
        with self._lock:
            self._callbacks.append(callback)

        def leave() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return leave

    def close(self) -> None:
        """Close all of them. It may be used again afterwards."""
        with self._lock:
            listeners = list(self._listeners.values())
            self._listeners.clear()
        for listener in listeners:
            listener.stop()

    def _begin(self, listener: Listener, questions: Questions) -> None:
        with self._lock:
            self._listeners[listener.status().id] = listener
        listener.bind()
        self._tell(listener.status())
        via = listener.spec.via
        if via:
            link = self.connections.connect(self.connections.find(via), questions)
        else:
            link = self.connections.bastion(questions)
        try:
            listener.serve(link, link.close)
        except BaseException:
            link.close()
            raise

    def _find(self, number: int) -> Listener:
        with self._lock:
            listener = self._listeners.get(number)
        if listener is None:
            raise NotFoundError(f"There is no forward {number}.", todo="It may have been closed meanwhile.")
        return listener

    def _tell(self, status: ForwardStatus) -> None:
        with self._lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:
            try:
                callback(status)
            except Exception:  # a front end's mistake must not end a forward
                logger.exception("A listener of the forwards failed")


def check(spec: ForwardSpec) -> None:
    """Raise `InputError` where `spec` can be no forward."""
    if not 0 <= spec.bind_port <= HIGHEST_PORT:
        raise InputError(f"{spec.bind_port} is no port of this computer.", todo="Take one from 0 to 65535.")
    if spec.kind is ForwardKind.DYNAMIC:
        return
    if not 0 < spec.port <= HIGHEST_PORT:
        raise InputError(f"{spec.port} is no port of the target.", todo="Take one from 1 to 65535.")
    host = spec.host
    if not host or not host.isascii() or not host.isprintable() or " " in host or host.startswith("-"):
        raise InputError(
            f"{host!r} is no host that a forward could lead to.", todo="Name one, or its address."
        )
