"""Our themes: calm, one accent colour, and the four colours of a state (which never stand alone).

Two are drawn in full colour, one by the terminal's own sixteen; the user's own are made from one of these or of
Textual's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from kubeplat_tui.settings.user_themes import TEXTUAL

if TYPE_CHECKING:
    from kubeplat_tui.settings import UserTheme

DARK = Theme(
    name="kubeplat-dark",
    dark=True,
    primary="#5fb3b3",
    secondary="#5fb3b3",
    accent="#5fb3b3",
    foreground="#cfd6dd",
    background="#10151b",
    surface="#151b22",
    panel="#1c242d",
    success="#8cc27a",
    warning="#d9a95f",
    error="#e5737d",
    variables={
        "quiet": "#7f8b97",
        "line": "#2a3440",
        "cursor": "#25404a",
        "cursor-idle": "#1f2a34",
        "changing": "#7fb2e5",
        "input-selection-background": "#5fb3b3 35%",
        "border": "#5fb3b3",
        "border-blurred": "#2a3440",
        "scrollbar": "#2a3440",
        "scrollbar-background": "#10151b",
        "scrollbar-corner-color": "#10151b",
    },
)

LIGHT = Theme(
    name="kubeplat-light",
    dark=False,
    primary="#0f6f73",
    secondary="#0f6f73",
    accent="#0f6f73",
    foreground="#22292f",
    background="#fbfbf9",
    surface="#f4f5f2",
    panel="#e9ecea",
    success="#2f7d32",
    warning="#946200",
    error="#b3261e",
    variables={
        "quiet": "#66727c",
        "line": "#d3d9d8",
        "cursor": "#cfe5e4",
        "cursor-idle": "#e3eae9",
        "changing": "#1f66a8",
        "input-selection-background": "#0f6f73 30%",
        "border": "#0f6f73",
        "border-blurred": "#d3d9d8",
        "scrollbar": "#c5cdcc",
        "scrollbar-background": "#fbfbf9",
        "scrollbar-corner-color": "#fbfbf9",
    },
)

SIXTEEN = Theme(
    name="kubeplat-16",
    dark=True,
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_bright_white",
    background="ansi_black",
    surface="ansi_black",
    panel="ansi_blue",
    boost="ansi_black",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_bright_red",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        # Bright black is what quiet text would be, but many terminals show it as black.
        "quiet": "ansi_white",
        "line": "ansi_blue",
        "cursor": "ansi_blue",
        "cursor-idle": "ansi_black",
        "changing": "ansi_bright_cyan",
        "border": "ansi_cyan",
        "border-blurred": "ansi_blue",
        "scrollbar": "ansi_blue",
        "scrollbar-hover": "ansi_cyan",
        "scrollbar-active": "ansi_cyan",
        "scrollbar-background": "ansi_black",
        "scrollbar-background-hover": "ansi_black",
        "scrollbar-background-active": "ansi_black",
        "scrollbar-corner-color": "ansi_black",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "input-cursor-background": "ansi_bright_white",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "none",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_bright_white",
    },
)
"""For terminals of sixteen colours: black is drawn, not left to the terminal, so that every contrast is known."""

OURS = (DARK, LIGHT, SIXTEEN)


def made(wanted: UserTheme) -> Theme:
    """A theme of the user's own: its colours in place of those of its base, wherever the base uses them."""
    known = {theme.name: theme for theme in OURS} | BUILTIN_THEMES
    base = known[wanted.base]
    variables = dict(base.variables)
    dark = base.dark if wanted.dark is None else wanted.dark
    theme = replace(base, name=wanted.name, dark=dark, variables=variables)
    for name, colour in wanted.colours.items():
        before = base.variables.get(name) or getattr(base, name, None)
        if before:
            variables |= {key: value.replace(before, colour) for key, value in variables.items()}
        if name in TEXTUAL:
            setattr(theme, name, colour)
        else:
            variables[name] = colour
    return theme


def derived(theme: Theme) -> dict[str, str]:
    """Our own colours for a theme that has none: quiet text, lines, the cursor's row, changing states."""
    if theme.ansi:  # blending needs colours that are known
        return {
            "quiet": "ansi_bright_black",
            "line": "ansi_bright_black",
            "cursor": "ansi_blue",
            "cursor-idle": "ansi_bright_black",
            "changing": "ansi_bright_blue",
        }
    colours = theme.to_color_system().generate()
    background = Color.parse(colours["background"])
    foreground = Color.parse(colours["foreground"])
    primary = Color.parse(colours["primary"])
    return {
        "quiet": background.blend(foreground, 0.6).hex,
        "line": background.blend(foreground, 0.2).hex,
        "cursor": background.blend(primary, 0.35).hex,
        "cursor-idle": background.blend(foreground, 0.12).hex,
        "changing": Color.parse(colours["secondary"]).hex,
    }
