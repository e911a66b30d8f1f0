"""The versions of a secret: told apart, compared with the secrets masked, restored when asked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.screens.secrets.history_dialog import HistoryDialog
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.secrets.text_difference import Difference, difference
from kubeplat_tui.widgets.footer import live_actions
from tests.screens.fake_secrets import FakeSecretStore
from tests.screens.secret_app import SecretApp, notices, settled
from tests.screens.waiting import screen_text, until
from tests.unit.secret_files import NOW, certificate, kubeconfig, private_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 45)]
KEY = "secure/encryption-config.yaml"
SECRETS = ("c2VjcmV0LW9uZS1zZWNyZXQtb25lLXNlY3JldC1vbmU=", "c2VjcmV0LXR3by1zZWNyZXQtdHdvLXNlY3JldC10d28=")


def configuration(*secrets: str) -> bytes:
    keys = "".join(
        f"            - name: key-{number}\n              secret: {secret}\n"
        for number, secret in enumerate(secrets, start=1)
    )
    return f"""\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys:
{keys}      - identity: {{}}
""".encode()


@pytest.fixture
def store() -> FakeSecretStore:
    """Four versions: made, deleted, put back with another secret, a key added; an edit here."""
    store = FakeSecretStore()
    store.put_there(KEY, configuration(SECRETS[0]), timedelta(days=40))
    store.put_there(KEY, None, timedelta(days=12))
    store.put_there(KEY, configuration(SECRETS[1]), timedelta(days=2))
    store.put_there(KEY, configuration(SECRETS[1], SECRETS[0]), timedelta(minutes=5))
    store.put_here(KEY, configuration(SECRETS[1]).replace(b"key-1", b"key-mine"))
    return store


async def opened(pilot: Pilot[Any], store: FakeSecretStore) -> HistoryDialog:
    app = pilot.app
    assert isinstance(app, SecretApp)
    dialog = HistoryDialog(store, KEY)
    app.ask(dialog)
    await compared(pilot, dialog)
    return dialog


async def compared(pilot: Pilot[Any], dialog: HistoryDialog) -> None:
    await until(pilot, lambda: dialog.is_attached and dialog._difference is not None, "the difference")


async def go_down(pilot: Pilot[Any], dialog: HistoryDialog, rows: int) -> None:
    for _ in range(rows):
        await pilot.press("j")
    await settled(pilot)
    await compared(pilot, dialog)


def keys(app: SecretApp) -> set[str]:
    return {hint.id for hint in live_actions(app.screen)}


def flat(pilot: Pilot[Any]) -> str:
    """The screen's words without frames."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", screen_text(pilot)).split())


async def test_every_version_is_listed_with_what_changed(store: FakeSecretStore) -> None:
    app = SecretApp()
    async with app.run_test(size=(110, 40)) as pilot:
        dialog = await opened(pilot, store)
        text = screen_text(pilot)
        assert f"Versions of {KEY} (4)" in text
        rows = [row for row in text.splitlines() if "UTC" in row]
        assert [re.findall(r"[a-z]{2,}", row)[0] for row in rows] == ["newest", "older", "deleted", "older"]
        assert "5 min ago" in rows[0]
        assert "40 d ago" in rows[3]
        assert "Since the version before: 1 line removed, 3 added" in text
        assert "+             - name: key-2" in text
        assert "•••••••• #" in text
        assert not any(secret in text for secret in SECRETS)
        await go_down(pilot, dialog, 2)
        assert "Deleted: this is what was there" in screen_text(pilot)
        assert "- kind: EncryptionConfiguration" in screen_text(pilot)
        await go_down(pilot, dialog, 1)
        assert "The first version" in screen_text(pilot)
        assert "+ kind: EncryptionConfiguration" in screen_text(pilot)


async def test_a_version_is_compared_with_the_newest_and_with_the_working_copy(
    store: FakeSecretStore,
) -> None:
    app = SecretApp()
    async with app.run_test(size=(110, 40)) as pilot:
        dialog = await opened(pilot, store)
        await go_down(pilot, dialog, 1)
        await pilot.press("a")
        await until(
            pilot, lambda: "From this version to the newest version: 1 line" in screen_text(pilot), "it"
        )
        await pilot.press("a")
        await until(pilot, lambda: "From this version to the working copy: " in screen_text(pilot), "it")
        await compared(pilot, dialog)
        assert "+             - name: key-mine" in screen_text(pilot)
        store.here.clear()
        await pilot.press("a", "a", "a")
        await until(
            pilot, lambda: "working copy: 15 lines removed" in screen_text(pilot), "it is not here any more"
        )


