"""A machine cannot hurt the terminal: nothing raises, nothing grows without bound, nothing it sends comes back at its
shell as if typed, and the screen keeps its size.
"""

from __future__ import annotations

import base64
import random
import re
import sys
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.core import BellRang, ClipboardWanted, KeyInput, Line, TitleSet
from kubeplat_tui.widgets.terminal.limits import CLIPBOARD_BYTES, LINK_LENGTH, REPLY_BYTES, TITLE_LENGTH
from tests.terminal_core import corpus
from tests.terminal_core.hostile import hostile_bytes

MARKER = "rm -rf"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def core_of(*data: bytes | str, columns: int = 20, rows: int = 5) -> BitttyCore:
    core = BitttyCore(columns, rows)
    for piece in data:
        core.feed(piece if isinstance(piece, bytes) else piece.encode())
    return core


def lines_of(core: BitttyCore) -> list[Line]:
    history = [core.history_line(index) for index in range(core.history_length)]
    return history + [core.line(y) for y in range(core.rows)]


def check_whole(core: BitttyCore, *, widest: int = 0) -> None:
    """Every row can be read, has no more cells than the screen (the history: than it had) and no controls."""
    assert core.errors == 0
    for index, line in enumerate(lines_of(core)):
        columns = core.columns if index >= core.history_length else max(widest, core.columns)
        assert sum(run.cells for run in line.runs) <= columns
        assert all(run.text for run in line.runs)
        assert not _CONTROL.search(line.text)
    assert 0 <= core.cursor.x < core.columns
    assert 0 <= core.cursor.y < core.rows


# What it sends must not come back.

ECHOES = {
    "title report": f"\x1b]2;{MARKER}\x07\x1b[21t",
    "icon report": f"\x1b]1;{MARKER}\x07\x1b]0;{MARKER}\x07\x1b[20t",
    "title stack": f"\x1b]2;{MARKER}\x07\x1b[22t\x1b]2;x\x07\x1b[23t\x1b[21t",
    "hexadecimal title": "\x1b[>0t\x1b[>1t\x1b]2;726d202d7266\x07\x1b[21t",
    "unknown setting": f"\x1bP$q{MARKER}\x1b\\",
    "setting with a known end": f"\x1bP$q{MARKER}m\x1b\\",
    "answerback": f"\x1bP1v{MARKER}\x1b\\\x05",
    "enquiry": "\x05\x05\x05",
    "font": f"\x1b]50;{MARKER}\x07\x1b]50;?\x07",
    "clipboard": f"\x1b]52;c;{base64.b64encode(MARKER.encode()).decode()}\x07\x1b]52;c;?\x07\x1b]52;;?\x1b\\",
    "macro": f"\x1bP1;0;0!z{MARKER}\x1b\\\x1b[1*z",
    "macro of hexadecimals": "\x1bP1;0;1!z1b5b63\x1b\\\x1b[1*z\x1b[?62n\x1b[?63;1n",
    "macro of a report": "\x1bP1;0;1!z1b5b36 6e\x1b\\\x1b[1*z",
    "user keys": "\x1bP0;1|17/726d\x1b\\\x1b[?25n\x1b[?26n",
    "terminfo": "\x1bP+q544e;726d\x1b\\",
    "terminal state": "\x1b[1$u\x1b[2$u\x1b[1$w\x1b[2$w",
    "state restored": "\x1bP1$p1b5b63\x1b\\",
    "checksum": "\x1b[1;1;1;1;5;20*y",
    "palette": "\x1b]4;1;?\x07\x1b]10;?\x07\x1b]11;?\x07\x1b]12;?\x07\x1b]5;0;?\x07\x1b]17;?\x07",
    "window": "\x1b[11t\x1b[13t\x1b[14t\x1b[15t\x1b[16t\x1b[18t\x1b[19t",
    "size within": "\x1b[?2048h",
    "printer": "\x1b[?15n\x1b[5i" + MARKER + "\x1b[4i\x1b[i",
    "locator": "\x1b[1;1'z\x1b['|",
    "keyboard": "\x1b[?u\x1b[>1u\x1b[?4m\x1b[?26n",
    "vt52": "\x1b[?2l\x1bZ\x1b<",
    "looks": "\x1b[1;1;5;20#|",
    "supplement": "\x1b[&u",
}


