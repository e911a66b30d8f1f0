"""What all tests share: ctrl+c is heard, and the longest begin first, so that the others run beside their waits."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

LONGEST_FIRST = (
    "tests/sandbox/test_build_life.py",
    "tests/terminal/test_life.py",
    "tests/terminal/test_shell_walk.py",
    "tests/launchers/",
)
"""Three builds of a whole environment wait for AWS most of the time, the launchers for pip."""


def pytest_configure() -> None:
    """Let ctrl+c be heard: a shell that starts a command in the background has it ignored (POSIX, "Lists")."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The same examples every time, however slow the computer. To look for new ones: --hypothesis-profile=search
    settings.register_profile("again", deadline=None, derandomize=True)
    settings.register_profile("search", deadline=None, max_examples=2_000)
    settings.load_profile("again")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest in front; the order is otherwise kept."""

    def rank(item: pytest.Item) -> int:
        return next(
            (number for number, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start)),
            len(LONGEST_FIRST),
        )

    items.sort(key=rank)