async def test_the_secrets_in_a_difference_are_revealed_for_a_while(store: FakeSecretStore) -> None:
    app = SecretApp()
    async with app.run_test(size=(110, 40)) as pilot:
        dialog = await opened(pilot, store)
        await pilot.press("r")
        await until(pilot, lambda: dialog._lines.revealed, "the secrets")
        assert SECRETS[0] in screen_text(pilot)
        assert "SECRETS ARE SHOWN" in screen_text(pilot)
        await pilot.press("r")
        assert SECRETS[0] not in screen_text(pilot)
        await pilot.press("r")
        await until(pilot, lambda: dialog._lines.revealed, "the secrets")
        await pilot.press("j")
        assert SECRETS[0] not in screen_text(pilot)


async def test_a_version_is_restored_when_that_is_confirmed(store: FakeSecretStore) -> None:
    app = SecretApp()
    async with app.run_test(size=(110, 40)) as pilot:
        dialog = await opened(pilot, store)
        assert "history.restore" not in keys(app)  # the newest one
        await go_down(pilot, dialog, 2)
        assert "history.restore" not in keys(app)  # a deletion
        await go_down(pilot, dialog, 1)
        await pilot.press("R")
        await until(pilot, lambda: "Restore the version of" in screen_text(pilot), "the question")
        assert "stay, so this can be taken back." in flat(pilot)
        await pilot.press("enter")  # No
        assert "restore" not in store.behaviour.calls
        await pilot.press("R")
        await until(pilot, lambda: "Restore the version of" in screen_text(pilot), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "(5)" in screen_text(pilot), "the new version")
        assert len(store.there[KEY]) == 5
        assert store.there[KEY][-1].data == configuration(SECRETS[0])
        await until(pilot, lambda: notices(app), "a word")
        assert notices(app) == [f"{KEY} is restored in the bucket; f fetches it."]
        await pilot.press("escape")
        assert app.answer is None


async def test_what_cannot_be_read_or_restored_is_said(store: FakeSecretStore) -> None:
    app = SecretApp()
    store.behaviour.errors["restore"] = KubeplatError(
        f"{KEY} was changed by somebody else.", todo="Look again."
    )
    async with app.run_test(size=(110, 40)) as pilot:
        dialog = await opened(pilot, store)
        await go_down(pilot, dialog, 1)
        await pilot.press("R")
        await until(pilot, lambda: "Restore the version of" in screen_text(pilot), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "was changed by somebody else" in screen_text(pilot), "the sentence")
        assert "Look again." in screen_text(pilot)
        store.behaviour.errors[f"read {KEY}"] = KubeplatError("The bucket says no.")
        await pilot.press("j", "j")
        await until(pilot, lambda: "The bucket says no." in screen_text(pilot), "the sentence")


async def test_a_key_without_versions_says_so() -> None:
    app = SecretApp()
    async with app.run_test() as pilot:
        app.ask(HistoryDialog(FakeSecretStore(), KEY))
        await until(pilot, lambda: "The bucket has no version of it." in screen_text(pilot), "the sentence")
        assert not keys(app) & {"history.against", "history.reveal", "history.restore"}


# --- differences ----------------------------------------------------------------------------------


def compare(key: str, before: bytes | None, after: bytes | None, *, revealed: bool = False) -> Difference:
    return difference(key, before, after, now=NOW, revealed=revealed)


def text_of(made: Difference) -> str:
    return "\n".join(line.text for line in made.lines)


def test_a_changed_secret_shows_as_another_number() -> None:
    text = text_of(compare(KEY, configuration(SECRETS[0]), configuration(SECRETS[1])))
    assert "-               secret: •••••••• #1" in text
    assert "+               secret: •••••••• #2" in text
    assert not any(secret in text for secret in SECRETS)
    revealed = text_of(compare(KEY, configuration(SECRETS[0]), configuration(SECRETS[1]), revealed=True))
    assert all(secret in revealed for secret in SECRETS)


