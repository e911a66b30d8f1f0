"""`tokens` on a real store: the bucket's file changes, nobody's change is lost, and the token is seen once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from keyring.backends import fail
from keyring.errors import KeyringLocked

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import KubeplatError
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

NOW = datetime.now(UTC)


@pytest.fixture
def bucket() -> MemoryBucket:
    made = MemoryBucket()
    made.plant(tokens.KEY, tokens.EMPTY)
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
def keyring() -> Iterator[MemoryKeyring]:
    system = MemoryKeyring()
    with using(system):
        yield system


def there(bucket: MemoryBucket) -> tuple[tokens.Token, ...]:
    return tokens.parse(bucket.contents[tokens.KEY])


def plant(bucket: MemoryBucket, user: str, *groups: str) -> str:
    """Somebody else adds a token."""
    data, token = tokens.add(bucket.contents[tokens.KEY], user, groups, now=NOW)
    bucket.plant(tokens.KEY, data)
    return token


def test_a_token_is_made_shown_once_and_only_its_hash_is_kept(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    ran = shell.run("tokens", "add", "jest", "--group", "dev", "--group", "ops", "--days", "30")
    assert ran.code == 0
    token = ran.out.strip()
    assert ran.out == f"{token}\n"
    assert token not in ran.err
    (row,) = there(bucket)
    assert row.sha256 == tokens.digest(token)
    assert row.groups == ("dev", "ops")
    assert row.expires
    assert timedelta(days=29) < row.expires - datetime.now(UTC) <= timedelta(days=30)
    assert token.encode() not in b"".join(bucket.contents.values())
    assert store.copy.read(tokens.KEY) == bucket.contents[tokens.KEY]
    assert not [
        path
        for path in store.copy.folder.rglob("*")
        if path.is_file() and token.encode() in path.read_bytes()
    ]


def test_a_token_for_programs_comes_with_its_row(shell: SecretShell) -> None:
    document = json.loads(shell.run("tokens", "add", "ci", "--uid", "u-7", "--json").out)
    assert document["environment"] == "demo"
    assert document["uid"] == "u-7"
    assert document["expires"] is None
    assert document["state"] == "valid"
    assert document["sha256"] == tokens.digest(document["token"])


def test_the_list_shows_who_until_when_and_never_a_token(shell: SecretShell, bucket: MemoryBucket) -> None:
    token = plant(bucket, "jest", "dev")
    old, _ = tokens.add(
        bucket.contents[tokens.KEY], "anna", now=NOW - timedelta(days=3), lifetime=timedelta(days=1)
    )
    bucket.plant(tokens.KEY, old)
    ran = shell.run("tokens", "list")
    assert ran.code == 0
    assert ran.out == shell.run("tokens").out
    assert token not in ran.out
    assert tokens.digest(token)[:12] in ran.out
    assert "never" in ran.out
    assert "expired" in ran.out
    document = json.loads(shell.run("tokens", "list", "--json").out)
    assert [(each["user"], each["state"]) for each in document["tokens"]] == [
        ("jest", "valid"),
        ("anna", "expired"),
    ]


def test_an_empty_list_says_so(shell: SecretShell) -> None:
    assert "demo has no tokens." in shell.run("tokens").err


def test_before_the_first_run_there_is_no_file_and_none_is_made_here(
    shell: SecretShell, bucket: MemoryBucket
) -> None:
    bucket.plant(tokens.KEY, None)
    for arguments in (["list"], ["add", "jest"], ["revoke", "jest", "--yes"]):
        ran = shell.run("tokens", *arguments)
        assert ran.code == 1
        assert "kubeplat run" in ran.err
    assert tokens.KEY not in bucket.contents


def test_a_broken_file_is_told_by_its_lines_and_left(shell: SecretShell, bucket: MemoryBucket) -> None:
    bucket.plant(tokens.KEY, b"plain-token,jest,1,dev\n")
    for arguments in (["list"], ["add", "jest"], ["revoke", "jest", "--yes"]):
        ran = shell.run("tokens", *arguments)
        assert ran.code == 2
        assert "tokens.csv:1: a row has 5 fields" in ran.err
        assert "plain-token" not in ran.err + ran.out
    assert bucket.contents[tokens.KEY] == b"plain-token,jest,1,dev\n"


def test_whoever_is_faster_keeps_their_token_and_ours_is_added_to_theirs(
    shell: SecretShell, bucket: MemoryBucket
) -> None:
    def somebody_else(call: str, _key: str) -> None:
        if call == "put":
            bucket.before = lambda _call, _key: None
            plant(bucket, "anna")

    bucket.before = somebody_else
    ran = shell.run("tokens", "add", "jest")
    assert ran.code == 0
    assert "Somebody else changed" in ran.err
    assert [row.user for row in there(bucket)] == ["anna", "jest"]
    assert there(bucket)[1].sha256 == tokens.digest(ran.out.strip())


def test_who_is_never_fast_enough_is_told_and_no_token_is_shown(
    shell: SecretShell, bucket: MemoryBucket
) -> None:
    def somebody_else(call: str, _key: str) -> None:
        if call == "put":
            plant(bucket, "anna")

    bucket.before = somebody_else
    ran = shell.run("tokens", "add", "jest")
    assert ran.code == 1
    assert ran.out == ""
    assert {row.user for row in there(bucket)} == {"anna"}


def test_changes_of_the_working_copy_are_left_and_told(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    mine = tokens.EMPTY + b"# a note of mine\n"
    store.copy.commit({tokens.KEY: mine})
    ran = shell.run("tokens", "add", "jest")
    assert ran.code == 0
    assert "changes of its own" in ran.err
    assert store.copy.read(tokens.KEY) == mine
    assert [row.user for row in there(bucket)] == ["jest"]


def test_a_token_is_shown_also_where_the_working_copy_cannot_follow(
    shell: SecretShell, store: SecretStore, bucket: MemoryBucket
) -> None:
    def gone(call: str, _key: str) -> None:
        if call == "list":
            raise KubeplatError("The network is gone.")

    bucket.before = gone
    ran = shell.run("tokens", "add", "jest")
    assert ran.code == 0
    assert there(bucket)[0].sha256 == tokens.digest(ran.out.strip())
    assert "does not have it yet: The network is gone." in ran.err
    assert store.copy.read(tokens.KEY) == tokens.EMPTY


def test_revoking_asks_and_takes_all_of_a_users_tokens(shell: SecretShell, bucket: MemoryBucket) -> None:
    for user in ("jest", "anna", "jest"):
        plant(bucket, user, "dev")
    assert shell.at_terminal("tokens", "revoke", "jest", typed=("no",)).code == 1
    assert shell.run("tokens", "revoke", "jest").code == 2
    assert len(there(bucket)) == 3
    ran = shell.at_terminal("tokens", "revoke", "jest", typed=("yes",))
    assert ran.code == 0
    assert "Revoke 2 tokens of jest?" in ran.err
    assert "2 tokens revoked" in ran.out
    assert [row.user for row in there(bucket)] == ["anna"]


def test_one_token_is_revoked_by_its_hash(shell: SecretShell, bucket: MemoryBucket) -> None:
    keep, lose = plant(bucket, "jest"), plant(bucket, "jest")
    ran = shell.run("tokens", "revoke", tokens.digest(lose)[:12], "--yes", "--json")
    assert json.loads(ran.out)["revoked"] == [tokens.digest(lose)]
    assert [row.sha256 for row in there(bucket)] == [tokens.digest(keep)]
    assert "Did you mean jest?" in shell.run("tokens", "revoke", "jset", "--yes").err


def test_a_remembered_token_is_shown_again_until_it_is_revoked(
    shell: SecretShell, keyring: MemoryKeyring
) -> None:
    token = shell.run("tokens", "add", "jest", "--remember").out.strip()
    assert list(keyring.entries.values()) == [token]
    assert shell.run("tokens", "show", "jest").out.strip() == token
    assert json.loads(shell.run("tokens", "show", "jest", "--json").out)["token"] == token
    assert shell.run("tokens", "revoke", "jest", "--yes").code == 0
    assert keyring.entries == {}
    assert shell.run("tokens", "show", "jest").code == 2


def test_a_token_that_was_not_remembered_cannot_be_shown(
    shell: SecretShell, bucket: MemoryBucket, keyring: MemoryKeyring
) -> None:
    plant(bucket, "jest")
    ran = shell.run("tokens", "show", "jest")
    assert ran.code == 1
    assert "remembers no token of jest" in ran.err
    assert keyring.entries == {}


def test_without_a_keyring_nothing_is_made_to_be_remembered(shell: SecretShell, bucket: MemoryBucket) -> None:
    with using(fail.Keyring()):  # type: ignore[no-untyped-call]  # the package leaves it without types
        ran = shell.run("tokens", "add", "jest", "--remember")
    assert ran.code == 2
    assert "No keyring service is running here" in ran.err
    assert there(bucket) == ()


def test_a_token_is_shown_also_where_the_keyring_fails(shell: SecretShell, keyring: MemoryKeyring) -> None:
    keyring.error = KeyringLocked("locked")
    ran = shell.run("tokens", "add", "jest", "--remember")
    assert ran.code == 1
    assert len(ran.out.strip()) >= 43
    assert "It is locked." in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["add"],
        ["add", "jest", "--days", "0"],
        ["add", "jest", "--days", "99999999999"],
        ["add", "jest", "--group", "system:masters"],
        ["add", ""],
        ["revoke"],
    ],
)
def test_what_cannot_be_is_bad_usage(shell: SecretShell, bucket: MemoryBucket, arguments: list[str]) -> None:
    ran = shell.run("tokens", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert there(bucket) == ()
