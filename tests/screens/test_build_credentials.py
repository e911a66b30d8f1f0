"""Credentials while a pipeline runs: what is asked before an apply, what waits, how an end by them is told."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kubeplat_tui.screens.mfa_dialog import MfaDialog
from kubeplat_tui.services.events import DiagnosticRaised, Question
from kubeplat_tui.widgets.confirm import ConfirmDialog
from tests.screens import fake_events as script
from tests.screens.driving import words
from tests.screens.fake_credentials import QUESTION
from tests.screens.test_build import World, asked, up_to_question
from tests.screens.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from kubeplat_tui.services.events import Event

LIFE = Question(
    topic="credentials-life",
    title="Renew the AWS session first?",
    detail="Build the cluster: it took 12 minutes in earlier runs, and the AWS session ends in 9 minutes. Renewing "
    "asks for a code of the MFA device arn:aws:iam::210987654321:mfa/jest.",
    yes="Renew first",
    no="Go on without",
)


def expired() -> list[Event]:
    """Terraform's own words (the AWS provider quotes the code of the API)."""
    events = script.failed_half_way()
    said = next(event for event in events if isinstance(event, DiagnosticRaised))
    detail = (
        "operation error EC2: CreateSubnet, api error ExpiredToken: The security token included in the "
        "request is expired"
    )
    return [
        replace(event, diagnostic=replace(said.diagnostic, detail=detail)) if event is said else event
        for event in events
    ]


async def test_both_figures_are_asked_about_and_a_code_is_asked_on_top(tmp_path: Path) -> None:
    gate = script.Gate()
    world = World(tmp_path, *up_to_question(), gate, LIFE, *script.half_applied(), *expired())
    app = world.app
    codes: list[str] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await world.open(pilot)
        await pilot.press("b")
        await asked(pilot, world)
        await pilot.press("a", "y")
        await until(pilot, gate.reached.is_set, "the pipeline at work")
        # A thread needs a code; the pipeline's question waits below it.
        thread = threading.Thread(target=lambda: codes.append(app.codes.mfa_code(QUESTION)))
        thread.start()
        await until(pilot, lambda: isinstance(app.screen, MfaDialog) and app.screen.focused, "the code")
        dialog: Screen[Any] = app.screen
        gate.open()
        await until(pilot, lambda: world.screen.build.question is LIFE, "the question")
        assert app.screen is dialog
        await pilot.press(*"123456", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        thread.join(10)
        assert codes == ["123456"]
        text = words(app)
        for part in ("12 minutes", "9 minutes", "Renew first", "Go on without"):
            assert part in text
        await pilot.press("y")
        await world.ended(pilot)
        assert world.script.answers == ["yes", "yes"]
        # Nothing but the summary came after it: what exists, and how to go on.
        assert app.screen is world.screen
        await pilot.resize_terminal(120, 60)
        await until(pilot, lambda: "renew the credentials" in words(app), "the way on")
        text = words(app)
        assert "api error ExpiredToken" in text
        assert "C renew the credentials b build again: it continues where it stopped" in text
        assert "aws_key_pair.machines" in text
