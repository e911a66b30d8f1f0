"""What the screen tests share: a kubeplat that is made up, the application on it, a quiet clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.app import KubeplatApp
from tests.screens.fakes import NOW, FakeIntents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def intents(tmp_path: Path) -> FakeIntents:
    """Three environments: a built playground in the sandbox, one cleaned up, one broken."""
    return FakeIntents(tmp_path / "kubeplat")


@pytest.fixture
def no_environments(tmp_path: Path) -> FakeIntents:
    """An empty folder."""
    return FakeIntents(tmp_path / "kubeplat", files={})


@pytest.fixture
def make_app() -> Callable[..., KubeplatApp]:
    """The application with its clock stopped."""

    def make(intents: FakeIntents, *, start: str | None = None, playground: bool = False) -> KubeplatApp:
        return KubeplatApp(intents, start=start, playground=playground, now=lambda: NOW)

    return make
