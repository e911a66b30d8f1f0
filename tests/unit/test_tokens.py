"""tokens.csv: what is read and refused, and that a change touches nothing but its own line."""

from __future__ import annotations

import contextlib
import hashlib
import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.services import tokens
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.tokens import TokenState

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
HASHES = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4)]
FILE = f"""\
# Ours; keep jest's first.
{HASHES[0]},jest,u-1,"platform:admins,dev",2026-12-31T00:00:00Z

  # the robots
{HASHES[1].upper()}, ci ,,builders,
{HASHES[2]},jest,u-1,,2026-11-22T16:00:00Z
""".encode()

names = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"), exclude_characters=","), min_size=1
).filter(lambda name: name.strip() == name and name.isprintable() and not name.startswith("system:"))


def test_rows_are_read_with_comments_spaces_and_blank_lines_between() -> None:
    first, second, third = tokens.parse(FILE)
    assert (first.user, first.uid, first.groups) == ("jest", "u-1", ("platform:admins", "dev"))
    assert first.expires == datetime(2026, 12, 31, tzinfo=UTC)
    assert (second.sha256, second.user, second.uid, second.expires) == (HASHES[1], "ci", "", None)
    assert (third.groups, third.line) == ((), 6)


def test_an_empty_file_and_the_initial_one_hold_no_token() -> None:
    assert tokens.parse(b"") == ()
    assert tokens.parse(tokens.EMPTY) == ()
    assert tokens.parse(b"\xef\xbb\xbf# saved by an editor that marks its files\r\n") == ()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("secret-token-of-jest,jest,1,dev", "a row has 5 fields, this one has 4"),
        ("secret-token-of-jest,jest,1,dev,", "no SHA-256"),
        (f"{HASHES[3]},,1,dev,", "a user is empty"),
        (f'{HASHES[3]},jest,1,"dev,,ops",', "a group is empty"),
        (f"{HASHES[3]},je\x1bst,1,dev,", "cannot be printed"),
        (f"{HASHES[3]},jest,1,dev,2027-02-30T00:00:00Z", "no time"),
        (f"{HASHES[3]},jest,1,dev,2027-02-20T00:00:00+01:00", "no time"),
        (f"{HASHES[3]},jest,1,dev,secret-token-of-jest", "no time"),
        (f'{HASHES[3]},jest,1,"dev,', "the quotes are not right"),
        (f"{HASHES[0]},jest,1,dev,", "stands in line 2 already"),
    ],
)
def test_a_wrong_row_is_told_by_its_line_and_never_quoted(row: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        tokens.parse(FILE + f"{row}\n".encode())
    assert re.search(rf"secure/tokens\.csv:7: [^\n]*{sentence}", str(caught.value))
    assert "secret-token" not in str(caught.value)


def test_every_wrong_row_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        tokens.parse(b"a\n# fine\nb\n", "mine.csv")
    assert "mine.csv:1: " in str(caught.value)
    assert "mine.csv:3: " in str(caught.value)


def test_a_line_that_is_no_text_is_told() -> None:
    with pytest.raises(InputError, match=r"tokens\.csv:2: the line is not UTF-8"):
        tokens.parse(b"# fine\n\xff\n")


def test_a_new_token_stands_in_the_file_as_its_hash_only() -> None:
    data, token = tokens.add(FILE, "anna", ["dev", "ops", "dev"], now=NOW, lifetime=timedelta(days=30))
    assert data.startswith(FILE)
    assert token.encode() not in data
    assert len(token) >= 43
    row = tokens.parse(data)[-1]
    assert row.sha256 == tokens.digest(token) == hashlib.sha256(token.encode()).hexdigest()
    assert (row.user, row.uid, row.groups) == ("anna", "anna", ("dev", "ops"))
    assert row.expires == NOW + timedelta(days=30)


def test_two_tokens_are_never_the_same() -> None:
    assert tokens.add(FILE, "anna", now=NOW)[1] != tokens.add(FILE, "anna", now=NOW)[1]


def test_a_user_keeps_the_uid_of_the_other_rows() -> None:
    assert tokens.parse(tokens.add(FILE, "jest", now=NOW)[0])[-1].uid == "u-1"
    assert tokens.parse(tokens.add(FILE, "jest", now=NOW, uid="u-2")[0])[-1].uid == "u-2"


def test_a_last_line_without_its_end_and_a_windows_file_are_continued_as_they_are() -> None:
    data, _ = tokens.add(FILE.rstrip(b"\n"), "anna", now=NOW)
    assert data.startswith(FILE)
    data, _ = tokens.add(FILE.replace(b"\n", b"\r\n"), "anna", now=NOW)
    assert data.endswith(b"\r\n")
    assert len(tokens.parse(data)) == 4


@pytest.mark.parametrize(
    ("user", "groups", "lifetime", "sentence"),
    [
        ("", [], None, "a user is empty"),
        ("anna\n", ["a\nb"], None, "cannot be printed"),
        ("an,na", [], None, "a user has a comma"),
        ("anna", ["a,b"], None, "a group has a comma"),
        ("anna", ["system:masters"], None, "Kubernetes's own"),
        ("system:anonymous", [], None, "Kubernetes's own"),
        ("anna", [], timedelta(), "longer than nothing"),
        ("anna", [], timedelta(days=3_000_000), "year 9999"),
    ],
)
def test_what_cannot_be_a_token_is_refused(
    user: str, groups: list[str], lifetime: timedelta | None, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        tokens.add(FILE, user, groups, now=NOW, lifetime=lifetime)


def test_nothing_is_added_to_or_taken_from_a_broken_file() -> None:
    with pytest.raises(InputError, match="is not right"):
        tokens.add(FILE + b"half a row", "anna", now=NOW)
    with pytest.raises(InputError, match="is not right"):
        tokens.revoke(FILE + b"half a row", "jest")


def test_all_tokens_of_a_user_are_revoked_and_all_other_lines_stay() -> None:
    data, gone = tokens.revoke(FILE, "jest")
    assert [row.sha256 for row in gone] == [HASHES[0], HASHES[2]]
    lines = FILE.splitlines(keepends=True)
    assert data == b"".join([lines[0], lines[2], lines[3], lines[4]])


@pytest.mark.parametrize("prefix", [HASHES[2][:6], HASHES[2][:6].upper(), HASHES[2]])
def test_one_token_is_revoked_by_the_beginning_of_its_hash(prefix: str) -> None:
    data, gone = tokens.revoke(FILE, prefix)
    assert [row.sha256 for row in gone] == [HASHES[2]]
    assert [row.sha256 for row in tokens.parse(data)] == HASHES[:2]


def test_who_is_unknown_is_told_the_nearest_user() -> None:
    with pytest.raises(InputError, match="Did you mean jest"):
        tokens.revoke(FILE, "jset")
    with pytest.raises(InputError, match="tokens list"):
        tokens.revoke(FILE, HASHES[0][:5])


def test_a_beginning_that_two_hashes_share_is_refused() -> None:
    twins = f"{'ab' * 32},a,,,\n{'ab' * 31}00,b,,,\n".encode()
    with pytest.raises(InputError, match="2 tokens begin with ababab"):
        tokens.revoke(twins, "ababab")


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (datetime(2026, 12, 23, 23, tzinfo=UTC), TokenState.VALID),
        (datetime(2026, 12, 24, 1, tzinfo=UTC), TokenState.DUE),
        (datetime(2026, 12, 31, tzinfo=UTC), TokenState.EXPIRED),
    ],
)
def test_a_token_is_valid_then_due_then_expired(at: datetime, state: TokenState) -> None:
    assert tokens.parse(FILE)[0].state(at) is state


