"""Waiting for what connections do, in this thread and in others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from kubeplat_tui.services.ssh.model import LinkState

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.ssh.connection import Connection

    Answer = TypeVar("Answer")


def said(connection: Connection, text: str = "here") -> bytes:
    """What a command on the machine says."""
    shell = connection.command(f"say {text}")
    try:
        return b"".join(iter(shell.read, b""))
    finally:
        shell.close()


def watched(connection: Connection, state: LinkState) -> threading.Event:
    """Set when the connection has come to `state`."""
    seen = threading.Event()
    connection.when_changed(lambda status: seen.set() if status.state is state else None)
    if connection.status.state is state and state is not LinkState.UP:
        seen.set()
    return seen


def at_once(count: int, call: Callable[[], Answer]) -> list[Answer]:
    """What `call` returns in as many threads."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == count
    return answers


def in_thread(call: Callable[[], object]) -> Callable[[float], Exception | None]:
    """Run `call` in a thread; what is returned waits for its error."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait(seconds: float) -> Exception | None:
        thread.join(seconds)
        assert not thread.is_alive()
        return errors[0] if errors else None

    return wait
