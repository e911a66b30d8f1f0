"""The machine's colours in the application's theme: sixteen that fit it, the cube, and what can always be read.

The sixteen are the theme's own where it has the hue (its error is a red, its success a green), and made beside them
where it has not. A colour of the sixteen is moved away from its background where the two could hardly be told apart:
programs that expect a dark screen write white, which a light theme would swallow. Colours of the cube and truecolor
are shown as they were sent.
"""

from __future__ import annotations

from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.color import Color as RichColour
from rich.style import Style
from textual.color import Color

from kubeplat_tui.widgets.terminal.core import CellStyle, Underline

if TYPE_CHECKING:
    from textual.theme import Theme

    from kubeplat_tui.widgets.terminal.core import Colour

Rgb = tuple[int, int, int]

HUES = {"red": 0.99, "green": 0.33, "yellow": 0.12, "blue": 0.58, "magenta": 0.83, "cyan": 0.5}
"""Where the six colours lie on the wheel, from 0 to 1, in the order of the sixteen."""
NEAR = 0.08
"""How far on the wheel a colour of the theme may be to serve as one of the six."""
READABLE = 4.5
"""Contrast of the six with the background (WCAG 2.1, success criterion 1.4.3)."""
TOLD_APART = 3.0
"""Contrast below which a colour of the sixteen is moved away from what it is written on (WCAG 2.1, 1.4.11)."""
DIM = 0.42
"""How far dim text goes towards its background."""
STYLES = 4096


@dataclass(frozen=True, slots=True)
class Palette:
    """The sixteen, and the terminal's own two. `native`: the user's terminal chooses all of them (ANSI themes)."""

    sixteen: tuple[Rgb, ...]
    foreground: Rgb
    background: Rgb
    native: bool = False

    @classmethod
    def of_theme(cls, theme: Theme) -> Palette:
        """The palette that fits a theme of Textual's."""
        if theme.ansi:
            return cls(_XTERM, (229, 229, 229), (0, 0, 0), native=True)
        made = theme.to_color_system().generate()
        background = Color.parse(made["background"])
        foreground = Color.parse(made["foreground"])
        if foreground.a < 1:
            foreground = background.blend(foreground, foreground.a, 1)
        return cls(_sixteen(theme, foreground, background), foreground.rgb, background.rgb)


_XTERM: tuple[Rgb, ...] = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
)  # fmt: skip


def _sixteen(theme: Theme, foreground: Color, background: Color) -> tuple[Rgb, ...]:
    own = [
        Color.parse(text)
        for text in (theme.error, theme.success, theme.warning, theme.variables.get("changing"), theme.accent,
                     theme.primary, theme.secondary)
        if text and not text.startswith("ansi")
    ]  # fmt: skip
    six = []
    for hue in HUES.values():
        found = _nearest(own, hue)
        if found is None:
            found = _made(own, hue, background)
        else:
            own.remove(found)
        six.append(_readable(found, background))
    black, white = Color(0, 0, 0), Color(255, 255, 255)
    if theme.dark:
        greys = (background.blend(black, 0.25), background.blend(foreground, 0.85),
                 background.blend(foreground, 0.48), foreground.blend(white, 0.6))  # fmt: skip
        bright = [colour.blend(white, 0.28) for colour in six]
    else:
        greys = (foreground, background.blend(foreground, 0.2), background.blend(foreground, 0.6), white)
        bright = [colour.blend(white, 0.14) for colour in six]
    return tuple(colour.rgb for colour in (greys[0], *six, greys[1], greys[2], *bright, greys[3]))


def _nearest(own: list[Color], hue: float) -> Color | None:
    """The theme's colour that is nearest to a hue; None where none is near."""
    near = [colour for colour in own if _distance(_hls(colour)[0], hue) < NEAR and _hls(colour)[2] > 0.15]
    return min(near, key=lambda colour: _distance(_hls(colour)[0], hue), default=None)


