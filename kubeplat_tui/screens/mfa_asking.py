"""How a worker thread gets an MFA code from the person: one dialog for all threads that need the same session."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.delivered import Delivered

if TYPE_CHECKING:
    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.credentials.model import MfaQuestion


@dataclass(eq=False, slots=True)
class _Pending:
    """A question, and the answer for every thread that waits for it."""

    question: MfaQuestion
    done: threading.Event = field(default_factory=threading.Event)
    code: str = ""
    shown: bool = False


class CodeAsker:
    """Implements `CredentialQuestions` by the dialog: equal questions share one, others come one after another.

    AWS takes a code only once, so the service lets one thread at a time ask for a session; and it remembers a
    cancelled one until somebody renews.
    """

    def __init__(self, app: KubeplatApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._queue: list[_Pending] = []
        self._used: dict[str, str] = {}
        """The last code of each device."""
        self._ended = False

    @property
    def waiting(self) -> tuple[MfaQuestion, ...]:
        """The questions that nobody has answered yet, the shown one first."""
        with self._lock:
            return tuple(pending.question for pending in self._queue)

    def mfa_code(self, question: MfaQuestion) -> str:
        """The code as typed, "" where it was cancelled. Called in a worker thread, which waits for the person."""
        with self._lock:
            if self._ended:
                return ""
            pending = next((one for one in self._queue if one.question == question), None)
            if pending is None:
                pending = _Pending(question)
                self._queue.append(pending)
        if not self._app.post_message(Delivered(self._show_next)):
            return ""  # the application is gone
        pending.done.wait()
        return pending.code

    def end(self) -> None:
        """The application ends: whoever waits goes on without a code."""
        with self._lock:
            self._ended = True
            waiting = list(self._queue)
            self._queue.clear()
        for pending in waiting:
            pending.done.set()

    def _show_next(self) -> None:
        """Show the first question, where none is shown (in the application's thread)."""
        with self._lock:
            first = self._queue[0] if self._queue else None
        if first is None or first.shown:
            return
        from kubeplat_tui.screens.mfa_dialog import MfaDialog

        first.shown = True
        self._app.push_screen(
            MfaDialog(
                first.question,
                lambda code: self._answered(first, code),
                self._used.get(first.question.serial, ""),
            )
        )

    def _answered(self, pending: _Pending, code: str) -> None:
        with self._lock:
            if pending not in self._queue:
                return  # answered already
            self._queue.remove(pending)
        if code:
            self._used[pending.question.serial] = code
        pending.code = code
        pending.done.set()
        self._app.call_later(self._show_next)