def test_certificates_are_compared_by_what_they_say() -> None:
    made = compare("secure/a.crt", certificate("a"), certificate("a", days=40, dns=["new.test"]))
    assert "+   names      new.test" in text_of(made)
    assert "+              ▲ expires in 40 days" in text_of(made)
    assert "BEGIN" not in text_of(made)
    assert "subject    O = system:masters, CN = a" in text_of(made)


def test_a_renewed_kubeconfig_shows_its_certificate_and_that_the_key_changed() -> None:
    after = (
        kubeconfig(days=40)
        .replace(b"MIGHAgEA", b"MIGHAgEB")
        .replace(b"LS0tLS1CRUdJTiBQUklWQVRF", b"LS0tLS1CRUdJTiBQUklWQVRG")
    )
    text = text_of(compare("locked/admin.kubeconfig", kubeconfig(), after))
    assert "▲ expires in 40 days" in text
    assert "client-key-data: •••••••• #" in text
    assert "client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJ" in text


def test_private_keys_are_compared_by_their_public_halves() -> None:
    from kubeplat_tui.services.pki import keys as pki_keys

    made = compare("locked/ca.key", private_key(), pki_keys.private_pem(pki_keys.generate()))
    assert "public half" in text_of(made)
    assert made.added == made.removed == 1


def test_the_same_bytes_and_the_same_meaning_are_told_apart() -> None:
    assert compare(KEY, b"a: b\n", b"a: b\n").words == "no difference"
    assert compare(KEY, b"a: b\n", b"a: b\r\n").words == "only the layout differs"
    assert compare(KEY, None, b"a: b\n").words == "1 line added"


def test_far_changes_stand_in_groups() -> None:
    rows = [f"row {number}" for number in range(100)]
    after = [*rows]
    after[10] = after[90] = "other"
    text = text_of(compare("common/a.txt", "\n".join(rows).encode(), "\n".join(after).encode()))
    assert "⋯" in text
    assert "row 50" not in text
    assert text.count("+ other") == 2


def test_very_different_files_are_not_matched_for_ever() -> None:
    before, after = ("\n".join(f"{word} {number % 7}" for number in range(4000)).encode() for word in "ab")
    assert "Too much differs" in text_of(compare("common/a.txt", before, after))


LINES = st.lists(st.sampled_from(["a", "b", "c: d", "password: x", "password: y", ""]), max_size=12)


@settings(max_examples=300, deadline=None)
@given(LINES, LINES)
def test_both_sides_can_be_read_out_of_a_difference(before: list[str], after: list[str]) -> None:
    """With as many lines of context as there are, the signs give both files back."""
    sides = ["\n".join(rows) for rows in (before, after)]
    made = compare("common/a.txt", *(side.encode() for side in sides), revealed=True)
    if made.same or not (made.added or made.removed):
        return
    rows = [line.text for line in made.lines if "⋯" not in line.text]
    for side, sign in zip(sides, "-+", strict=True):
        signed = [row[2:] for row in rows if row[0] == sign]
        remaining = iter(side.split("\n"))
        assert all(row in remaining for row in signed if row and "nothing in it" not in row)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.binary(max_size=200),
    st.sampled_from([KEY, "secure/tokens.csv", "common/a", "a.crt"]),
)
def test_whatever_is_in_the_files_they_can_be_compared(before: bytes, after: bytes, key: str) -> None:
    made = compare(key, before, after)
    assert made.lines
    assert made.words


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", ["versions", "deleted", "revealed", "restore"])
def test_picture(
    snap_compare: Callable[..., bool], store: FakeSecretStore, name: str, size: tuple[int, int]
) -> None:
    app = SecretApp()

    async def begin(pilot: Pilot[Any]) -> None:
        dialog = await opened(pilot, store)
        if name == "deleted":
            await go_down(pilot, dialog, 2)
        if name == "revealed":
            await pilot.press("r")
            await until(pilot, lambda: dialog._lines.revealed, "the secrets")
        if name == "restore":
            await go_down(pilot, dialog, 1)
            await pilot.press("R")
            await until(pilot, lambda: "Restore the version of" in screen_text(pilot), "the question")

    assert snap_compare(app, terminal_size=size, run_before=begin)
