"""Reads `[themes.NAME]`: a theme of the user's own, made from one of ours or of Textual's."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubeplat_tui.settings.model import DEFAULT_THEME, UserTheme

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.settings.model import Settings

TEXTUAL = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
"""The colours that every theme of Textual's has (https://textual.textualize.io/guide/design/)."""
OURS = ("quiet", "line", "cursor", "cursor-idle", "changing")
"""Our own: quiet text, lines, the row of the cursor with and without the focus, what changes."""
COLOURS = (*TEXTUAL, *OURS)


def theme_names() -> list[str]:
    """The themes that come with kubeplat and Textual."""
    from textual.theme import BUILTIN_THEMES

    from kubeplat_tui import themes

    return [*(theme.name for theme in themes.OURS), *BUILTIN_THEMES]


def read_theme(
    name: str, content: object, refuse: Callable[[tuple[str, ...], str], None]
) -> UserTheme | None:
    """The theme of one table; None where it cannot be made. What is wrong is told to `refuse`."""
    path = ("themes", name)
    if not isinstance(content, dict):
        refuse(path, f"themes.{name} must be a table: [themes.{name}].")
        return None
    known = theme_names()
    if name in known:
        refuse(path, f"there is a theme {name} already; give yours another name.")
        return None
    base = content.get("base", DEFAULT_THEME)
    if base not in known:
        near = get_close_matches(str(base), known, n=1)
        refuse(
            (*path, "base"),
            f"there is no theme {base}; {f'did you mean {near[0]}?' if near else 'name one of ours.'}",
        )
        base = DEFAULT_THEME
    dark = content.get("dark")
    if not isinstance(dark, bool | None):
        refuse((*path, "dark"), "dark must be true or false.")
        dark = None
    colours = {}
    for key, value in content.items():
        if key in {"base", "dark"}:
            continue
        if key not in COLOURS:
            near = get_close_matches(key, COLOURS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COLOURS)}."
            refuse((*path, key), f"{key} is no colour of a theme; {hint}")
        elif not _is_colour(value):
            refuse((*path, key), f'{value!r} is no colour; write it like "#5fb3b3", "teal" or "ansi_cyan".')
        else:
            colours[key] = str(value)
    return UserTheme(name, str(base), dark, colours)


def _is_colour(value: object) -> bool:
    from textual.color import Color, ColorParseError

    try:
        return isinstance(value, str) and Color.parse(value) is not None
    except ColorParseError:
        return False


def theme_problem(settings: Settings, name: str) -> list[str]:
    """What is wrong with the name of the theme: one sentence or none; `name` is what the file is called."""
    known = [*theme_names(), *(theme.name for theme in settings.themes)]
    if settings.theme in known:
        return []
    near = get_close_matches(settings.theme, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return [f"{name}:{settings.lines.get('theme', 1)}: there is no theme {settings.theme}{hint}"]
