"""The Secrets screen: the tree of both sides, what moves between them, and that no value is ever said."""

from __future__ import annotations

import csv
import io
import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kubeplat_tui.screens.choice import ChoiceDialog
from kubeplat_tui.screens.export import ExportDialog
from kubeplat_tui.screens.secrets.move_dialog import MoveDialog
from kubeplat_tui.screens.secrets.screen import SecretsScreen
from kubeplat_tui.services.aws_errors import ForbiddenError
from kubeplat_tui.services.errors import InputError, KubeplatError, NotFoundError
from kubeplat_tui.services.secrets.model import Side, State
from kubeplat_tui.widgets.confirm import ConfirmDialog
from tests.screens import fake_secrets
from tests.screens.driving import notices, press, seen, settle, words, write
from tests.screens.fake_secrets import MANIFEST, SECRETS, FakeSecretStore, digest
from tests.screens.fakes import NOW, FakeIntents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

    from kubeplat_tui.app import KubeplatApp

    MakeApp = Callable[..., KubeplatApp]

SIZES = [(80, 24), (160, 45)]


@pytest.fixture
def store(intents: FakeIntents) -> FakeSecretStore:
    """The playground's secrets."""
    made = intents.secret_store = fake_secrets.playground(intents.behaviour)
    return made


async def opened(pilot: Pilot[Any]) -> SecretsScreen:
    """The Secrets screen with its tree."""
    await settle(pilot)
    await press(pilot, "6")
    screen = pilot.app.screen
    assert isinstance(screen, SecretsScreen)
    return screen


async def on(pilot: Pilot[Any], key: str) -> SecretsScreen:
    """The cursor on this key."""
    screen = pilot.app.screen
    assert isinstance(screen, SecretsScreen)
    screen.tree_view.go_to(key)
    await pilot.pause()
    await settle(pilot)
    assert screen.current is not None
    assert screen.current.key == key
    return screen


# --- the tree -------------------------------------------------------------------------------------


async def test_both_sides_are_one_tree(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 70)) as pilot:
        await opened(pilot)
        text = seen(app)
        assert "Secrets (55) · 7 differ · 2 missing · key 0f6e1d2c-3b4a-4958-8776-a5b4c3d2e1f0" in text
        assert "play-jest-secrets-4f21aa (55)" in text
        for line in (
            "▾ common (5)  secure, compute",
            "people only",
            "the machines' own",
            "◐ changed here",
            "◐ changed there",
            "▲ both changed",
            "● only here",
            "○ only there",
            "✖ deleted here",
            "✖ deleted there",
            "✖ expired",
            "▲ 41 d",
        ):
            assert line in text, line


