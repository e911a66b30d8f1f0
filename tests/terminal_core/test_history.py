"""The lines that scrolled off: kept as they looked, few bytes each, and the same whichever way they got there."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.core import PLAIN, CellStyle, Changes, Line, Run, Underline
from kubeplat_tui.widgets.terminal.history import History, pack, unpack

COLOURS = st.one_of(st.none(), st.integers(0, 255), st.tuples(*[st.integers(0, 255)] * 3))
STYLES = st.builds(
    CellStyle,
    foreground=COLOURS,
    background=COLOURS,
    bold=st.booleans(),
    dim=st.booleans(),
    italic=st.booleans(),
    underline=st.sampled_from(list(Underline)),
    blink=st.booleans(),
    reverse=st.booleans(),
    concealed=st.booleans(),
    strike=st.booleans(),
    overline=st.booleans(),
    link=st.sampled_from(["", "https://example.org/"]),
)
RUNS = st.builds(Run, text=st.text(min_size=1, max_size=9), style=STYLES, cells=st.integers(1, 300))
LINES = st.builds(Line, runs=st.lists(RUNS, max_size=5).map(tuple), wrapped=st.booleans())


def lines_of(core: BitttyCore) -> list[Line]:
    return [core.history_line(index) for index in range(core.history_length)] + [
        core.line(y) for y in range(core.rows)
    ]


@given(LINES)
def test_a_line_comes_back_as_it_was(line: Line) -> None:
    assert unpack(pack(line)) == line


def test_a_plain_line_is_a_string() -> None:
    line = Line((Run("plain text", PLAIN, 10),))
    assert pack(line) == "plain text"
    assert unpack(pack(line)) == line


def test_the_history_keeps_the_last_lines() -> None:
    history = History(3)
    history.extend(["a", "b", "c", "d"])
    assert [history[index].text for index in range(len(history))] == ["b", "c", "d"]
    assert [line.text for line in history.take_back(2)] == ["c", "d"]
    assert [line.text for line in history.lines(0, 5)] == ["b"]
    history.clear()
    assert len(history) == 0


def test_the_history_is_limited_in_bytes() -> None:
    history = History(1000, most_bytes=10_000)
    history.extend("x" * 900 for _ in range(1000))
    assert 5 < len(history) < 12


def test_ten_thousand_lines_are_small() -> None:
    """Less than half a kilobyte each, coloured; full screens of cells would be ten thousand bytes each."""
    core = BitttyCore(200, 50)
    data = b"".join(
        b"-rw-r--r-- 1 root root %8d 2024-05-01 10:00 \x1b[01;34mname-%d\x1b[0m and \x1b[32mmore\x1b[0m\r\n"
        % (index, index)
        for index in range(10_060)
    )
    tracemalloc.start()
    try:
        core.feed(data)
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert core.history_length == 10_000
    assert now < 10_000 * 500
    assert core.history_line(9_999).text.startswith("-rw-r--r-- 1 root root    10010")


def test_changes_tell_of_the_growth() -> None:
    core = BitttyCore(20, 5)
    assert core.take_changes() == Changes(range(5), everything=True)
    core.feed(b"one\r\ntwo")
    assert core.take_changes() == Changes([0, 1])
    assert core.take_changes().rows == []
    core.feed(b"\r\n" * 6)
    changes = core.take_changes()
    assert (changes.added, list(changes.rows), changes.history_cleared) == (3, [0, 1, 2, 3, 4], False)
    core.feed(b"\x1b[3Jx\r\ny")
    changes = core.take_changes()
    assert (changes.added, changes.history_cleared) == (1, True)
    core.feed(b"\x1b[?1049h")
    assert core.take_changes().everything


def test_what_a_clearing_would_lose_is_kept() -> None:
    core = BitttyCore(20, 5)
    core.feed(b"one\r\ntwo\x1b[H\x1b[J")
    assert [core.history_line(index).text for index in range(core.history_length)] == ["one", "two"]
    core.feed(b"three\x1b[2J")
    assert core.history_line(2).text == "three"
    core.feed(b"\x1b[H\x1b[2J\x1b[3J")
    assert core.history_length == 0


def test_the_alternate_screen_has_no_history() -> None:
    core = BitttyCore(20, 5)
    core.feed(b"\x1b[?1049h" + b"line\r\n" * 50 + b"\x1b[2J\x1b[?1049l")
    assert core.history_length == 0


def test_a_region_that_does_not_begin_at_the_top_has_no_history() -> None:
    core = BitttyCore(20, 5)
    core.feed(b"\x1b[2;4r\x1b[4;1H" + b"line\r\n" * 50)
    assert core.history_length == 0
    core.feed(b"\x1b[1;4r\x1b[4;1H" + b"line\r\n" * 3)
    assert core.history_length == 3


def test_lines_that_go_on_in_the_next_are_marked() -> None:
    core = BitttyCore(10, 3)
    core.feed(b"x" * 25 + b"\r\n" * 3)
    assert [line.wrapped for line in lines_of(core)] == [True, True, False, False, False, False]
    assert [line.text for line in lines_of(core)][:3] == ["x" * 10, "x" * 10, "x" * 5]


PIECES = st.one_of(
    st.text(alphabet="ab z~", max_size=30),
    st.sampled_from(
        ["\x1b[31m", "\x1b[0m", "\x1b[1;38;5;99m", "\x1b[38;2;1;2;3m", "\x1b[m", "\x1b[44m", "\x1b[49m"]
    ),
    st.sampled_from(
        ["日本", "e\u0301", "é", "\u0301", "\t", "\x1b[K", "\b", "\x07", "\x1b]8;;x:y\x07", "   "]
    ),
)
FLOODS = st.lists(st.lists(PIECES, max_size=4).map("".join), min_size=1, max_size=60)


@settings(max_examples=300, deadline=None)
@given(
    FLOODS,
    st.integers(2, 25),
    st.integers(1, 5),
    st.sampled_from(["", "\x1b[4h", "\x1b[?7l", "\x1b[1;2r", "\x1b(0", "\x1b[7m"]),
)
def test_the_short_cut_for_floods_changes_nothing(
    lines: list[str], columns: int, rows: int, mode: str
) -> None:
    text = ("begin" + mode + "\r\n" * rows + "".join(line + "\r\n" for line in lines * 2) + "end").encode()
    quick, slow = BitttyCore(columns, rows), BitttyCore(columns, rows)
    slow._board.skip_lines = lambda text, position: position
    quick.feed(text)
    slow.feed(text)
    assert lines_of(quick) == lines_of(slow)
    assert quick.cursor == slow.cursor
    quick.feed(b"\r\n\x1b[1btext\x1b[6n")
    slow.feed(b"\r\n\x1b[1btext\x1b[6n")
    assert lines_of(quick) == lines_of(slow)
    assert quick.take_changes().added == slow.take_changes().added
    assert quick.take_replies() == slow.take_replies()


@pytest.mark.parametrize(
    "line", ["plain and short", "\x1b[31mred\x1b[0m and plain", "日本語 e\u0301", "x" * 100]
)
def test_floods_take_the_short_cut(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare a thing with itself."""
    core = BitttyCore(80, 24)
    drawn: list[str] = []
    monkeypatch.setattr(core._board.scanner._tokens, "text", drawn.append)
    core.feed(("\r\n" * 24 + (line + "\r\n") * 500).encode())
    assert 20 < len(drawn) < 100
    assert core.history_length > 480
