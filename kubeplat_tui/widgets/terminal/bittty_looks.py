"""SGR: what a sequence of numbers makes of a style (ECMA-48 8.3.117, xterm's ctlseqs, ITU T.416 for colours).

bittty's own reading of them keeps everything it ever read in caches and makes three objects where one will do; floods
of colours are what a terminal sees most.
"""

from __future__ import annotations

from bittty.style import Color, Style

from kubeplat_tui.widgets.terminal.bittty_cells import NORMAL, same


def _bits(**looks: object) -> int:
    bits: int = Style(**looks)._val  # noqa: SLF001  # bittty's own packed form
    return bits


_KINDS = _bits(underline_style="double") | _bits(underline_style="curly") | _bits(underline_style="dashed")
_UNDERLINE = _bits(underline=True)
_SINGLE = _UNDERLINE
_DOUBLE = _UNDERLINE | _bits(underline_style="double")
_UNDERLINES = {
    0: 0,
    1: _SINGLE,
    2: _DOUBLE,
    3: _UNDERLINE | _bits(underline_style="curly"),
    4: _UNDERLINE | _bits(underline_style="dotted"),
    5: _UNDERLINE | _bits(underline_style="dashed"),
}
_BOLD, _DIM = _bits(bold=True), _bits(dim=True)
# What a number takes away and what it puts in.
_CHANGES = {
    1: (0, _BOLD),
    2: (0, _DIM),
    3: (0, _bits(italic=True)),
    4: (_KINDS, _SINGLE),
    5: (0, _bits(blink=True)),
    6: (0, _bits(blink=True)),
    7: (0, _bits(reverse=True)),
    8: (0, _bits(conceal=True)),
    9: (0, _bits(strike=True)),
    21: (_KINDS, _DOUBLE),
    22: (_BOLD | _DIM, 0),
    23: (_bits(italic=True), 0),
    24: (_UNDERLINE | _KINDS, 0),
    25: (_bits(blink=True), 0),
    27: (_bits(reverse=True), 0),
    28: (_bits(conceal=True), 0),
    29: (_bits(strike=True), 0),
    53: (0, _bits(overline=True)),
    55: (_bits(overline=True), 0),
}
_INDEXED = tuple(Color("indexed", index) for index in range(256))
_FOREGROUNDS: dict[int, Color | None] = {39: None}
_BACKGROUNDS: dict[int, Color | None] = {49: None}
for _index in range(8):
    _FOREGROUNDS |= {30 + _index: _INDEXED[_index], 90 + _index: _INDEXED[_index + 8]}
    _BACKGROUNDS |= {40 + _index: _INDEXED[_index], 100 + _index: _INDEXED[_index + 8]}
_COLOURS = frozenset({"38", "48", "58"})


class Looks:
    """The looks of a style while numbers change them."""

    __slots__ = ("background", "bits", "foreground", "link")

    def __init__(self, style: Style) -> None:
        self.bits: int = style._val  # noqa: SLF001  # bittty's own packed form
        self.foreground: Color | None = style.fg
        self.background: Color | None = style.bg
        self.link: str | None = style.hyperlink

    def style(self) -> Style:
        """The one style that looks so."""
        if not self.bits and self.foreground is None and self.background is None and self.link is None:
            return NORMAL
        style = Style.__new__(Style)
        style._set = style._val = self.bits  # noqa: SLF001
        style.fg, style.bg, style.hyperlink = self.foreground, self.background, self.link
        style.underline_color = style.hyperlink_id = None
        return same(style)

    def number(self, number: int) -> None:
        """A number that stands for itself."""
        change = _CHANGES.get(number)
        if change is not None:
            self.bits = self.bits & ~change[0] | change[1]
        elif number in _FOREGROUNDS:
            self.foreground = _FOREGROUNDS[number]
        elif number in _BACKGROUNDS:
            self.background = _BACKGROUNDS[number]
        elif number == 0:
            self.bits, self.foreground, self.background = 0, None, None

    def colour(self, slot: str, colour: Color | None) -> None:
        """A colour from the palette or of its own; None for one that makes no sense."""
        if colour is not None and slot == "38":
            self.foreground = colour
        elif colour is not None and slot == "48":
            self.background = colour


def changed(style: Style, sequence: str) -> Style:
    """The style after CSI … m. A link stays: it is no look of SGR."""
    looks = Looks(style)
    parts = sequence[2:-1].split(";")
    index = 0
    while index < len(parts):
        part = parts[index]
        index += 1
        if part in _COLOURS:
            kind = parts[index] if index < len(parts) else ""
            count = {"5": 1, "2": 3}.get(kind, 0)
            looks.colour(part, _colour(kind, parts[index + 1 : index + 1 + count], count))
            index += 1 + count if count else 0
        elif ":" in part:
            _subparameters(looks, part.split(":"))
        else:
            looks.number(_number(part))
    return looks.style()


def linked(style: Style, target: str) -> Style:
    """The style with another link, or with none."""
    looks = Looks(style)
    looks.link = target or None
    return looks.style()


def _number(part: str) -> int:
    """A parameter; one left out is 0, one that is too long is none of those that are known."""
    return (int(part) if len(part) < 6 else -1) if part else 0


def _subparameters(looks: Looks, parts: list[str]) -> None:
    slot, kind, *values = parts
    if slot == "4":
        underline = _UNDERLINES.get(_number(kind))
        if underline is not None:
            looks.bits = looks.bits & ~(_UNDERLINE | _KINDS) | underline
    elif slot in _COLOURS:
        if kind == "2" and len(values) > 3:
            values = values[1:]  # the colour space comes first
        count = {"5": 1, "2": 3}.get(kind, 0)
        looks.colour(slot, _colour(kind, values[:count], count))


def _colour(kind: str, values: list[str], count: int) -> Color | None:
    numbers = tuple(map(_number, values))
    if not count or len(numbers) < count or max(numbers) > 255 or min(numbers) < 0:
        return None
    return _INDEXED[numbers[0]] if kind == "5" else Color("rgb", numbers)
