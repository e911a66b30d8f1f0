"""What is typed and what is printed, in pieces of any size: the escapes in the one, the modes in the other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeplat_tui.commands.escapes import Escape, EscapeReader
from kubeplat_tui.commands.raw_terminal import LeftOn

if TYPE_CHECKING:
    from collections.abc import Iterable

TYPED = st.lists(st.sampled_from([b"~", b".", b"?", b"\r", b"\n", b"a", b"\xff"]), max_size=12).map(b"".join)
CHANGES = (
    *(b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25;2004l", b"\x1b[?1;25h", b"\x1b=", b"\x1b>", b"\x1b[2 q"),
    *(b"\x1b[>1u", b"\x1b[<u", b"\x1b[>4;2m", b"\x1b[>4m", b"\x1bc", b"\x1b", b"[", b"text", b"\xff" * 90),
)
PRINTED = st.lists(st.sampled_from(CHANGES), max_size=12).map(b"".join)


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """`data` cut at these places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[one:two] for one, two in pairwise(places)]


def meant(parts: Iterable[bytes]) -> list[bytes | Escape]:
    """What is meant, with neighbouring bytes in one; nothing after the escape that leaves."""
    reader = EscapeReader()
    found: list[bytes | Escape] = []
    for part in parts:
        for each in reader.take(part):
            if isinstance(each, bytes) and found and type(found[-1]) is bytes:
                found[-1] += each
            else:
                found.append(each)
        if Escape.LEAVE in found:
            break
    return found


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (b"~.", [Escape.LEAVE]),
        (b"ls\r~.more", [b"ls\r", Escape.LEAVE]),
        (b"ls ~.\r", [b"ls ~.\r"]),
        (b"~~.\r", [b"~.\r"]),
        (b"~x~.", [b"~x~."]),
        (b"~\r~.", [b"~\r", Escape.LEAVE]),
        (b"~?~?\n", [Escape.HELP, Escape.HELP, b"\n"]),
        (b"~", []),
    ],
)
def test_an_escape_stands_at_the_beginning_of_a_line(typed: bytes, expected: list[bytes | Escape]) -> None:
    assert meant([typed]) == expected


@given(TYPED, st.lists(st.integers(0, 20)))
def test_it_does_not_matter_in_which_pieces_it_is_typed(typed: bytes, cuts: list[int]) -> None:
    assert meant(pieces(typed, cuts)) == meant([typed])


@given(st.binary(max_size=50).filter(lambda data: b"~" not in data))
def test_what_has_no_tilde_is_as_it_was(typed: bytes) -> None:
    assert b"".join(each for each in meant([typed]) if isinstance(each, bytes)) == typed


def undone(parts: Iterable[bytes]) -> bytes:
    watching = LeftOn()
    for part in parts:
        watching.watch(part)
    return watching.undo()


@pytest.mark.parametrize(
    ("printed", "undo"),
    [
        (b"plain \x1b[31mred\x1b[m text", b""),
        (b"\x1b[?1049h\x1b[?25l ... \x1b[?25h\x1b[?1049l", b""),
        (b"\x1b[?1049h", b"\x1b[?1049l\x1b[m\x1b(B"),
        (b"\x1b[?1000;1006h\x1b[?25l", b"\x1b[?1000l\x1b[?1006l\x1b[?25h\x1b[m\x1b(B"),
        (b"\x1b=\x1b[4 q", b"\x1b>\x1b[0 q\x1b[m\x1b(B"),
        (b"\x1b[>1u\x1b[>5u\x1b[<u", b"\x1b[<1u\x1b[m\x1b(B"),
        (b"\x1b[>4;2m", b"\x1b[>4m\x1b[m\x1b(B"),
        (b"\x1b[?1049h\x1b[?1h\x1b=\x1bc", b""),
        (b"\x1b[?99h", b""),
    ],
)
def test_what_was_left_on_is_turned_off(printed: bytes, undo: bytes) -> None:
    assert undone([printed]) == undo


@given(PRINTED, st.lists(st.integers(0, 300)))
def test_it_does_not_matter_in_which_pieces_it_is_printed(printed: bytes, cuts: list[int]) -> None:
    assert undone(pieces(printed, cuts)) == undone([printed])
