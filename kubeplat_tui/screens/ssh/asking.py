"""What connecting asks, brought from its thread to a dialog of this screen, one at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kubeplat_tui.delivered import Delivered

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import ModalScreen

    from kubeplat_tui.screens.base import EnvironmentScreen
    from kubeplat_tui.services.ssh.model import HostKeyQuestion, Passphrase, PassphraseQuestion


@dataclass(eq=False)
class Pending:
    """A question and the thread that waits for its answer."""

    owner: object
    make: Callable[[], ModalScreen[Any]]
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    dialog: ModalScreen[Any] | None = None


class Asker:
    """Belongs to a screen; a question waits until that screen is looked at. For the application's thread only.

    `waiting` is called with the owner of a question, and whether it waits from now on or no more.
    """

    def __init__(self, screen: EnvironmentScreen, waiting: Callable[[object, bool], None]) -> None:
        self._screen = screen
        self._waiting = waiting
        self._queue: list[Pending] = []
        self._ended = False

    def add(self, pending: Pending) -> None:
        """A thread asks."""
        if self._ended:
            pending.done.set()
            return
        self._queue.append(pending)
        self._waiting(pending.owner, True)
        if self._screen.is_active:
            self.show_next()
        else:
            where = self._screen.opened.name
            self._screen.app.notify(f"SSH of {where} has a question; it waits there (7).", markup=False)

    def show_next(self) -> None:
        """Show the first question, where the screen is looked at and shows none yet."""
        if not self._queue or self._queue[0].dialog is not None or not self._screen.is_active:
            return
        first = self._queue[0]
        first.dialog = first.make()
        self._screen.app.push_screen(first.dialog, lambda answer: self._answered(first, answer))

    def drop(self, owner: object) -> None:
        """Nobody waits for these answers any more."""
        for pending in [each for each in self._queue if each.owner is owner]:
            if pending.dialog is not None and pending.dialog.is_current:
                pending.dialog.dismiss(None)
            else:
                self._answered(pending, None)

    def end(self) -> None:
        """The application ends: every waiting thread goes on with a no."""
        self._ended = True
        for pending in self._queue:
            pending.done.set()
        self._queue.clear()

    def _answered(self, pending: Pending, answer: object) -> None:
        pending.answer = answer
        pending.done.set()
        if pending in self._queue:
            self._queue.remove(pending)
        if not any(each.owner is pending.owner for each in self._queue):
            self._waiting(pending.owner, False)
        if not self._ended:
            self._screen.call_after_refresh(self.show_next)

    def questions(self, owner: object) -> ByDialog:
        """What a thread asks on behalf of `owner`."""
        return ByDialog(self, self._screen, owner)


class ByDialog:
    """Implements `services.ssh.model.Questions`: called from a worker thread, which waits for the person."""

    def __init__(self, asker: Asker, screen: EnvironmentScreen, owner: object) -> None:
        self._asker = asker
        self._screen = screen
        self._owner = owner

    def trust(self, question: HostKeyQuestion) -> bool:
        """Whether the key is the machine's."""
        from kubeplat_tui.screens.ssh.host_key_dialog import HostKeyDialog

        now = self._screen.kubeplat.now()
        return self._ask(lambda: HostKeyDialog(question, now)) is True

    def passphrase(self, question: PassphraseQuestion) -> Passphrase | None:
        """The passphrase of the environment's key; None gives up."""
        from kubeplat_tui.screens.ssh.passphrase_dialog import PassphraseDialog

        answer: Passphrase | None = self._ask(lambda: PassphraseDialog(question))
        return answer

    def _ask(self, make: Callable[[], ModalScreen[Any]]) -> Any:
        pending = Pending(self._owner, make)
        if not self._screen.post_message(Delivered(lambda: self._asker.add(pending))):
            return None  # the screen is gone
        pending.done.wait()
        return pending.answer