@pytest.mark.parametrize("name", ECHOES)
def test_nothing_of_the_machine_comes_back(name: str) -> None:
    core = core_of(ECHOES[name])
    replies = core.take_replies()
    assert MARKER.encode() not in replies
    assert replies in {b"", b"\x1bP0$r\x1b\\"}, "at most: this setting is not known"
    check_whole(core)


def test_the_reports_there_are() -> None:
    core = core_of(
        "\x1b[3;4H\x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[?2004$p\x1b[?9999$p",
        "\x1b[1;4;31m\x1bP$qm\x1b\\\x1bP$qr\x1b\\\x1b[4 q\x1bP$q q\x1b\\",
    )
    replies = core.take_replies()
    assert replies == (
        b"\x1b[3;4R\x1b[0n\x1b[?62;22c\x1b[>1;10;0c\x1b[?2004;2$y\x1b[?9999;0$y"
        b"\x1bP1$r0;1;4;31m\x1b\\\x1bP1$r1;5r\x1b\\\x1bP1$r4 q\x1b\\"
    )
    assert core.take_replies() == b""


def test_keys_are_never_the_machines() -> None:
    """Neither programmed keys nor other keyboards, nor a locked one."""
    core = core_of("\x1bP0;1|17/726d\x1b\\\x1b[?1051h\x1b[?1060h\x1b[2h\x1b[>4;2m\x1b[>1u\x1b[?1035l\x1b[12l")
    assert core.key(KeyInput("f6", shift=True)) == b"\x1b[17;2~"
    assert core.key(KeyInput("a", "a")) == b"a"
    assert core.line(0).text == ""


# It cannot change what the terminal is.

SIZES = (
    "\x1b[8;100;200t",
    "\x1b[?40h\x1b[?3h",
    "\x1b[132$|",
    "\x1b[200t",
    "\x1b[?3h",
    "\x1b[50*|",
    "\x1b[9;1t",
    "\x1b[?2028h",
)


@pytest.mark.parametrize("data", SIZES)
def test_the_size_is_the_widgets(data: str) -> None:
    core = core_of("text", data)
    assert (core.columns, core.rows) == (20, 5)
    assert core.line(0).text == "text"


def test_pages_do_not_hide_what_is_written() -> None:
    core = core_of("\x1b[5 P\x1b[2U\x1b[2V\x1b[?64lshown")
    assert core.line(0).text == "shown"


def test_a_status_line_takes_no_text() -> None:
    core = core_of("\x1b[2$~\x1b[1$}shown\x1b[0$}")
    assert core.line(0).text == "shown"


def test_a_printer_takes_no_text() -> None:
    core = core_of("\x1b[5ishown\x1b[?5i more")
    assert core.line(0).text == "shown more"


def test_text_stays_left_to_right() -> None:
    """Neither DECRLM nor Unicode's marks turn it."""
    core = core_of("\x1b[?34habc\u202edef\u2066ghi\u2069")
    assert core.line(0).text == "abcdefghi"


# What the person gets to see or is asked for.


def test_a_title_is_short_and_has_no_controls() -> None:
    core = core_of("\x1b]2;a\nb\tc\u009b31m" + "x" * 5000 + "\x07")
    (notice,) = core.take_notices()
    assert isinstance(notice, TitleSet)
    assert notice.title.startswith("abc31mxxx")
    assert len(notice.title) == TITLE_LENGTH


def test_of_many_notices_the_latest_are_kept() -> None:
    core = core_of("\x07" * 1000 + "".join(f"\x1b]2;{index}\x07" for index in range(1000)))
    assert core.take_notices() == (BellRang(), TitleSet("999"))
    assert core.take_notices() == ()


