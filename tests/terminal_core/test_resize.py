"""Another size: what was on the main screen is still there, and comes back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore


def screen_of(core: BitttyCore) -> list[str]:
    return [core.line(y).text for y in range(core.rows)]


def history_of(core: BitttyCore) -> list[str]:
    return [core.history_line(index).text for index in range(core.history_length)]


def test_fewer_rows_push_the_first_ones_into_the_history_and_more_bring_them_back() -> None:
    core = BitttyCore(10, 5)
    core.feed(b"1\r\n2\r\n3\r\n4\r\n5")
    core.take_changes()
    core.resize(10, 3)
    assert (screen_of(core), history_of(core)) == (["3", "4", "5"], ["1", "2"])
    assert (core.cursor.x, core.cursor.y) == (1, 2)
    assert core.take_changes().added == 2
    core.resize(10, 4)
    assert (screen_of(core), history_of(core)) == (["2", "3", "4", "5"], ["1"])
    changes = core.take_changes()
    assert (changes.everything, changes.history_cleared, changes.added) == (True, True, 1)
    core.resize(10, 9)
    assert (screen_of(core), history_of(core)) == (["1", "2", "3", "4", "5", "", "", "", ""], [])
    core.feed(b"6")
    assert core.line(4).text == "56"


def test_empty_rows_below_the_cursor_go_first() -> None:
    core = BitttyCore(10, 5)
    core.feed(b"1\r\n2")
    core.resize(10, 2)
    assert (screen_of(core), history_of(core)) == (["1", "2"], [])


def test_lines_are_broken_anew() -> None:
    core = BitttyCore(10, 5)
    core.feed(b"abcdefghijklm\r\nxy")
    core.resize(5, 5)
    assert screen_of(core) == ["abcde", "fghij", "klm", "xy", ""]
    assert [core.line(y).wrapped for y in range(5)] == [True, True, False, False, False]
    assert (core.cursor.x, core.cursor.y) == (2, 3)
    core.resize(20, 5)
    assert screen_of(core) == ["abcdefghijklm", "xy", "", "", ""]
    assert (core.cursor.x, core.cursor.y) == (2, 1)


def test_wide_characters_stay_whole() -> None:
    core = BitttyCore(8, 4)
    core.feed("a日本語x".encode())
    core.resize(4, 4)
    assert [text.rstrip() for text in screen_of(core)] == ["a日", "本語", "x", ""]
    core.resize(1, 4)
    core.resize(8, 4)
    assert core.errors == 0


def test_the_alternate_screen_is_cut_and_the_main_one_waits() -> None:
    core = BitttyCore(10, 4)
    core.feed(b"main one\r\nmain two\x1b[?1049h\x1b[Halternate!")
    core.resize(5, 3)
    assert screen_of(core) == ["alter", "", ""]
    core.resize(10, 4)
    core.feed(b"\x1b[?1049l")
    assert screen_of(core) == ["main one", "main two", "", ""]
    assert (core.cursor.x, core.cursor.y) == (8, 1)


def test_the_region_is_the_whole_screen_again() -> None:
    core = BitttyCore(10, 4)
    core.feed(b"\x1b[2;3r")
    core.resize(10, 6)
    core.feed(b"\x1b[H" + b"x\r\n" * 7)
    assert core.history_length == 2


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(alphabet="abc 日\u0301", max_size=40), max_size=12),
    st.lists(st.tuples(st.integers(2, 30), st.integers(1, 12)), min_size=1, max_size=5),
)
def test_no_text_is_lost(lines: list[str], sizes: list[tuple[int, int]]) -> None:
    core = BitttyCore(12, 4)
    core.feed(("\r\n".join(lines) + "|").encode())
    before = "".join(history_of(core) + screen_of(core)).replace(" ", "")
    for columns, rows in sizes:
        core.resize(columns, rows)
        assert core.line(core.cursor.y).text.rstrip().endswith("|")
    assert "".join(history_of(core) + screen_of(core)).replace(" ", "") == before
