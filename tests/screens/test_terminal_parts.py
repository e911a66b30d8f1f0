"""The terminal's parts without a screen: glyphs, colours, the text as a document."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.theme import BUILTIN_THEMES

from kubeplat_tui import themes
from kubeplat_tui.widgets.terminal import glyphs
from kubeplat_tui.widgets.terminal.bittty_core import BitttyCore
from kubeplat_tui.widgets.terminal.colours import Looks, Palette, apart, contrast, cube
from kubeplat_tui.widgets.terminal.core import PLAIN, CellStyle, Line, Run, Underline
from kubeplat_tui.widgets.terminal.document import Document, Place
from kubeplat_tui.widgets.terminal.painting import Mark, Painter, covered

COLOURED = [theme for theme in (*themes.OURS, *BUILTIN_THEMES.values()) if not theme.ansi]

# --- glyphs ----------------------------------------------------------------------------------------


@given(st.text(max_size=30), st.integers(0, 60))
def test_whatever_a_core_says_of_a_run_it_is_drawn_exactly_that_wide(text: str, cells: int) -> None:
    drawn = glyphs.drawn(text, cells)
    assert cell_len(drawn) == cells
    assert not any(unicodedata.category(each) in glyphs.UNSAFE for each in drawn)
    assert sum(glyph.cells for glyph in glyphs.glyphs(text, cells)) == cells


@pytest.mark.parametrize(
    ("text", "cells", "drawn"),
    [
        ("漢字", 4, "漢字"),
        ("e\u0301a", 2, "e\u0301a"),
        ("👩\u200d💻", 4, "👩💻"),
        ("👩\u200d💻", 2, "👩"),
        ("❤\ufe0f", 2, "❤ "),
        ("❤\ufe0f", 1, "❤"),
        ("🇩🇪", 2, "DE"),
        ("👍🏽", 2, "👍"),
        ("\u0928\u092e\u0903", 3, "\u0928\u092e \u0903"),
        ("\u0915\u093e", 2, "\u0915 \u093e"),
        ("\u0301x", 2, "x "),
        ("a\u202eb", 2, "ab"),
        ("\ue0b0", 1, "\ue0b0"),
        ("漢", 1, " "),
    ],
)
def test_glyphs_that_terminals_disagree_about(text: str, cells: int, drawn: str) -> None:
    assert glyphs.drawn(text, cells) == drawn


def test_columns_and_spans_of_wide_glyphs() -> None:
    line = Line((Run("a漢e\u0301", PLAIN, 4), Run("x", CellStyle(bold=True), 1)))
    assert glyphs.columns(line) == [0, 1, 3, 3, 4, 5]
    assert [glyphs.span_at(line, column) for column in range(6)] == [
        (0, 1), (1, 3), (1, 3), (3, 4), (4, 5), (5, 6),
    ]  # fmt: skip
    assert glyphs.between(line, 2, 4) == "漢e\u0301"
    assert glyphs.between(line, 4, 9) == "x"


# --- colours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: str(theme.name))
def test_what_is_written_in_one_of_the_sixteen_can_be_read_in_every_theme(theme: object) -> None:
    assert isinstance(theme, type(themes.DARK))
    palette = Palette.of_theme(theme)
    looks = Looks(palette)
    assert len(set(palette.sixteen)) == 16
    for background in (None, *range(16)):
        for foreground in (None, *range(16)):
            if foreground == background and foreground is not None:
                continue
            look = looks.of(CellStyle(foreground, background))
            assert look.color is not None
            assert look.bgcolor is not None
            ours, under = look.color.get_truecolor(), look.bgcolor.get_truecolor()
            assert contrast((*ours,), (*under,)) >= 2.9, (foreground, background)


def test_the_cube_is_xterms() -> None:
    assert [cube(index) for index in (16, 21, 196, 231, 232, 255)] == [
        (0, 0, 0), (0, 0, 255), (255, 0, 0), (255, 255, 255), (8, 8, 8), (238, 238, 238),
    ]  # fmt: skip


def test_looks_of_every_attribute() -> None:
    looks = Looks(Palette.of_theme(themes.DARK))
    plain = looks.of(PLAIN)
    turned = looks.of(CellStyle(reverse=True))
    assert (turned.color, turned.bgcolor) == (plain.bgcolor, plain.color)
    assert Looks(looks.palette, reversed_screen=True).of(PLAIN).color == plain.bgcolor
    assert looks.of(CellStyle(underline=Underline.DOUBLE)).underline2
    assert looks.of(CellStyle(underline=Underline.CURLY)).underline
    many = looks.of(CellStyle(bold=True, italic=True, strike=True, overline=True))
    assert many.bold
    assert many.italic
    assert many.strike
    assert many.overline
    assert not looks.of(CellStyle(blink=True)).blink
    assert looks.of(CellStyle(link="https://evil.test/\x1b]0;x\x07")).link is None
    dim = looks.of(CellStyle(dim=True)).color
    assert dim is not None
    assert dim != plain.color
    same = looks.of(CellStyle((9, 9, 9), (9, 9, 9)))
    assert same.color == same.bgcolor


def test_what_is_concealed_is_not_seen() -> None:
    painter = Painter(Looks(Palette.of_theme(themes.DARK)))
    strip = painter.strip(Line((Run("secret", CellStyle(concealed=True), 6),)), 10)
    assert "secret" not in strip.text


def test_an_ansi_theme_leaves_the_colours_to_the_users_terminal() -> None:
    theme = next(theme for theme in BUILTIN_THEMES.values() if theme.ansi)
    looks = Looks(Palette.of_theme(theme))
    assert looks.of(PLAIN).color is None
    assert looks.of(CellStyle(3)).color.number == 3  # type: ignore[union-attr] # it has one
    assert looks.of(CellStyle(reverse=True, dim=True)).reverse
    assert looks.of(CellStyle(dim=True)).dim


@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3))
def test_two_colours_can_always_be_told_apart(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert contrast(apart(one, other, (200, 200, 200), 4.5), other) >= 4.4


def test_the_same_row_gives_the_same_strip() -> None:
    painter = Painter(Looks(Palette.of_theme(themes.DARK)))
    line = Line((Run("text", CellStyle(2), 4),))
    strip = painter.strip(line, 20)
    assert painter.strip(Line((Run("text", CellStyle(2), 4),)), 20) is strip
    assert painter.strip(line, 21) is not strip
    marked = painter.strip(line, 20, [Mark(1, 3, painter.looks.of(CellStyle(bold=True)))])
    assert marked is not strip
    assert marked.text == strip.text
    assert covered(strip, 18, marked).cell_length == 20


# --- the text --------------------------------------------------------------------------------------


def fed(data: bytes, columns: int = 20, rows: int = 5, history: int = 100) -> Document:
    """A document of a core that got `data`."""
    core = BitttyCore(columns, rows, history)
    document = Document(core)
    core.feed(data)
    document.take(core.take_changes())
    return document


def test_lines_keep_their_numbers_while_the_oldest_are_dropped() -> None:
    document = fed(b"")
    seen = {}
    for number in range(300):
        document.core.feed(b"line %d\r\n" % number)
        document.take(document.core.take_changes())
        seen[number] = document.line(number).text  # the line's number is its own from the beginning
        assert document.line(document.screen + document.core.cursor.y - 1).text == f"line {number}"
    assert all(text == f"line {number}" for number, text in seen.items())
    assert document.screen == 296
    assert document.first == 196
    assert document.line(195).text == ""
    assert document.line(196).text == "line 196"


def test_wrapped_rows_are_one_line_with_their_blanks() -> None:
    document = fed(b"a" * 18 + b"  b" + b"\r\nnext   \r\n\r\n" + b"x" * 19 + "漢".encode())
    whole = document.text(Place(0, 0), Place(document.end - 1, 20))
    assert whole == "a" * 18 + "  b\nnext\n\n" + "x" * 19 + "漢"


@given(st.lists(st.text("ab 漢e\u0301", max_size=50), max_size=6))
def test_the_text_is_what_was_written(lines: list[str]) -> None:
    wanted = [line.replace("\u0301", "").rstrip() for line in lines]
    document = fed("\r\n".join(wanted).encode(), rows=60)
    read = document.text(Place(0, 0), Place(document.end - 1, 20)).rstrip("\n").split("\n")
    assert read == "\n".join(wanted).rstrip("\n").split("\n")


def test_words_of_shells() -> None:
    document = fed(b"scp a.txt ec2-user@10.0.0.1:/v/x (b) now", columns=16)
    for at, word in (
        (Place(0, 1), "scp"),
        (Place(0, 12), "ec2-user@10.0.0.1:/v/x"),
        (Place(1, 3), "ec2-user@10.0.0.1:/v/x"),
        (Place(2, 2), "b"),
        (Place(2, 1), "("),
    ):
        assert document.text(*document.word(at)) == word, at