def test_a_clipboard_is_a_wish_of_limited_size() -> None:
    def wish(size: int) -> str:
        return f"\x1b]52;c;{base64.b64encode(b'x' * size).decode()}\x07"

    assert core_of(wish(5)).take_notices() == (ClipboardWanted("xxxxx"),)
    assert core_of(wish(CLIPBOARD_BYTES)).take_notices() == (ClipboardWanted("x" * CLIPBOARD_BYTES),)
    assert core_of(wish(CLIPBOARD_BYTES + 1)).take_notices() == ()
    assert core_of("\x1b]52;c;?\x07\x1b]52;c;***\x07\x1b]52;c;\x07").take_notices() == ()


def test_a_link_that_is_too_long_or_has_controls_is_none() -> None:
    core = core_of(
        f"\x1b]8;;https://e.org/{'x' * LINK_LENGTH}\x07a\x1b]8;;https://e.org/\x01\x07b\x1b]8;;https://e.org\x07c"
    )
    assert [(run.text, run.style.link) for run in core.line(0).runs] == [("ab", ""), ("c", "https://e.org")]


# Nothing grows without bound.

ENDLESS = {
    "osc": ("\x1b]2;", "x"),
    "clipboard": ("\x1b]52;c;", "QUFB"),
    "dcs": ("\x1bP$q", "m"),
    "apc": ("\x1b_", "G"),
    "sos": ("\x1bX", "s"),
    "csi": ("\x1b[", "1;"),
    "escapes": ("\x1b", "("),
    "escapes with controls": ("\x1b[", "1\x07"),
    "marks": ("e", "\u0301"),
    "marks of wide": ("日", "\ufe0f"),
    "reports": ("", "\x1b[6n"),
    "saved modes": ("", "\x1b[?2004s\x1b[?7s"),
    "saved looks": ("", "\x1b[1#{"),
    "tab stops": ("", "\x1bH\x1b[C"),
    "broken utf-8": ("", "\udcff"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_bounded(name: str) -> None:
    start, more = ENDLESS[name]
    core = BitttyCore(20, 5, history=50)
    core.feed(start.encode())
    piece = (more * (40_000 if name == "clipboard" else 8_000)).encode("utf-8", "surrogateescape")
    for _ in range(8):  # what is kept of it, and what is remembered of its looks, is there afterwards
        core.feed(piece)
    tracemalloc.start()
    try:
        for _ in range(25 if name == "clipboard" else 8):
            core.feed(piece)
        ours = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, "*/bittty/*"), tracemalloc.Filter(True, "*/widgets/terminal/*")]
        )  # other tests' threads may be at work
    finally:
        tracemalloc.stop()
    kept = sum(trace.size for trace in ours.traces)
    assert kept < (3 * CLIPBOARD_BYTES if name == "clipboard" else 300_000)
    assert len(core.take_replies()) <= REPLY_BYTES
    core.feed(b"\x1b\\\x18\r\n\x1b[2J\x1b[Hback again")
    assert core.line(0).text == "back again"
    check_whole(core)


COUNTS = "@ABCDEFGHIJKLMPSTXZ`abcdefghijklmnqrstu"


@pytest.mark.parametrize("final", COUNTS)
def test_a_huge_count_is_as_good_as_a_small_one(final: str) -> None:
    core = core_of(
        "日本\r\nxy\x1b[2;2H",
        f"\x1b[99999999{final}\x1b[4294967297{final}\x1b[{'9' * 200}{final}\x1b[0{final}\x1b[-1{final}",
    )
    assert core.history_length <= 5 * 20
    check_whole(core)


# Nothing raises.


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes(pieces: list[bytes]) -> None:
    check_whole(core_of(*pieces))


_STARTS = (
    "\x1b[", "\x1b]", "\x1bP", "\x1b", "\x1b(0", "\x1b#8", "\r\n", "\x07", "\x1b\\", "\x1bc", "\x1b[?1049h",
    "\x1b[?1049l",
)  # fmt: skip
_PARTS = st.one_of(
    st.sampled_from(_STARTS),
    st.builds(
        "\x1b[{}{}{}{}".format,
        st.sampled_from(["", "?", ">", "="]),
        st.integers(0, 30),
        st.sampled_from(["", ";3", ";", "$", " ", ":2"]),
        st.characters(min_codepoint=64, max_codepoint=126),
    ),
    st.text(alphabet="ab日e\u0301\t\b\u200d😀 ", max_size=30),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS, max_size=40), st.integers(1, 12), st.integers(1, 6))
