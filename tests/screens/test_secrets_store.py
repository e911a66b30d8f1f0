"""The Secrets screen on the real store: a real working copy, and a bucket in memory that keeps S3's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from kubeplat_tui.screens.secrets.move_dialog import MoveDialog
from kubeplat_tui.screens.secrets.screen import SecretsScreen
from kubeplat_tui.services.pki.bundle import bundle_keys
from kubeplat_tui.services.secrets.model import State
from tests.screens.driving import notices, press, seen, settle, words, write
from tests.screens.fake_secrets import KEY_ARN
from tests.unit.memory_bucket import MemoryBucket, make_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp
    from kubeplat_tui.services.secrets.store import SecretStore
    from tests.screens.fake_secrets import FakeSecretStore
    from tests.screens.fakes import FakeIntents

    MakeApp = Callable[..., KubeplatApp]


@pytest.fixture
def bucket() -> MemoryBucket:
    """An empty bucket."""
    made = MemoryBucket()
    made.key_arn = KEY_ARN  # type: ignore[attr-defined]  # the screen shows it; the store's tests need none
    return made


@pytest.fixture
def store(tmp_path: Path, bucket: MemoryBucket, intents: FakeIntents) -> SecretStore:
    """A store with nothing on either side."""
    made = make_store(tmp_path / "here", bucket)
    intents.secret_store = cast("FakeSecretStore", made)
    return made


def states(store: SecretStore) -> dict[str, State]:
    """How every key compares."""
    return {file.key: file.state for file in store.compare().files}


async def opened(pilot: Pilot[Any]) -> SecretsScreen:
    """The Secrets screen."""
    await settle(pilot)
    await press(pilot, "6")
    assert isinstance(pilot.app.screen, SecretsScreen)
    return pilot.app.screen


async def on(pilot: Pilot[Any], key: str) -> None:
    """The cursor on this key."""
    screen = pilot.app.screen
    assert isinstance(screen, SecretsScreen)
    screen.tree_view.go_to(key)
    await pilot.pause()
    await settle(pilot)
    assert screen.current is not None
    assert screen.current.key == key


async def test_a_bundle_is_made_uploaded_renewed_changed_by_another_and_deleted(
    intents: FakeIntents, make_app: MakeApp, store: SecretStore, bucket: MemoryBucket
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await opened(pilot)
        assert "has no secrets yet" in words(app)

        # Made here, and uploaded after asking.
        await press(pilot, "m", "y")
        assert isinstance(app.screen, MoveDialog)
        await press(pilot, "y")
        assert set(states(store)) == set(bundle_keys(store.names))
        assert set(states(store).values()) == {State.SAME}
        assert set(bucket.contents) == set(states(store))
        assert "✔ same" in seen(app)
        assert screen.tree_view.outline is not None
        assert screen.tree_view.outline.nodes[0].expires is not None

        # Renewed: certificate and key go together.
        await on(pilot, "secure/apiserver.key")
        before = store.copy.read("secure/apiserver.crt")
        await press(pilot, "R", "y")
        assert isinstance(app.screen, MoveDialog)
        assert "Upload 2 files?" in words(app)
        await press(pilot, "y")
        assert bucket.content("secure/apiserver.crt") == store.copy.read("secure/apiserver.crt") != before

        # Two people change one file: mine goes over theirs, which stays a version.
        theirs, mine = b"# theirs\n", b"# mine\n"
        bucket.plant("secure/tokens.csv", theirs)
        store.copy.commit({"secure/tokens.csv": mine})
        await press(pilot, "ctrl+r")
        await on(pilot, "secure/tokens.csv")
        assert states(store)["secure/tokens.csv"] is State.CHANGED_BOTH
        await press(pilot, "u", "space", "space", "y")
        assert states(store)["secure/tokens.csv"] is State.SAME
        assert bucket.content("secure/tokens.csv") == mine
        assert theirs in [kept.data for kept in bucket.objects["secure/tokens.csv"]]

        # Somebody is faster than the deletion: it is refused, and nothing is deleted here either.
        await on(pilot, "addons/bootstrap-token.yaml")
        await press(pilot, "D", "down", "down", "enter")
        bucket.plant("addons/bootstrap-token.yaml", b"newer\n")
        await write(pilot, "bootstrap-token.yaml")
        await press(pilot, "enter")
        assert "was changed in the bucket meanwhile" in words(app)
        assert states(store)["addons/bootstrap-token.yaml"] is State.CHANGED_THERE

        # What is in the bucket comes back whole.
        store.copy.commit({}, list(store.copy.files()))
        await press(pilot, "ctrl+r", "g", "f", "y")
        assert set(states(store).values()) == {State.SAME}
        assert {key: store.copy.read(key) for key in store.copy.files()} == bucket.contents
        assert not any("PRIVATE KEY" in notice for notice in notices(app))


async def test_what_was_deleted_there_goes_here_too_when_that_is_chosen(
    intents: FakeIntents, make_app: MakeApp, store: SecretStore, bucket: MemoryBucket
) -> None:
    for name in ("a", "b"):
        bucket.plant(f"manifests/{name}.yaml", b"x: 1\n")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "f", "y")
        bucket.plant("manifests/a.yaml", None)
        await press(pilot, "ctrl+r")
        await on(pilot, "manifests/a.yaml")
        assert "✖ deleted there" in seen(app)
        await press(pilot, "f", "y")
        assert isinstance(app.screen, MoveDialog)  # nothing would be done: it is left
        await press(pilot, "d", "y")
        assert states(store) == {"manifests/b.yaml": State.SAME}
