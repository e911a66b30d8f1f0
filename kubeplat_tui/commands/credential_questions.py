"""Who gives the codes of MFA devices at a shell: `--mfa-code` once, then the person at the terminal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rich.text import Text

from kubeplat_tui.commands.prompts import typed
from kubeplat_tui.services.credentials import failures
from kubeplat_tui.services.credentials.model import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.services.credentials.model import MfaQuestion

    Hand = Callable[[Callable[[], str]], str]


class AtTerminal:
    """Implements `services.credentials.model.CredentialQuestions`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._hand: Hand | None = None

    def mfa_code(self, question: MfaQuestion) -> str:
        """The code. Raises `KubeplatError` where `--mfa-code` was refused and there is no terminal."""
        given = self._session.options.take_mfa_code()
        if given:
            return given
        if not self._session.can_ask:
            if question.wrong:
                raise failures.given_up(question.serial, question.wrong)
            raise failures.nobody_to_ask(question.serial)
        return self._asked(question) if self._hand is None else self._hand(lambda: self._asked(question))

    @contextlib.contextmanager
    def through(self, hand: Hand) -> Iterator[None]:
        """Let another thread have the terminal in this block: `hand` has a question put by that one."""
        self._hand = hand
        try:
            yield
        finally:
            self._hand = None

    def _asked(self, question: MfaQuestion) -> str:
        if question.wrong:
            self._session.err.print(Text(question.wrong, style="yellow"), soft_wrap=True)
        who = f"profile {question.profile}" if question.profile else "the environment variables"
        what = f"to assume {question.role_arn} with {who}" if question.role_arn else f"for {who}"
        again = f", attempt {question.attempt} of {ATTEMPTS}" if question.attempt > 1 else ""
        # Shown while it is typed: it is of use once, for half a minute.
        return typed(self._session, Text(f"Code of the MFA device {question.serial}, {what}{again}: "))
