"""The credentials' dialog, and the header's countdown of their life."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.screens.credentials import CredentialsDialog, renewal
from kubeplat_tui.screens.mfa_dialog import MfaDialog
from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.credentials.model import Kind
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.widgets.footer import live_actions
from tests.screens.driving import notices, press, seen, settle, words
from tests.screens.fake_credentials import DEVICE, ROLE, STATUS, CredentialIntents
from tests.screens.fakes import NOW, FakeLogin
from tests.screens.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.credentials.model import CredentialsStatus

    MakeApp = Callable[..., KubeplatApp]

EXPIRED_SSO = replace(
    STATUS,
    kind=Kind.NONE,
    source="profile staging",
    mfa_serial="",
    role_arn="",
    access_key_id="",
    expires=None,
    cached=False,
    account="",
    arn="",
    problem="The SSO session of the profile staging has ended. Run aws sso login --profile staging.",
)


@pytest.fixture
def intents(tmp_path: Path) -> CredentialIntents:
    """Staging is reached by a role behind an MFA device."""
    return CredentialIntents(tmp_path / "kubeplat")


def live(app: KubeplatApp) -> set[str]:
    return {hint.id for hint in live_actions(app.screen)}


async def test_what_is_used_is_shown_renewed_and_forgotten(
    intents: CredentialIntents, make_app: MakeApp
) -> None:
    app = make_app(intents, start="staging")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "C")
        assert isinstance(app.screen, CredentialsDialog)
        text = words(app)
        for part in (
            "assumed role profile staging of ~/.aws/config",
            f"Role {ROLE}",
            f"MFA device {DEVICE}",
            "Key ASIA…WXYZ",
            f"Identity {STATUS.arn}",
            "Expires in 42 min 2026-11-02 14:47 UTC",
            "● the session is kept there",
            "needs a code of mfa/jest",
            "r renews · f forgets the session · y copies the ARN · esc closes",
        ):
            assert part in text
        await press(pilot, "y")
        assert app.clipboard == STATUS.arn
        # Renewing asks on top of the dialog; meanwhile nothing else can be begun.
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, MfaDialog), "the question")
        assert not app.screen_stack[-2].check_action("renew", ())
        await pilot.press(*"123456", "enter")
        await settle(pilot)
        assert "code 123456" in intents.behaviour.calls
        assert "The credentials are renewed." in notices(app)
        assert "in 12 h" in words(app)
        await press(pilot, "f")
        assert "○ nothing is kept there" in words(app)
        assert "credentials.forget" not in live(app)
        # What stands below is read with the new ones; a mere look at them reads nothing.
        asked = intents.behaviour.calls.count("identity")
        await press(pilot, "escape")
        assert intents.behaviour.calls.count("identity") == asked + 1
        await press(pilot, "C", "escape", "question_mark", "escape")
        assert intents.behaviour.calls.count("identity") == asked + 1


async def test_loading_failed_forbidden_and_problems(intents: CredentialIntents, make_app: MakeApp) -> None:
    gate = intents.behaviour.gates["credentials"] = threading.Event()
    app = make_app(intents, start="staging")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("C")
        await until(pilot, lambda: "◐ Reading the credentials" in seen(app), "the loading state")
        assert live(app) == {"dialog.close", "dialog.cancel"} & live(app)
        intents.behaviour.errors["credentials"] = ForbiddenError(
            "Asking who you are is not allowed.", todo="Ask."
        )
        gate.set()
        await settle(pilot)
        assert "▲ Asking who you are is not allowed." in words(app)
        intents.behaviour.errors.clear()
        intents.status_of_keys = replace(STATUS, account="111111111111", keyring="The keyring is locked.")
        await press(pilot, "escape", "C")
        assert "▲ the file names 210987654321" in words(app)
        # A renewal that fails leaves what is known, and says why above it.
        intents.behaviour.errors["renew_credentials"] = KubeplatError("The role was refused.")
        await press(pilot, "r")
        assert "✖ The role was refused." in words(app)
        assert "Key ASIA…WXYZ" in words(app)
        intents.status_of_keys = replace(EXPIRED_SSO, keyring="")
        await press(pilot, "escape", "C")
        text = words(app)
        assert "✖ The SSO session of the profile staging has ended." in text
        assert "aws sso login --profile staging" in text
        assert "Key" not in text
        assert "credentials.copy" not in live(app)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (replace(STATUS, renews=True), "by themselves; nobody is asked"),
        (replace(STATUS, kind=Kind.SSO, mfa_serial=""), "aws sso login --profile staging, in a terminal"),
        (replace(STATUS, kind=Kind.LOGIN, mfa_serial=""), "aws login --profile staging, in a terminal"),
        (replace(STATUS, kind=Kind.ENVIRONMENT, mfa_serial=""), "new keys where these came from"),
        (
            replace(STATUS, kind=Kind.SHARED_FILE, mfa_serial="", expires=None),
            "none: they do not expire",
        ),
    ],
)
def test_what_a_renewal_needs(status: CredentialsStatus, said: str) -> None:
    assert renewal(status) == said


async def test_the_header_counts_the_last_hour(intents: CredentialIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="staging")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        cloud = intents.clouds["staging"]
        assert "keys" not in seen(app).splitlines()[0]
        assert app._countdown is None
        cases = [
            (timedelta(hours=2), ""),
            (timedelta(minutes=42, seconds=30), "keys 42 min"),
            (timedelta(minutes=14, seconds=59), "▲ keys 14 min"),
            (timedelta(seconds=59), "▲ keys < 1 min"),
            (timedelta(), "✖ keys expired"),
        ]
        for left, said in cases:
            cloud.ends = NOW + left
            await press(pilot, "ctrl+r")  # whatever is read may have needed new keys
            first = seen(app).splitlines()[0]
            assert said in first
            assert ("keys" in first) == bool(said)
        cloud.renewing = FakeLogin(renews=True)
        await press(pilot, "ctrl+r")
        assert "keys" not in seen(app).splitlines()[0]


async def test_the_countdown_goes_on_by_itself(intents: CredentialIntents, make_app: MakeApp) -> None:
    app = make_app(intents, start="staging")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        now = NOW
        app.now = lambda: now
        # The next minute is nearly there: its timer is the only one.
        intents.clouds["staging"].ends = NOW + timedelta(minutes=10, microseconds=1)
        await press(pilot, "ctrl+r")
        assert "▲ keys 10 min" in seen(app)
        now = NOW + timedelta(seconds=1)
        await until(pilot, lambda: "▲ keys 9 min" in seen(app), "the next minute")
        now = NOW + timedelta(minutes=11)
        app.show_facts()
        await until(pilot, lambda: "✖ keys expired" in seen(app), "the end")


async def test_every_section_shows_them_and_the_sandbox_says_there_are_none(
    intents: CredentialIntents, make_app: MakeApp
) -> None:
    intents.status_of_keys = replace(STATUS, kind=Kind.SANDBOX, source="the sandbox's own")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        for section in "235":
            await press(pilot, section)
            assert "environment.credentials" in live(app)
        await press(pilot, "C")
        assert "● sandbox the sandbox's own" in words(app)
        assert "Expires" not in words(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=str)
def test_picture(
    intents: CredentialIntents, make_app: MakeApp, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    async def prepare(pilot: Pilot[int]) -> None:
        await settle(pilot)
        intents.clouds["staging"].ends = STATUS.expires
        await press(pilot, "C")

    assert snap_compare(make_app(intents, start="staging"), terminal_size=size, run_before=prepare)
