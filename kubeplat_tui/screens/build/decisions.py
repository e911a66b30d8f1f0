"""The bridge between a pipeline that asks in its own thread and a person who answers on the screen."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.services.events import Question


class AskingDecisions:
    """`Decisions` that hand the question to `ask` and block the pipeline until `give` is called.

    `ask` is called in the pipeline's thread and returns at once. After `close` (the application ends) every
    question, also the waiting one, is answered with "": declined.
    """

    def __init__(self, ask: Callable[[Question], None]) -> None:
        self._ask = ask
        self._condition = threading.Condition()
        self._question: Question | None = None
        self._answer: str | None = None
        self._closed = False

    @property
    def waiting(self) -> Question | None:
        """The question that waits for an answer."""
        return self._question

    def answer(self, question: Question) -> str:
        """Ask, and wait. Called by the pipeline."""
        with self._condition:
            if self._closed:
                return ""
            self._question, self._answer = question, None
        self._ask(question)
        with self._condition:
            self._condition.wait_for(self._decided)
            self._question = None
            return self._take_answer()

    def _take_answer(self) -> str:
        return self._answer or ""

    def _decided(self) -> bool:
        return self._closed or self._answer is not None

    def give(self, answer: str) -> bool:
        """Answer the waiting question as typed; False where none waits (any more)."""
        with self._condition:
            if self._question is None or self._answer is not None:
                return False
            self._answer = answer
            self._condition.notify_all()
            return True

    def close(self) -> None:
        """Decline what waits and whatever is asked later."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
