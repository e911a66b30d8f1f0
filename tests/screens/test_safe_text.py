"""No text from outside reaches the terminal with a control character in it, and widths are true."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kubeplat_tui.widgets.safe_text import one_line, plain, segments, styled, wrap

ANY = st.text(st.characters() | st.sampled_from(list("\x1b[]0;31mK\x07\x9b\\\t\r\n漢\u202e\u200b\ud800")))


@given(ANY)
def test_nothing_that_controls_the_terminal_is_left(text: str) -> None:
    for shown in (plain(text), styled(text)[0], one_line(text)):
        assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in shown)
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
        shown.encode()


@given(ANY)
def test_colours_change_no_character(text: str) -> None:
    shown, spans = styled(text)
    assert "".join(segment.text for segment in segments(shown, spans)) == shown
    assert all(0 <= begin < end <= len(shown) for begin, end, _ in spans)


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"))), st.integers(2, 40), st.integers(0, 10))
def test_wrapped_pieces_fit_and_lose_nothing(text: str, width: int, hang: int) -> None:
    pieces = wrap(text, width, hang)
    assert "".join(pieces) == text
    assert cell_len(pieces[0]) <= width
    assert all(cell_len(piece) <= max(2, width - hang) for piece in pieces[1:])


def test_colours_of_terraform_are_kept_and_the_rest_vanishes() -> None:
    text, spans = styled(
        "\x1b[1m\x1b[31mError:\x1b[0m bad \x1b]0;title\x07\x1b[2Jend \x1b[38;5;208mx\x1b[38;2;1;2;3my"
    )
    assert text == "Error: bad end xy"
    first = spans[0]
    assert first[:2] == (0, 6)
    assert first[2].bold
    assert first[2].color is not None
    assert [span[2].color.name for span in spans[1:] if span[2].color] == ["color(208)", "#010203"]


def test_tabs_reach_the_next_stop_also_after_colours() -> None:
    assert styled("ab\x1b[31m\tc")[0] == "ab      c"
    assert plain("a\tb") == "a       b"


def test_hidden_text_is_shown() -> None:
    text, spans = styled("\x1b[8msecret\x1b[5mblink")
    assert text == "secretblink"
    assert not any(style.conceal or style.blink for _, _, style in spans)
