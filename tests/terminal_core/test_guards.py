"""What the guards let through to an emulator in native code, and which of its answers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubeplat_tui.widgets.terminal.guards import Guard, safe_answer
from tests.terminal_core import corpus

CLEANED = {
    "text and sequences": ("a\x1b[31mb\x1b[0m\r\n日", "a\x1b[31mb\x1b[0m\r\n日"),
    "links": ("a\x1b]8;;https://e.org\x1b\\b\x1b]8;;\x07c", "abc"),
    "images": ("a\x1b_Gf=100,t=f;L2V0Yy9wYXNzd2Q=\x1b\\b", "ab"),
    "other strings": ("a\x1bPq#0~~\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d\x1b]4;1;red\x07e", "abcde"),
    "titles": ("\x1b]2;title\x07", "\x1b]2;title\x1b\\"),
    "clipboard": ("\x1b]52;c;aGk=\x07\x1b]52;c;?\x07", "\x1b]52;c;aGk=\x1b\\"),
    "repetition": ("a\x1b[99999999999b\x1b[3b\x1b[b\x1b[;b\x1b[?5b", "a\x1b[80b\x1b[3b"),
    "repetition with a control": ("a\x1b[9999\x079b", "a\x07\x1b[80b"),
    "huge numbers": ("\x1b[4294967296;3H\x1b[123456L", "\x1b[9999;3H\x1b[9999L"),
    "window and titles": ("\x1b[21t\x1b[8;99;99t\x1b[>1t\x1b[22;0;0tx", "x"),
    "keyboards": ("\x1b[>1u\x1b[=5u\x1b[<u\x1b[?u\x1b[>4;2m\x1b[u", "\x1b[u"),
    "rectangles": ("\x1b[65;1;1;9;9$x\x1b[1'}\x1b[1*zx", "x"),
    "reset and mode reports": ("\x1b[!p\x1b[?2026$p\x1b[4 q", "\x1b[!p\x1b[?2026$p\x1b[4 q"),
    "other widths": ("\x1b[?40h\x1b[?3h\x1b[?3;4l\x1b[?1049;2048;003h", "\x1b[?4l\x1b[?1049h"),
    "enquiry": ("\x05a", "a"),
    "c1": ("\u009b31ma\u009d8;;x\u009c", "31ma8;;x"),
    "link behind a control": ("\x1b\n]8;;x\x07y", "\n" + "y"),
    "link behind an escape": ("\x1b\x1b]8;;x\x07y", "y"),
    "malformed": ("\x1b[1>2ma\x1b[" + "1;" * 300 + "ma", "aa"),
    "broken": ("\udcffa", "\ufffda"),
}


def cleaned(*pieces: bytes) -> str:
    guard = Guard(80)
    return b"".join(guard.clean(piece) for piece in pieces).decode()


@pytest.mark.parametrize("name", CLEANED)
def test_what_gets_through(name: str) -> None:
    raw, clean = CLEANED[name]
    data = raw.encode("utf-8", "surrogateescape")
    assert cleaned(data) == clean
    assert cleaned(*(data[index : index + 1] for index in range(len(data)))) == clean


@pytest.mark.parametrize("name", corpus.names())
def test_programs_get_through(name: str) -> None:
    """What is refused of real programs is little: the title stack, other keyboards, links."""
    data = corpus.load(name, 80, 24).data
    assert len(cleaned(data).encode()) > 0.9 * len(data)


_BITS = (
    "\x1b",
    "]8;;x",
    "]",
    "8;",
    "_G",
    "[",
    "99999",
    "b",
    "\x07",
    "\x1b\\",
    "\x18",
    "\n",
    "x",
    "\u009d",
    "P",
    "t",
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_BITS)))
def test_links_images_and_long_repetitions_never_do(parts: list[str]) -> None:
    clean = cleaned(*(part.encode() for part in parts))
    assert not re.search(r"\x1b[\x00-\x1f]*\][\x00-\x1f]*8|\x1b[\x00-\x1f]*[_P^X]|\x1b\[\d{5}", clean)


ANSWERS = {
    b"\x1b[5;1R": True,
    b"\x1b[0n": True,
    b"\x1b[?62;22c": True,
    b"\x1b[>1;0;0c": True,
    b"\x1b[?2026;2$y": True,
    b"\x1bP>|libghostty\x1b\\": True,
    b"\x1b]lrm -rf\x1b\\": False,
    b"\x1b[?1u": False,
    b"\x1b]4;1;rgb:0/0/0\x07": False,
    b"\x1b[5;1R rm -rf\r": False,
    b"\x1b]52;c;aGk=\x1b\\": False,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_it_answers(answer: bytes) -> None:
    assert safe_answer(answer) == (answer if ANSWERS[answer] else b"")


def test_what_the_guard_remembers() -> None:
    guard = Guard(80)
    guard.clean(b"\x1b[5 q\x1b[3J")
    assert (guard.shape, guard.erased) == (5, True)
    guard.clean(b"\x1bc")
    assert guard.shape == 0