def test_a_token_without_an_end_stays_valid() -> None:
    assert tokens.parse(FILE)[1].state(datetime(9999, 1, 1, tzinfo=UTC)) is TokenState.VALID


@given(st.binary())
def test_any_content_is_read_or_refused_with_a_sentence(data: bytes) -> None:
    with contextlib.suppress(InputError):
        assert all(row.user and len(row.sha256) == 64 for row in tokens.parse(data))


@given(
    st.lists(
        st.one_of(
            st.text(alphabet=string.printable).map(lambda text: "# " + text.replace("\n", "")),
            st.sampled_from(["", "   ", "\t"]),
            st.builds(
                lambda sha256, user, groups: (
                    f'{sha256.hex()},"{user.replace(chr(34), chr(34) * 2)}",,{groups},'
                ),
                st.binary(min_size=32, max_size=32),
                names,
                st.sampled_from(["", "dev", '"dev,ops"']),
            ),
        ),
        unique=True,
    ),
    names,
    st.lists(names),
)
def test_what_was_added_is_read_and_what_is_revoked_leaves_the_file_as_it_was(
    lines: list[str], user: str, groups: list[str]
) -> None:
    before = "".join(f"{line}\n" for line in lines).encode()
    rows = tokens.parse(before)
    data, token = tokens.add(before, user, groups, now=NOW)
    added = tokens.parse(data)
    assert added[:-1] == rows
    assert (added[-1].user, added[-1].groups) == (user, tuple(dict.fromkeys(groups)))
    after, gone = tokens.revoke(data, tokens.digest(token))
    assert after == before
    assert gone == added[-1:]
