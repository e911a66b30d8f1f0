"""`ssh-key`: what is here, and a passphrase that is typed unseen, kept nowhere or in the keyring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from keyring.backends import fail

from kubeplat_tui.services import ssh_passphrase
from kubeplat_tui.services.pki import keys
from kubeplat_tui.services.secrets.model import Side, State
from tests.unit.cli_support import plain_environment
from tests.unit.keyrings import MemoryKeyring, using
from tests.unit.memory_bucket import MemoryBucket, make_store
from tests.unit.secret_shell import SecretShell, ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kubeplat_tui.services.secrets.store import SecretStore

__all__ = ["plain_environment"]
pytestmark = pytest.mark.usefixtures("plain_environment")

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def keyring() -> Iterator[MemoryKeyring]:
    system = MemoryKeyring()
    with using(system):
        yield system


@pytest.fixture
def bucket() -> MemoryBucket:
    made = MemoryBucket()
    private = keys.generate_ssh()
    made.plant(ssh_passphrase.KEY, private)
    made.plant(ssh_passphrase.PUBLIC_KEY, f"{keys.ssh_public('', private)} demo\n".encode())
    return made


@pytest.fixture
def store(tmp_path: Path, bucket: MemoryBucket) -> SecretStore:
    found = make_store(tmp_path / "here", bucket)
    ended(found.fetch())
    return found


@pytest.fixture
def shell(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> SecretShell:
    return SecretShell(store, monkeypatch)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at prompts that show nothing, the first one first."""
    lines: list[str] = []

    def getpass(prompt: str = "") -> str:
        assert prompt
        return lines.pop(0)

    monkeypatch.setattr("getpass.getpass", getpass)
    return lines


def state(store: SecretStore) -> State:
    return next(file.state for file in store.compare().files if file.key == ssh_passphrase.KEY)


def test_show_tells_where_the_key_is_and_its_fingerprint(shell: SecretShell, store: SecretStore) -> None:
    ran = shell.run("ssh-key")
    assert ran.code == 0
    public = store.copy.read(ssh_passphrase.PUBLIC_KEY).decode().strip()
    for word in (
        str(store.copy.path(ssh_passphrase.KEY)),
        ssh_passphrase.fingerprint(public),
        public,
        "none",
    ):
        assert word in ran.out
    assert "PRIVATE" not in ran.out
    document = json.loads(shell.run("ssh-key", "show", "--json").out)
    assert document["protected"] is False
    assert document["public_key"] == public


def test_a_passphrase_is_put_on_here_only_and_taken_off_again(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket, keyring: MemoryKeyring, typed: list[str]
) -> None:
    plain = bucket.contents[ssh_passphrase.KEY]
    typed += [PASSPHRASE, PASSPHRASE]
    ran = shell.at_terminal("ssh-key", "protect")
    assert ran.code == 0
    assert PASSPHRASE not in ran.out + ran.err
    assert ssh_passphrase.is_protected(store.copy.read(ssh_passphrase.KEY))
    assert json.loads(shell.run("ssh-key", "--json").out)["protected"] is True
    assert state(store) is State.SAME
    assert ended(store.upload()).unchanged
    assert bucket.contents[ssh_passphrase.KEY] == plain
    assert keyring.entries == {}

    typed.append("a wrong one")
    ran = shell.at_terminal("ssh-key", "unprotect")
    assert ran.code == 2
    assert "not right" in ran.err
    typed.append(PASSPHRASE)
    assert shell.at_terminal("ssh-key", "unprotect").code == 0
    assert store.copy.read(ssh_passphrase.KEY) == plain
    assert state(store) is State.SAME


def test_the_keyring_remembers_the_passphrase_until_it_is_taken_off(
    shell: SecretShell, store: SecretStore, keyring: MemoryKeyring, typed: list[str]
) -> None:
    typed += [PASSPHRASE, PASSPHRASE]
    assert shell.at_terminal("ssh-key", "protect", "--remember").code == 0
    assert list(keyring.entries.values()) == [PASSPHRASE]
    assert shell.run("ssh-key", "unprotect").code == 0
    assert keyring.entries == {}
    assert not ssh_passphrase.is_protected(store.copy.read(ssh_passphrase.KEY))


def test_a_remembered_passphrase_that_is_not_right_any_more_is_asked_for(
    shell: SecretShell, store: SecretStore, keyring: MemoryKeyring, typed: list[str]
) -> None:
    typed += [PASSPHRASE, PASSPHRASE]
    shell.at_terminal("ssh-key", "protect", "--remember")
    keyring.entries = dict.fromkeys(keyring.entries, "of another day")
    typed.append(PASSPHRASE)
    assert shell.at_terminal("ssh-key", "unprotect").code == 0
    assert not ssh_passphrase.is_protected(store.copy.read(ssh_passphrase.KEY))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([PASSPHRASE, "another one"], "not the same"),
        (["short", "short"], "fewer than 8"),
        ([""], "No passphrase was typed"),
    ],
)
def test_a_passphrase_that_cannot_be_changes_nothing(
    shell: SecretShell, store: SecretStore, typed: list[str], lines: list[str], sentence: str
) -> None:
    before = store.copy.read(ssh_passphrase.KEY)
    typed += lines
    ran = shell.at_terminal("ssh-key", "protect")
    assert ran.code == 2
    assert sentence in ran.err
    assert store.copy.read(ssh_passphrase.KEY) == before


def test_nobody_is_asked_where_there_is_no_terminal(shell: SecretShell) -> None:
    ran = shell.run("ssh-key", "protect", "--yes")
    assert ran.code == 2
    assert "no terminal" in ran.err


def test_without_a_keyring_nothing_is_protected_to_be_remembered(
    shell: SecretShell, store: SecretStore, typed: list[str]
) -> None:
    typed += [PASSPHRASE, PASSPHRASE]
    with using(fail.Keyring()):  # type: ignore[no-untyped-call]  # the package leaves it without types
        ran = shell.at_terminal("ssh-key", "protect", "--remember")
    assert ran.code == 2
    assert "No keyring service is running here" in ran.err
    assert not ssh_passphrase.is_protected(store.copy.read(ssh_passphrase.KEY))


def test_a_second_passphrase_and_none_to_take_off_are_refused(shell: SecretShell, typed: list[str]) -> None:
    assert shell.at_terminal("ssh-key", "unprotect").code == 2
    typed += [PASSPHRASE, PASSPHRASE]
    shell.at_terminal("ssh-key", "protect")
    assert shell.at_terminal("ssh-key", "protect").code == 2


def test_a_key_that_is_not_here_is_told(shell: SecretShell, store: SecretStore) -> None:
    store.remove([ssh_passphrase.KEY], Side.HERE)
    ran = shell.run("ssh-key")
    assert ran.code == 1
    assert "fetch-secrets" in ran.err