async def test_folders_open_and_close_and_the_cursor_stays(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        tree = screen.tree_view
        await on(pilot, "secure/apiserver.crt")
        await press(pilot, "h")
        assert tree.current is not None
        assert tree.current.key == "secure/"
        await press(pilot, "h")
        assert "▸ secure (35)" in seen(app)
        assert "apiserver.crt" not in seen(app)
        await press(pilot, "l", "l")
        assert tree.current.key == "secure/addons.kubeconfig"
        await press(pilot, "h", "enter", "enter")
        assert tree.current.key == "secure/"
        await press(pilot, "minus")
        assert tree.count() == 10
        await press(pilot, "plus")
        assert tree.outline is not None
        assert tree.count() == len(tree.outline.nodes)


async def test_the_filter_keeps_the_folders_of_what_matches(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await press(pilot, "minus", "slash")
        await write(pilot, "!same|left")
        await press(pilot, "enter")
        text = seen(app)
        assert "Secrets (7/55) · filter !same|left" in text
        assert "▾ manifests (2)" in text
        assert "audit.yaml" in text
        assert "common (5)" not in text
        assert screen.tree_view.matching == 7
        await press(pilot, "slash")
        await write(pilot, "(")
        assert "no regular" in words(app)
        await press(pilot, "escape")
        assert "Secrets (55)" in seen(app)
        assert "▸ manifests (2)" in seen(app)


async def test_a_reading_keeps_cursor_folds_and_marks(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 70)) as pilot:
        screen = await opened(pilot)
        tree = screen.tree_view
        await on(pilot, "common/")
        await press(pilot, "enter")
        await on(pilot, "addons/metrics.yaml")
        await press(pilot, "space", "space")
        assert tree.marks == {"addons/metrics.yaml", "addons/old.yaml"}
        assert "2 marked" in seen(app)
        await on(pilot, "secure/tokens.csv")
        store.put_both("common/new.crt", b"x")
        store.put_both("secure/a-new-one.crt", b"x")
        del store.here["addons/old.yaml"]
        await press(pilot, "ctrl+r")
        assert tree.current is not None
        assert tree.current.key == "secure/tokens.csv"
        assert tree.marks == {"addons/metrics.yaml"}
        assert "▸ common (6)" in seen(app)
        await press(pilot, "escape")
        assert not tree.marks


async def test_it_reads_by_itself_but_not_below_a_dialog_nor_while_something_moves(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        calls = intents.behaviour.calls
        before = calls.count("compare")
        screen._read_when_seen()
        await settle(pilot)
        assert calls.count("compare") == before + 1
        await press(pilot, "f")
        assert isinstance(app.screen, MoveDialog)
        screen._read_when_seen()
        await settle(pilot)
        assert calls.count("compare") == before + 1
        await press(pilot, "escape")  # what was due is read now
        assert calls.count("compare") == before + 2
        gate = intents.behaviour.gates["move"] = threading.Event()
        await on(pilot, "addons/metrics.yaml")
        await pilot.press("f")
        assert screen.work.busy
        screen._read_when_seen()
        assert not any(worker.group == "fetch" and not worker.is_finished for worker in app.workers)
        gate.set()
        await settle(pilot)
        assert not screen.work.busy


# --- moving ---------------------------------------------------------------------------------------


async def test_one_new_file_moves_without_a_question(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await on(pilot, "addons/metrics.yaml")
        await press(pilot, "f")
        assert store.state("addons/metrics.yaml") is State.SAME
        assert "1 file fetched (60 B)." in notices(app)
        await on(pilot, "addons/dashboard.yaml")
        await press(pilot, "u")
        assert store.state("addons/dashboard.yaml") is State.SAME
        assert "1 file uploaded (60 B)." in notices(app)


async def test_what_replaces_something_is_asked_for(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await on(pilot, "manifests/common/namespace.yaml")
        await press(pilot, "f")
        assert isinstance(app.screen, MoveDialog)
        assert "1 replaces what is here." in words(app)
        await press(pilot, "enter")  # alone it is No
        assert store.state("manifests/common/namespace.yaml") is State.CHANGED_THERE
        await press(pilot, "f", "n")
        assert store.state("manifests/common/namespace.yaml") is State.CHANGED_THERE
        await press(pilot, "f", "y")
        assert store.state("manifests/common/namespace.yaml") is State.SAME


async def test_everything_is_fetched_conflicts_and_deletions_stay_unless_chosen(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "f")
        text = words(app)
        assert "Fetch 3 files?" in text
        assert "1 comes back: it had been deleted here." in text
        assert "1 file had been deleted in the bucket, not here." in text
        assert "1 file changed here: it stays as it is." in text
        assert "here 67 B, 1 h ago · there 79 B, 2 h ago" in text
        await press(pilot, "y")
        assert store.state("manifests/secure/audit.yaml") is State.CHANGED_BOTH
        assert store.state("addons/old.yaml") is State.ONLY_HERE
        assert store.state("locked/notes.txt") is State.SAME
        assert not store.overwritten
        await press(pilot, "f")
        assert "1 file changed: which holds?" in words(app)
        assert "○ 1 file left here" in words(app)
        await press(pilot, "d")
        assert "✖ 1 file deleted here too" in words(app)
        await press(pilot, "space")
        assert "take theirs" in words(app)
        assert "mine is kept aside" in words(app)
        await press(pilot, "y")
        assert store.state("manifests/secure/audit.yaml") is State.SAME
        assert store.state("addons/old.yaml") is None
        assert store.overwritten == ["manifests/secure/audit.yaml"]
        assert "1 file fetched, 1 file deleted (79 B)." in notices(app)


async def test_mine_can_go_over_theirs_and_one_choice_be_taken_for_all(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    key, other = "manifests/secure/audit.yaml", "manifests/common/namespace.yaml"
    store.put_here(other, b"mine too\n")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await on(pilot, "manifests/")
        await press(pilot, "u")
        assert "2 files changed: which holds?" in words(app)
        assert app.screen.query_one("#yes").disabled  # nothing is chosen yet
        await press(pilot, "y")
        assert isinstance(app.screen, MoveDialog)
        await press(pilot, "j", "space", "space", "a", "y")
        assert store.state(key) is State.SAME
        assert store.state(other) is State.SAME
        assert store.read(other, Side.THERE) == b"mine too\n"
        assert len(store.history(other)) == 3


async def test_marks_are_what_moves_and_a_change_can_be_given_up(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "secure/tokens.csv")
        await press(pilot, "space")
        await on(pilot, "addons/metrics.yaml")
        await press(pilot, "space")
        await on(pilot, "common/")
        await press(pilot, "f")
        assert "Fetch 1 file?" in words(app)
        assert "secure/tokens.csv" in words(app)  # changed here: pointed at, so it may be given up
        await press(pilot, "space", "y")
        assert store.state("secure/tokens.csv") is State.SAME
        assert store.overwritten == ["secure/tokens.csv"]
        assert not screen.tree_view.marks


async def test_a_filter_leaves_alone_what_it_hides(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "slash")
        await write(pilot, "metrics")
        await press(pilot, "enter", "g", "f")
        assert store.state("addons/metrics.yaml") is State.SAME
        assert store.state("manifests/common/namespace.yaml") is State.CHANGED_THERE


async def test_a_transfer_shows_how_far_it_is_and_stops(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        gate = intents.behaviour.gates["move"] = threading.Event()
        await press(pilot, "f")
        await pilot.press("y")
        await pilot.pause()
        assert screen.work.busy
        screen.progress.refresh()
        await pilot.pause()
        assert "Fetching" in seen(app).splitlines()[-2]
        assert "^c stops" in seen(app)
        for action in ("fetch", "upload", "delete", "edit", "make", "refresh"):
            assert not screen.check_action(action, ()), action
        await pilot.press("ctrl+c")
        assert "stopping after the files under way" in words(app)
        gate.set()
        await settle(pilot)
        assert any(notice.startswith("Stopped: ") for notice in notices(app))
        assert not screen.progress.has_class("-moving")


async def test_a_failed_transfer_is_said_above_the_tree(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        intents.behaviour.errors["move"] = KubeplatError(
            "The disk is full.", why="No space left on device.", todo="Make room."
        )
        await on(pilot, "addons/metrics.yaml")
        await press(pilot, "f")
        assert "✖ The disk is full." in seen(app)
        assert "Make room." in words(app)
        assert "metrics.yaml" in seen(app)
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "The disk is full." not in seen(app)


async def test_nothing_to_move_is_said(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "secure/")
        await press(pilot, "f")
        assert "Nothing to fetch among 35 files; u uploads what differs." in notices(app)
        await on(pilot, "common/")
        assert not screen.check_action("fetch", ())
        await on(pilot, "etcd/")
        assert not screen.check_action("upload", ())
        assert not screen.check_action("delete", ())


# --- deleting -------------------------------------------------------------------------------------


async def test_deleting_asks_where_and_wants_the_files_name(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    key = "common/etcd-ca.crt"
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await on(pilot, key)
        await press(pilot, "D")
        assert isinstance(app.screen, ChoiceDialog)
        await press(pilot, "down", "enter")
        assert isinstance(app.screen, ConfirmDialog)
        await press(pilot, "enter")
        assert store.state(key) is State.SAME
        await press(pilot, "D", "down", "enter")
        await write(pilot, "etcd-ca.crt")
        await press(pilot, "enter")
        assert store.state(key) is State.ONLY_HERE
        assert "1 file deleted from the bucket." in notices(app)
        await press(pilot, "D")
        assert "It is nowhere else: it is gone for good." in words(app)
        await write(pilot, "etcd-ca.crt")
        await press(pilot, "enter")
        assert store.state(key) is None


async def test_several_want_the_environments_name(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    keys = ["addons/dashboard.yaml", "addons/metrics.yaml", "common/etcd-ca.crt"]
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        for key in keys:
            await on(pilot, key)
            await press(pilot, "space")
        await press(pilot, "D", "down", "down", "enter")
        assert "Delete 3 files from the bucket and from the working copy?" in words(app)
        await write(pilot, "play-jest")
        await press(pilot, "enter")
        assert [store.state(key) for key in keys] == [None, None, None]
        removed = [call for call in intents.behaviour.calls if call.startswith("remove")]
        assert removed == [
            "remove there addons/metrics.yaml common/etcd-ca.crt",
            "remove here addons/dashboard.yaml common/etcd-ca.crt",
        ]


# --- certificates ---------------------------------------------------------------------------------


async def test_a_certificate_is_renewed_and_its_upload_offered(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "common/etcd-ca.crt")
        assert not screen.check_action("renew", ())  # an authority is rotated, not renewed
        await on(pilot, "secure/front-proxy-client.key")
        await press(pilot, "R")
        assert "Renew front-proxy-client?" in words(app)
        assert isinstance(app.screen, ConfirmDialog)
        assert "the machines take them by themselves" in app.screen.decision.text
        await press(pilot, "y")
        assert "renew front-proxy-client" in intents.behaviour.calls
        assert isinstance(app.screen, MoveDialog)
        assert "front-proxy-client is renewed here." in words(app)
        await press(pilot, "y")
        assert store.state("secure/front-proxy-client.crt") is State.SAME
        assert "1 file uploaded" in " ".join(notices(app))


async def test_what_is_missing_is_made_the_counts_first(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await press(pilot, "m")
        assert "Make 2 files that are missing?" in words(app)
        assert "secure/kube-auth.crt" in words(app)
        await press(pilot, "y")
        assert isinstance(app.screen, MoveDialog)
        await press(pilot, "escape")
        assert store.state("secure/kube-auth.key") is State.ONLY_HERE
        assert "missing" not in seen(app)
        assert not screen.check_action("make", ())


async def test_nothing_is_made_that_only_has_to_be_fetched(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    del store.here["locked/kubernetes-ca.key"]
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "m")
        assert "make_missing" not in intents.behaviour.calls
        assert any("fetch them first" in notice for notice in notices(app))


# --- list, key, values ----------------------------------------------------------------------------


async def test_the_list_is_written_without_a_value(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore, tmp_path: Path
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        for name in ("list.csv", "list.json"):
            await press(pilot, "s")
            assert isinstance(app.screen, ExportDialog)
            app.screen.query_one("Input").value = str(tmp_path / name)  # type: ignore[attr-defined]  # an Input
            await press(pilot, "enter")
    written = {name: (tmp_path / name).read_text() for name in ("list.csv", "list.json")}
    rows = {row["Key"]: row for row in csv.DictReader(io.StringIO(written["list.csv"]))}
    assert len(rows) == 58
    assert rows["secure/tokens.csv"]["State"] == "changed here"
    assert rows["locked/admin.kubeconfig"]["Read by"] == "people"
    data = {row["key"]: row for row in json.loads(written["list.json"])}
    assert data["secure/etcd-0-peer.crt"]["days_left"] == 41
    assert data["addons/metrics.yaml"]["modified_here"] is None
    assert not any(secret.decode() in text for text in written.values() for secret in SECRETS)


async def test_the_key_is_copied(intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "y")
        assert app.clipboard == "play-jest-secrets-4f21aa"
        await on(pilot, "secure/tokens.csv")
        await press(pilot, "y")
        assert app.clipboard == "secure/tokens.csv"


async def test_the_preview_follows_the_cursor_and_is_gone_into(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "locked/")
        assert "Read by: people only." in words(app)
        await on(pilot, "common/etcd-ca.crt")
        assert "kube-apiserver" in seen(app)
        await on(pilot, "locked/admin.kubeconfig")
        assert "kubernetes-admin" in seen(app) or "admin" in seen(app)
        assert not any(secret.decode() in seen(app) for secret in SECRETS)
        await press(pilot, "enter")
        assert screen.in_preview
        await press(pilot, "escape")
        assert screen.focused is screen.tree_view
        await on(pilot, "etcd/")
        await press(pilot, "enter")
        await on(pilot, "etcd/0/snapshot.db")
        assert "it is too large to be" in words(app)
        assert "read etcd/0/snapshot.db" not in intents.behaviour.calls


async def test_on_a_narrow_screen_enter_opens_the_preview_below(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "common/etcd-ca.crt")
        assert not screen.pane.is_on_screen
        assert "read common/etcd-ca.crt" not in intents.behaviour.calls
        await press(pilot, "enter")
        assert screen.in_preview
        assert "subject" in seen(app)
        await press(pilot, "escape")
        assert "subject" not in seen(app)
        assert isinstance(app.screen, SecretsScreen)


async def test_only_the_last_file_passed_over_is_read(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await opened(pilot)
        gate = intents.behaviour.gates["read common/client-ca.crt"] = threading.Event()
        await pilot.press("j", "j")
        await pilot.press("j", "j", "j")
        gate.set()
        await settle(pilot)
        reads = [call for call in intents.behaviour.calls if call.startswith("read ")]
        assert reads == ["read common/client-ca.crt", "read common/kube-proxy.kubeconfig"]
        assert "kube-proxy.kubeconfig · here" in seen(app)


async def test_going_back_to_what_is_shown_needs_no_reading(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await opened(pilot)
        await on(pilot, "common/client-ca.crt")
        gate = intents.behaviour.gates["read common/etcd-ca.crt"] = threading.Event()
        await pilot.press("j")
        await pilot.press("k")
        gate.set()
        await settle(pilot)
        assert "client-ca.crt · here" in seen(app)


async def test_what_is_revealed_hides_when_the_cursor_goes_on(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await opened(pilot)
        await on(pilot, "secure/apiserver.key")
        assert SECRETS[1].decode() not in seen(app)
        await press(pilot, "r")
        assert SECRETS[1].decode() in seen(app)
        intents.behaviour.gates["read secure/apiserver.crt"] = threading.Event()
        await pilot.press("k")
        await pilot.pause()
        assert SECRETS[1].decode() not in seen(app)
        intents.behaviour.gates["read secure/apiserver.crt"].set()
        await settle(pilot)
        assert not screen.pane.revealed
        assert not any(secret.decode() in notice for secret in SECRETS for notice in notices(app))


async def test_what_cannot_be_read_is_said_in_the_preview(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(160, 45)) as pilot:
        await opened(pilot)
        intents.behaviour.errors["read common/etcd-ca.crt"] = KubeplatError(
            "It is not encrypted with our key."
        )
        await on(pilot, "common/etcd-ca.crt")
        assert "It is not encrypted with our key." in words(app)


# --- states ---------------------------------------------------------------------------------------


async def test_loading_failed_and_forbidden_have_their_sentences(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        gate = intents.behaviour.gates["compare"] = threading.Event()
        await pilot.press("6")
        await pilot.pause()
        assert "◐ Reading the secrets" in seen(app)
        intents.behaviour.errors["compare"] = ForbiddenError(
            "Listing the bucket is not allowed: AWS refused ListObjectsV2.",
            todo="Ask for the permission s3:ListBucket.",
        )
        gate.set()
        await settle(pilot)
        assert "▲ Listing the bucket is not allowed" in seen(app)
        assert "Ask for the permission s3:ListBucket." in seen(app)
        intents.behaviour.errors["compare"] = RuntimeError("boom")
        await press(pilot, "ctrl+r")
        assert "RuntimeError: boom" in words(app)
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "Secrets (55)" in seen(app)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("bucket", InputError("play-jest has no secrets bucket yet.", todo="kubeplat run makes it.")),
        ("compare", NotFoundError("There is no bucket play-jest-secrets-4f21aa.")),
    ],
)
async def test_before_the_first_build_it_says_what_to_press(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore, method: str, error: Exception
) -> None:
    intents.behaviour.errors[method] = error
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert str(error).split(".")[0] in words(app)
        assert "Press 3 to go to Build" in words(app)
        for action in ("fetch", "upload", "make", "delete", "save_list", "edit", "filter"):
            assert not screen.check_action(action, ()), action
        intents.behaviour.errors.clear()
        await press(pilot, "ctrl+r")
        assert "Secrets (55)" in seen(app)


async def test_an_empty_bucket_offers_to_make_the_secrets(intents: FakeIntents, make_app: MakeApp) -> None:
    store = intents.secret_store = FakeSecretStore(intents.behaviour)
    store.makes = {"locked/kubernetes-ca.key": fake_secrets.PRIVATE_KEY}
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "play-jest has no secrets yet." in words(app)
        assert "Or m: make them now" in words(app)
        await press(pilot, "m", "y")
        assert isinstance(app.screen, MoveDialog)
        await press(pilot, "y")
        assert store.state("locked/kubernetes-ca.key") is State.SAME
        assert "Secrets (1)" in seen(app)


async def test_unreadable_certificates_take_only_the_expiries(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    intents.behaviour.errors["findings"] = InputError("service_network is no network.", todo="Correct it.")
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        assert "service_network is no network." in words(app)
        assert "apiserver.crt" in seen(app)


async def test_a_lost_sandbox_is_said_and_started_anew(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        intents.clouds["play-jest"].lose()
        await settle(pilot)
        assert "The sandbox of play-jest ended." in words(app)
        before = intents.behaviour.calls.count("secrets")
        await press(pilot, "ctrl+r")
        assert "The sandbox of play-jest ended." not in words(app)
        assert intents.behaviour.calls.count("secrets") > before
        assert "Secrets (55)" in seen(app)


async def test_no_key_of_a_file_can_write_on_the_terminal(intents: FakeIntents, make_app: MakeApp) -> None:
    store = intents.secret_store = FakeSecretStore(intents.behaviour)
    store.put_there("common/\x1b]0;evil\x07[red]x", MANIFEST)
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await press(pilot, "j", "j", "enter", "escape", "D", "escape")
        assert "\x1b" not in seen(app)
        assert "[red]x" in seen(app)


async def test_what_was_edited_is_saved_here_only_over_what_was_read(
    intents: FakeIntents, make_app: MakeApp, store: FakeSecretStore
) -> None:
    key = "secure/encryption-config.yaml"
    app = make_app(intents, start="play-jest")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await on(pilot, key)
        node = screen.current
        assert node is not None
        screen.work._save(node, MANIFEST, None)
        screen.work._save(node, MANIFEST, MANIFEST)
        await settle(pilot)
        assert store.state(key) is State.SAME
        assert f"{key} is as it was." in notices(app)
        screen.work._save(node, MANIFEST, b"new\n")
        await settle(pilot)
        assert store.state(key) is State.CHANGED_HERE
        assert f"{key} is saved here; u uploads it." in notices(app)
        assert store.here[key].data == b"new\n"
        screen.work._save(node, MANIFEST, b"late\n")  # the file is not what `node` knows any more
        await settle(pilot)
        assert "was changed meanwhile" in words(app)
        assert digest(store.here[key].data or b"") == digest(b"new\n")


# --- pictures -------------------------------------------------------------------------------------

PICTURES: dict[str, list[str]] = {
    "tree": [],
    "file": ["j", "j", "j", "enter"],
    "filtered": ["slash", "exclamation_mark", *"same", "vertical_line", *"left", "enter"],
    "marked": ["j", "j", "space", "space", "space"],
    "fetch": ["f", "space"],
    "delete": ["j", "j", "D", "down", "down", "enter"],
    "make": ["m"],
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PICTURES)
def test_picture(
    snap_compare: Any, intents: FakeIntents, make_app: MakeApp, size: tuple[int, int], name: str
) -> None:
    app = make_app(intents, start="play-jest")

    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot)
        await press(pilot, *PICTURES[name])

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_nothing(
    snap_compare: Any, intents: FakeIntents, make_app: MakeApp, size: tuple[int, int]
) -> None:
    intents.behaviour.errors["bucket"] = InputError("play-jest has no secrets bucket yet.")
    app = make_app(intents, start="play-jest")

    async def prepare(pilot: Pilot[Any]) -> None:
        await opened(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


async def test_a_day_is_left_in_hours() -> None:
    store = FakeSecretStore()
    store.put_both("secure/a.crt", b"x")
    store.until["secure/a.crt"] = NOW + timedelta(hours=20)
    from kubeplat_tui.screens.secrets.looks import expiry
    from tests.screens.test_secret_outline import outlined

    assert str(expiry(outlined(store).nodes[0], NOW)) == "▲ 20 h"
