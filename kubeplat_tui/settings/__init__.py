"""The user's own settings: `config.toml` in the configuration folder. Mistakes in it are never fatal."""

from kubeplat_tui.settings.model import (
    DEFAULT_THEME,
    FILE,
    PREFIX,
    Colours,
    Confirmation,
    Settings,
    UserTheme,
)
from kubeplat_tui.settings.reading import load, parse
from kubeplat_tui.settings.writing import remember_theme, write_default

__all__ = [
    "DEFAULT_THEME",
    "FILE",
    "PREFIX",
    "Colours",
    "Confirmation",
    "Settings",
    "UserTheme",
    "load",
    "parse",
    "remember_theme",
    "write_default",
]