def _made(own: list[Color], hue: float, background: Color) -> Color:
    """A colour that stands out as much as most, as strong as the theme's others."""
    strengths = sorted(_hls(colour)[2] for colour in own) or [0.45]
    light = 0.66 if luminance(background.rgb) <= 0.18 else 0.42
    return _of_hls(hue, light, max(0.3, min(0.5, strengths[len(strengths) // 2])))


def _readable(colour: Color, background: Color) -> Color:
    """The colour, as much lighter or darker as it must be to be read, of the same hue."""
    hue, lightness, saturation = _hls(colour)
    step = -0.02 if luminance(background.rgb) > 0.18 else 0.02
    while contrast(colour.rgb, background.rgb) < READABLE and 0 < lightness < 1:
        lightness = max(0.0, min(1.0, lightness + step))
        colour = _of_hls(hue, lightness, saturation)
    return colour


def _of_hls(hue: float, lightness: float, saturation: float) -> Color:
    red, green, blue = hls_to_rgb(hue, lightness, saturation)
    return Color(round(red * 255), round(green * 255), round(blue * 255))


def _hls(colour: Color) -> tuple[float, float, float]:
    red, green, blue = colour.rgb
    return rgb_to_hls(red / 255, green / 255, blue / 255)


def _distance(one: float, other: float) -> float:
    away = abs(one - other) % 1
    return min(away, 1 - away)


def luminance(colour: Rgb) -> float:
    """Relative luminance from 0 to 1 (WCAG 2.1)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast from 1 to 21 (WCAG 2.1)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def apart(colour: Rgb, background: Rgb, foreground: Rgb, wanted: float) -> Rgb:
    """`colour`, as far towards `foreground` (then black or white) as its contrast with the background needs."""
    if contrast(colour, background) >= wanted:
        return colour
    extreme = (0, 0, 0) if luminance(background) > 0.18 else (255, 255, 255)
    for target in (foreground, extreme):
        for step in range(1, 11):
            tried = blend(colour, target, step / 10)
            if contrast(tried, background) >= wanted:
                return tried
    return extreme


def blend(colour: Rgb, towards: Rgb, part: float) -> Rgb:
    """`part` of the way (0 to 1) from one colour to another."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def cube(index: int) -> Rgb:
    """A colour of the 256 above the sixteen (xterm's 6×6×6 cube and 24 greys)."""
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    rest = index - 16
    red, green, blue = (55 + 40 * part if part else 0 for part in (rest // 36, rest // 6 % 6, rest % 6))
    return red, green, blue


class Looks:
    """Cell styles as the styles of rich, for one palette. Nothing blinks; what is concealed has no look of its own."""

    def __init__(self, palette: Palette, *, reversed_screen: bool = False) -> None:
        self.palette = palette
        self._reversed_screen = reversed_screen
        self._by_identity: dict[int, tuple[CellStyle, Style]] = {}
        self._by_value: dict[CellStyle, Style] = {}

    def of(self, style: CellStyle) -> Style:
        """The look of a style. The same style object costs a dictionary's look-up."""
        known = self._by_identity.get(id(style))
        if known is not None and known[0] is style:
            return known[1]
        look = self._by_value.get(style)
        if look is None:
            if len(self._by_value) >= STYLES:
                self._by_value.clear()
            look = self._by_value[style] = self._made(style)
        if len(self._by_identity) >= STYLES:
            self._by_identity.clear()
        self._by_identity[id(style)] = (style, look)
        return look

    def _made(self, style: CellStyle) -> Style:
        swapped = style.reverse is not self._reversed_screen
        if self.palette.native:
            foreground, background = _native(style.foreground), _native(style.background)
            return self._style(style, foreground, background, reverse=swapped)
        written, under = self._colours(style)
        if swapped:
            written, under = under, written
        by_index = style.background if swapped else style.foreground
        meant_alike = style.foreground is not None and style.foreground == style.background
        if _movable(by_index) and not meant_alike and contrast(written, under) < TOLD_APART:
            written = apart(written, under, self._farther(under), READABLE)
        if style.dim:
            written = blend(written, under, DIM)
        return self._style(style, RichColour.from_rgb(*written), RichColour.from_rgb(*under))

    def _colours(self, style: CellStyle) -> tuple[Rgb, Rgb]:
        palette = self.palette
        written = palette.foreground if style.foreground is None else self._rgb(style.foreground)
        under = palette.background if style.background is None else self._rgb(style.background)
        return written, under

    def _rgb(self, colour: int | Rgb) -> Rgb:
        if isinstance(colour, int):
            return self.palette.sixteen[colour] if colour < 16 else cube(min(colour, 255))
        return colour

    def _farther(self, under: Rgb) -> Rgb:
        """Of the terminal's own two colours the one that is better read on `under`."""
        palette = self.palette
        return max((palette.foreground, palette.background), key=lambda one: contrast(one, under))

    def _style(
        self,
        style: CellStyle,
        foreground: RichColour | None,
        background: RichColour | None,
        *,
        reverse: bool = False,
    ) -> Style:
        lined = style.underline not in {Underline.NONE, Underline.DOUBLE}
        return Style(
            color=foreground,
            bgcolor=background,
            bold=style.bold or None,
            dim=(style.dim and self.palette.native) or None,
            italic=style.italic or None,
            underline=lined or None,
            underline2=(style.underline is Underline.DOUBLE) or None,
            strike=style.strike or None,
            overline=style.overline or None,
            reverse=reverse or None,
        )


def _movable(colour: Colour) -> bool:
    """Whether a colour is one of the sixteen or the terminal's own: those are ours to choose."""
    return colour is None or (isinstance(colour, int) and colour < 16)


def _native(colour: Colour) -> RichColour | None:
    if colour is None:
        return None
    return RichColour.from_ansi(colour) if isinstance(colour, int) else RichColour.from_rgb(*colour)
