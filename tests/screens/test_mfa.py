"""The code of an MFA device: one dialog for every thread that needs it, on top of whatever is looked at."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.screens.mfa_dialog import MfaDialog
from kubeplat_tui.services.credentials.model import MfaQuestion
from tests.screens.driving import settle, words
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]

DEVICE = "arn:aws:iam::210987654321:mfa/jest"
QUESTION = MfaQuestion("staging", DEVICE, "arn:aws:iam::210987654321:role/Engineer", 1)


class Asking:
    """A thread that needs a code, as the credentials service has them."""

    def __init__(self, app: KubeplatApp, question: MfaQuestion = QUESTION) -> None:
        self.code: str | None = None
        self._app, self._question = app, question
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        self.code = self._app.codes.mfa_code(self._question)

    async def got(self, pilot: Pilot[Any], code: str) -> None:
        """Wait until it goes on with this code."""
        await until(pilot, lambda: self.code is not None, "an answer")
        self._thread.join(10)
        assert self.code == code


def dialogs(app: KubeplatApp) -> int:
    return sum(isinstance(screen, MfaDialog) for screen in app.screen_stack)


async def asked(pilot: Pilot[Any], app: KubeplatApp) -> None:
    await until(pilot, lambda: isinstance(app.screen, MfaDialog) and app.screen.focused, "the question")


async def test_a_thread_asks_and_the_person_types_digits(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    assert intents.credential_questions is app.codes
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = Asking(app)
        await asked(pilot, app)
        text = words(app)
        for part in ("The code of mfa/jest", DEVICE, "staging", "role/Engineer", "esc cancels"):
            assert part in text
        assert "attempt" not in text
        await pilot.press("x", "1", "2", "-", "3", "enter")
        assert "✖ A code has six digits." in words(app)
        await pilot.press("4", "5", "6", "7", "enter")
        await first.got(pilot, "123456")
        await until(pilot, lambda: dialogs(app) == 0, "its end")
        # The next attempt says why, and does not take what AWS has seen.
        again = Asking(app, replace(QUESTION, attempt=2, wrong="AWS did not take the code."))
        await asked(pilot, app)
        assert "✖ AWS did not take the code." in words(app)
        assert "attempt 2 of 3" in words(app)
        await pilot.press(*"123456", "enter")
        assert "only once" in words(app)
        await pilot.press("backspace", "9", "enter")
        await again.got(pilot, "123459")


async def test_several_threads_share_one_dialog(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="staging")
    other = replace(QUESTION, profile="lab", serial="GAHT12345678", role_arn="")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        threads = [Asking(app) for _ in range(3)]
        await asked(pilot, app)
        third = Asking(app, other)
        await until(pilot, lambda: len(app.codes.waiting) == 2, "both questions")
        assert dialogs(app) == 1
        await pilot.press(*"123456", "enter")
        for thread in threads:
            await thread.got(pilot, "123456")
        await asked(pilot, app)
        assert "The code of GAHT12345678" in words(app)
        assert "For role" not in words(app)
        # A code is of one device: another one's is no matter.
        await pilot.press(*"123456", "enter")
        await third.got(pilot, "123456")


async def test_it_stands_on_top_of_another_dialog_and_esc_cancels(
    intents: FakeIntents, make_app: MakeApp
) -> None:
    app = make_app(intents)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        below = app.screen
        asking = Asking(app)
        await asked(pilot, app)
        await pilot.press("1", "2", "escape")
        await asking.got(pilot, "")
        await until(pilot, lambda: app.screen is below, "what was there before")


async def test_nobody_waits_for_an_application_that_ends(intents: FakeIntents, make_app: MakeApp) -> None:
    app = make_app(intents)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = Asking(app)
        await asked(pilot, app)
        queued = Asking(app, replace(QUESTION, profile="lab"))
        await until(pilot, lambda: len(app.codes.waiting) == 2, "both questions")
        # Going elsewhere takes the dialog away with its question.
        await app.go_home()
        await shown.got(pilot, "")
        await asked(pilot, app)
    for asking in (queued, Asking(app)):
        asking._thread.join(10)
        assert asking.code == ""