def test_any_sequences_at_any_size(parts: list[str], columns: int, rows: int) -> None:
    core = BitttyCore(columns, rows)
    for index, part in enumerate(parts):
        core.feed(part.encode())
        if index % 9 == 8:
            core.resize(1 + (columns + index) % 13, 1 + (rows * index) % 7)
    check_whole(core, widest=13)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["vim", "unicode", "htop", "tmux"]), st.lists(st.integers(0, 9000), max_size=40))
def test_a_stream_may_be_cut_anywhere(name: str, cuts: list[int]) -> None:
    data = corpus.load(name, 80, 24).data[:9000]
    whole = core_of(data, columns=80, rows=24)
    places = [0, *sorted(cuts), len(data)]
    pieces = core_of(*(data[start:end] for start, end in pairwise(places)), columns=80, rows=24)
    assert lines_of(whole) == lines_of(pieces)
    assert whole.cursor == pieces.cursor
    assert whole.modes == pieces.modes


def test_broken_utf8_becomes_replacement_characters() -> None:
    assert core_of(b"a\xffb\xc3(\xe6\x97").line(0).text == "a\ufffdb\ufffd("
    assert core_of(b"a\xff", b"\xe6", b"\x97", b"\xa5b").line(0).text == "a\ufffd日b"


def test_hostile_bytes_leave_it_alive_and_small() -> None:
    """A small run of what `python -m tests.terminal_core.hostile` does for minutes."""
    source = random.Random(7)  # noqa: S311  # the same bytes every time
    core = BitttyCore(80, 24, history=500)
    for _ in range(60):
        core.feed(hostile_bytes(source, 4000))
        core.take_changes()
        core.take_notices()
        core.take_replies()
    check_whole(core)


def test_a_fault_of_the_emulator_does_not_end_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    core = core_of("before\r\n")

    def fail(_operation: object) -> None:
        msg = "a bug"
        raise IndexError(msg)

    monkeypatch.setitem(core._board.registry, "DECALN", fail)
    core.feed(b"\x1b#8")
    assert core.errors == 1
    assert core.line(0).text == "before"
    core.feed(b"after\x1b[6n")
    assert core.line(1).text == "after"
    assert core.take_replies() == b"\x1b[2;6R"
    assert core.take_changes().everything


SHORT_SEQUENCES = (
    "\n", "\x1bc", "x\x1bc", "\x1b[2J", "x\x1b[H\x1b[J", "\x1b[99L", "\x1b[99M", "\x1b[99S", "\x1b[99T", "\x1b[999@",
    "\x1b[999P", "\x1b[999X", "a\x1b[99999b", "\x1b#8", "\x1b[999I", "\x1b[999Z", "\x1b[?1049h\x1b[?1049l", "\x1b[!p",
    "\x1b[?1;6;7;25;1000;1004;2004;2026h", "\x1b]8;;a\x07", "\x1b[6n", "\x1bH\x1b[C\t", "\x1b[1;1;50;200$z",
    "\x1b[99 @",
    "\x1b[99'}", "\x1bP$qm\x1b\\", "\x1b[?69h\x1b[5;9s\n",
)  # fmt: skip


@pytest.mark.parametrize("data", SHORT_SEQUENCES)
def test_a_few_bytes_cause_little_work(data: str) -> None:
    """Else 32 KiB of them would keep the application busy for a minute. Counted in calls, not in time."""
    core = BitttyCore(200, 50)
    core.feed("\x1b[31mab\x1b[32m日cd\x1b[m ef".encode() * 90)
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        core.feed(data.encode() * 100)
    finally:
        sys.setprofile(before)
    assert calls / 100 < 400
