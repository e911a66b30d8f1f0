"""Our two themes: calm, one accent colour, and the four colours of a state (which never stand alone)."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

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

OURS = (DARK, LIGHT)


def derived(theme: Theme) -> dict[str, str]:
    """Our own colours for a theme that has none: quiet text, lines, the cursor's row, changing states."""
    if theme.ansi:
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
