"""What programs wrote looks in our core as it does in tmux: every cell's character and looks, the cursor, the modes.

The captures of a tmux are kept beside the streams, so that this proves the same where there is none; where there is
one, it is asked again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import category

import pytest

from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.core import MouseTracking
from tests.terminal_core import corpus
from tests.terminal_core.corpus import SIZES, Capture
from tests.terminal_core.screens import UNKNOWN, differences, rows_of, tmux_rows
from tests.terminal_core.sequences import CHECKS, COLUMNS, ROWS, Check
from tests.terminal_core.tmux_pane import TMUX, TmuxPane

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = corpus.names()
_COLUMN = re.compile(rb"\x1b\[\d+;(\d+)R")
needs_tmux = pytest.mark.skipif(
    TMUX is None, reason="there is no tmux here; its kept captures are compared instead"
)

_TRACKING = {
    "000": MouseTracking.NONE,
    "100": MouseTracking.CLICKS,
    "010": MouseTracking.DRAGS,
    "001": MouseTracking.MOVES,
}


def compare(core: BitttyCore, capture: Capture) -> None:
    """All that tmux tells of a pane."""
    alternate = capture.flags["alternate_on"] == "1"
    found = differences(rows_of(core, history=not alternate), tmux_rows(capture, core.columns), core.rows)
    assert not found, f"{len(found)} cells, first {found[:3]}"
    x, y = capture.cursor
    assert (core.cursor.x, core.cursor.y) == (min(x, core.columns - 1), y)
    assert core.cursor.visible == (capture.flags["cursor_flag"] == "1")
    modes = core.modes
    assert modes.alternate_screen == alternate
    assert modes.application_cursor == (capture.flags["keypad_cursor_flag"] == "1")
    mouse = "".join(capture.flags[f"mouse_{kind}_flag"] for kind in ("standard", "button", "all"))
    assert modes.mouse is _TRACKING[mouse]
    if not alternate:
        assert core.history_length == capture.history


def test_the_recordings_are_there() -> None:
    assert {
        "vim",
        "htop",
        "less",
        "tmux",
        "curses",
        "ls",
        "git-log",
        "git-diff",
        "unicode",
        "progress",
        "top",
        "man",
    } <= set(NAMES)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", NAMES)
def test_a_program_looks_as_in_tmux(name: str, size: tuple[int, int]) -> None:
    core = BitttyCore(*size)
    stream = corpus.load(name, *size)
    captures = corpus.load_captures(name, *size)
    for piece, capture in zip(stream.pieces(), captures, strict=True):
        core.feed(piece)
        compare(core, capture)
    assert core.errors == 0


@needs_tmux
@pytest.mark.terminal
@pytest.mark.parametrize("name", NAMES)
def test_tmux_shows_the_same_today(name: str) -> None:
    """The kept captures are what the tmux that is here shows: the last screen of every stream."""
    size = SIZES[0]
    stream = corpus.load(name, *size)
    kept = corpus.load_captures(name, *size)[-1]
    core = BitttyCore(*size)
    core.feed(stream.data)
    with TmuxPane(*size) as pane:
        capture = replace(pane.show(stream.data), filled=kept.filled)
    compare(core, capture)


def screen_of(core: BitttyCore) -> tuple[str, ...]:
    return tuple(core.line(y).text.rstrip() for y in range(core.rows))


def padded(check: Check) -> tuple[str, ...]:
    return check.rows + ("",) * (ROWS - len(check.rows))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_control_sequence(check: Check) -> None:
    core = BitttyCore(COLUMNS, ROWS)
    core.feed(check.data.encode())
    assert screen_of(core) == padded(check)
    assert (core.cursor.x, core.cursor.y) == check.cursor
    assert core.errors == 0


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_control_sequence_in_single_bytes(check: Check) -> None:
    core = BitttyCore(COLUMNS, ROWS)
    for byte in check.data.encode():
        core.feed(bytes([byte]))
    assert screen_of(core) == padded(check)
    assert (core.cursor.x, core.cursor.y) == check.cursor


@lru_cache(maxsize=1)
def _version() -> tuple[int, ...]:
    return TmuxPane.version()


AS_NEW = b"\x1b[?1049l\x1bc\x1b[?6l\x1b[4l\x1b[20l\x1b[r\x1b[H\x1b[J\x1b[3J"


@pytest.fixture(scope="module")
def pane() -> Iterator[TmuxPane]:
    with TmuxPane(COLUMNS, ROWS) as opened:
        yield opened


@needs_tmux
@pytest.mark.terminal
@pytest.mark.xdist_group("terminal-core-tmux")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_tmux_does_the_same(check: Check, pane: TmuxPane) -> None:
    """The expectations are not only ours. Where tmux does something else the check says so."""
    if check.tmux and _version() != (3, 3):
        pytest.skip(f"another tmux than the one of which this is known: {check.tmux}")
    pane.feed(AS_NEW)
    capture = pane.show(check.data.encode())
    rows = tmux_rows(capture, COLUMNS)[-ROWS:]
    texts = tuple("".join(cell[0] for cell in row if cell is not UNKNOWN).rstrip() for row in rows)
    x, y = capture.cursor
    same = (texts, (min(x, COLUMNS - 1), y)) == (padded(check), check.cursor)
    assert same == (not check.tmux), (texts, capture.cursor)


# Characters that newer Unicode made wide than the C library knows, fillers that it shows, and circled numbers that it
# takes for wide: of them tmux 3.3a with glibc 2.36 thinks otherwise.
OTHER_WIDTHS = {
    *range(0x2630, 0x2638),
    *range(0x268A, 0x2690),
    *range(0x3248, 0x3250),
    0x302E,
    0x302F,
    0x3164,
    0xFFA0,
}


@needs_tmux
@pytest.mark.terminal
@pytest.mark.xdist_group("terminal-core-tmux")
def test_characters_are_as_wide_as_in_tmux(pane: TmuxPane) -> None:
    if _version() != (3, 3):
        pytest.skip("another tmux than the one whose table is known")
    codes = [*range(0xA0, 0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x10000), *range(0x1F000, 0x1FB00)]
    characters = [chr(code) for code in codes if category(chr(code)) not in {"Cn", "Co", "Cs", "Cc", "Cf"}]
    core = BitttyCore(COLUMNS, ROWS)
    pane.feed(AS_NEW)
    different = set()
    for start in range(0, len(characters), 500):
        part = characters[start : start + 500]
        data = "".join(f"\x1b[2K\ra{character}\x1b[6n" for character in part).encode()
        core.feed(data)
        reports = zip(
            part, _COLUMN.findall(pane.feed(data)), _COLUMN.findall(core.take_replies()), strict=True
        )
        different |= {ord(character) for character, theirs, ours in reports if theirs != ours}
    assert different == OTHER_WIDTHS
