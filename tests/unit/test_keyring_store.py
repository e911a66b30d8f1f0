"""The system's keyring where there is one, a sentence where there is none, and never a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError, KeyringLocked

from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.keyring_store import KeyringStore, token_entry
from tests.unit.keyrings import MemoryKeyring, using

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend


FAIL = fail.Keyring()  # type: ignore[no-untyped-call]  # the package leaves it without types
NULL = null.Keyring()  # type: ignore[no-untyped-call]  # the same


class FileKeyring(MemoryKeyring):
    """As keyrings.alt's: it keeps everything in a file."""

    file_path = "passwords.cfg"


def chain(*backends: KeyringBackend) -> ChainerBackend:
    class Chain(ChainerBackend):
        pass

    Chain.backends = list(backends)  # type: ignore[assignment]  # a property that looks at every installed backend
    return Chain()  # type: ignore[no-untyped-call]  # the package leaves it without types


def calls(store: KeyringStore) -> list[Callable[[], object]]:
    """Everything that a store can be asked."""
    return [lambda: store.get("x"), lambda: store.set("x", "secret"), lambda: store.delete("x")]


def test_what_was_set_is_found_until_it_is_deleted() -> None:
    system = MemoryKeyring()
    with using(system):
        store = KeyringStore("demo")
        assert store.available()
        assert store.why == ""
        assert store.get("ssh-passphrase") is None
        store.set("ssh-passphrase", "correct horse")
        assert system.entries == {("kubeplat", "demo/ssh-passphrase"): "correct horse"}
        assert KeyringStore("demo").get("ssh-passphrase") == "correct horse"
        assert KeyringStore("other").get("ssh-passphrase") is None
        store.delete("ssh-passphrase")
        store.delete("ssh-passphrase")
        assert system.entries == {}


def test_a_token_is_remembered_by_its_user_and_the_digits_of_its_hash() -> None:
    assert token_entry("jest", "0123456789ab") == "token/jest/0123456789ab"


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        (FAIL, "No keyring service is running here"),
        (NULL, "switched off"),
        (FileKeyring(), "is a file"),
        (chain(), "No keyring service is running here"),
        (chain(FileKeyring()), "is a file"),
    ],
)
def test_without_a_keyring_that_is_said_and_nothing_is_written(backend: KeyringBackend, why: str) -> None:
    with using(backend):
        store = KeyringStore("demo")
        assert not store.available()
        assert why in store.why
        for call in calls(store):
            with pytest.raises(KubeplatError, match="no keyring to remember it in") as caught:
                call()
            assert why in caught.value.why
    assert getattr(backend, "entries", {}) == {}


def test_of_a_chain_only_the_keyrings_are_used_that_are_no_files() -> None:
    file, system = FileKeyring(), MemoryKeyring()
    with using(chain(file, system)):
        KeyringStore("demo").set("x", "secret")
    assert file.entries == {}
    assert len(system.entries) == 1


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (KeyringLocked("Failed to unlock the collection!"), "It is locked."),
        (KeyringError("Can't store password on keychain."), "It says: Can't store password on keychain."),
        (RuntimeError("secret"), "Its backend failed (RuntimeError)."),
    ],
)
def test_what_a_keyring_raises_is_a_sentence(error: Exception, why: str) -> None:
    system = MemoryKeyring()
    system.error = error
    with using(system):
        store = KeyringStore("demo")
        for call in calls(store):
            with pytest.raises(KubeplatError) as caught:
                call()
            assert caught.value.why == why
            assert "secret" not in str(caught.value)


def test_broken_settings_of_the_keyring_are_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nowhere.Keyring")
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    store = KeyringStore("demo")
    assert not store.available()
    assert "broken" in store.why
    assert keyring.core._keyring_backend is None
