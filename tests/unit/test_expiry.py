"""How an expiry is shown, and that every part of the application warns from the same day on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kubeplat_tui.services.pki.findings import Expiry
from kubeplat_tui.services.pki.profiles import WARN_BEFORE
from kubeplat_tui.widgets.expiry import DUE_WITHIN, expiry_mark

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=363, hours=23), "363 d"),
        (timedelta(days=60), "60 d"),
        (timedelta(days=60) - timedelta(seconds=1), "▲ 59 d"),
        (timedelta(hours=5, minutes=59), "▲ 5 h"),
        (timedelta(seconds=1), "▲ 0 h"),
        (timedelta(0), "✖ expired"),
        (timedelta(days=-400), "✖ expired"),
    ],
)
def test_the_days_that_are_left(left: timedelta, words: str) -> None:
    assert str(expiry_mark(Expiry("secure/apiserver.crt", "apiserver", NOW + left), NOW)) == words


def test_the_screens_warn_when_the_checks_do() -> None:
    assert DUE_WITHIN == WARN_BEFORE
