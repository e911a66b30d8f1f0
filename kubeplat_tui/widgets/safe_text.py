"""Text from outside made safe for a terminal: no control characters, known colours, wrapped to a width."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.ansi import SGR_STYLE_MAP
from rich.cells import get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Span = tuple[int, int, Style]
"""From, to (character positions) and the style in between."""

TAB = 8

# ECMA-48: CSI sequences; OSC, DCS, SOS, PM and APC strings up to their end; any other escape.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\|\Z)|[ -/]*[0-~]|)", re.DOTALL)
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
# C0, DEL and C1 controls; marks that turn the writing direction or hide text; halves of surrogate pairs.
_UNSAFE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_REPLACEMENT = "�"


def plain(text: str) -> str:
    """`text` safe to show: escape sequences removed, tabs expanded, other control characters as `�`."""
    if text.isprintable():
        return text
    if "\x1b" in text:
        text = _SGR.sub("", text)  # nearly always all there is, and four times as quick to find
        if "\x1b" in text:
            text = _ESCAPE.sub("", text)
        if text.isprintable():
            return text
    if "\t" in text:
        text = text.expandtabs(TAB)
    return _UNSAFE.sub(_REPLACEMENT, text)


def one_line(text: str) -> str:
    """`plain` with every line break shown as `↵`, for values that may hold several lines."""
    if "\n" in text or "\r" in text:
        text = "↵".join(text.splitlines())
    return plain(text)


def styled(text: str) -> tuple[str, list[Span]]:
    """The plain text and the spans of its colour codes (SGR, ECMA-48 8.3.117); all other escapes vanish."""
    if "\x1b" not in text:
        return plain(text), []
    out: list[str] = []
    spans: list[Span] = []
    length = 0
    style = Style.null()
    for piece, codes in _pieces(text):
        shown = _expand(piece, length)
        if shown and style:
            spans.append((length, length + len(shown), style))
        out.append(shown)
        length += len(shown)
        if codes is not None:
            style = _next_style(style, codes)
    return "".join(out), spans


def segments(text: str, spans: Sequence[Span]) -> list[Segment]:
    """`text` cut where its spans begin and end; a later span lies over an earlier one."""
    if not spans:
        return [Segment(text)]
    size = len(text)
    edges = sorted({0, size, *(edge for begin, end, _ in spans for edge in (begin, end) if 0 < edge < size)})
    made = []
    for begin, end in pairwise(edges):
        style = Style.null()
        for first, last, over in spans:
            if first <= begin and end <= last:
                style += over
        made.append(Segment(text[begin:end], style))
    return made


def wrap(text: str, width: int, hang: int = 0) -> list[str]:
    """`text` in pieces of at most `width` cells, cut anywhere: for logs and values no space may be lost.

    All but the first piece are `hang` cells shorter.
    """
    width = max(2, width)
    rest = max(2, width - hang)
    if text.isascii():
        return [text[:width], *(text[start : start + rest] for start in range(width, len(text), rest))]
    lines = [_head(text, width)]
    text = text[len(lines[0]) :]
    while text:
        lines.append(_head(text, rest))
        text = text[len(lines[-1]) :]
    return lines


def _head(text: str, width: int) -> str:
    """As many characters as fit into `width` cells."""
    if text.isascii():
        return text[: max(0, width)]
    used = 0
    for position, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width:
            return text[:position]
    return text


def _expand(piece: str, column: int) -> str:
    if "\t" in piece:
        lead = " " * (column % TAB)
        piece = f"{lead}{piece}".expandtabs(TAB)[len(lead) :]
    return _UNSAFE.sub(_REPLACEMENT, piece)


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Text and the SGR codes after it; None where another escape sequence, or none, follows."""
    position = 0
    for escape in _ESCAPE.finditer(text):
        sgr = _SGR.fullmatch(escape.group())
        yield text[position : escape.start()], sgr.group(1) if sgr else None
        position = escape.end()
    yield text[position:], None


@lru_cache(maxsize=512)
def _next_style(style: Style, codes: str) -> Style:
    numbers = iter([int(code) if code.isdigit() and len(code) < 4 else 0 for code in re.split("[;:]", codes)])
    for number in numbers:
        if number == 0:
            style = Style.null()
        elif number in {38, 48}:
            color = _extended(numbers)
            if color is not None:
                style += Style(color=color) if number == 38 else Style(bgcolor=color)
        elif number in SGR_STYLE_MAP and number not in {5, 6, 8}:  # nothing blinks, nothing is hidden
            style += Style.parse(SGR_STYLE_MAP[number])
    return style


def _extended(numbers: Iterable[int]) -> Color | None:
    """The colour after 38 or 48: `5;N` of the 256, or `2;R;G;B`."""
    rest = iter(numbers)
    kind = next(rest, 0)
    if kind == 5:
        return Color.from_ansi(min(255, next(rest, 0)))
    if kind == 2:
        return Color.from_rgb(*(min(255, next(rest, 0)) for _ in range(3)))
    return None
