"""What the user's own settings are. Nothing heavy is imported here: they are read before the first paint."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "config.toml"
DEFAULT_THEME = "kubeplat-dark"
DEFAULT_REFRESH = 15.0
SHORTEST_REFRESH = 2.0
PREFIX = "ctrl+right_square_bracket"
"""The key that leaves a terminal to the application, where `config.toml` names no other: telnet's own escape."""


class Colours(StrEnum):
    """How many colours the screen may use."""

    AUTO = "auto"
    SIXTEEN = "16"
    NONE = "none"


class Confirmation(StrEnum):
    """Questions that may be left out: nothing that is agreed to there destroys anything in the cloud."""

    QUIT_SESSIONS = "quit_sessions"
    CLOSE_SESSION = "close_session"
    SUCCESSOR = "successor"
    PASTE = "paste"
    RENEW = "renew"
    MAKE = "make"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class UserTheme:
    """A theme of the user's own: colours by name, in place of those of `base`."""

    name: str
    base: str = DEFAULT_THEME
    dark: bool | None = None
    """Whether its background is dark; None: as that of `base`."""
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """What `config.toml` says. Every field has a default; the file need not exist."""

    theme: str = DEFAULT_THEME
    """`theme = "kubeplat-light"`: one of ours, of Textual's, or of the user's own."""
    refresh: float = DEFAULT_REFRESH
    """`refresh = 30`: seconds between two readings of a table that is looked at; 0 reads only on request."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """`[keymap]`: action id → keys, as `"table.sort" = "s,ctrl+o"`."""
    prefix: str = PREFIX
    """`[ssh] prefix = "ctrl+]"`: the key that leaves a session to the application (Textual's name of it)."""
    fast_terminal: bool = False
    """`[ssh] fast_terminal = true`: use the faster terminal core where its package is installed."""
    problems: tuple[str, ...] = ()
    """Sentences about lines that could not be used: `config.toml:3: …`."""
    editor: str = ""
    """`editor = "vim"`: a command; "": what `VISUAL` or `EDITOR` names."""
    left_out: frozenset[Confirmation] = frozenset()
    """`[confirmations] paste = false`: questions that are not asked."""
    slow_link: bool | None = None
    """`[screen] slow_link = true`: fewer repaints and no animation; None: where the terminal comes over SSH."""
    colours: Colours = Colours.AUTO
    """`[screen] colours = "16"`."""
    themes: tuple[UserTheme, ...] = ()
    """`[themes.NAME]`."""
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    """The line of the file that says it, by the setting's name: `ssh.prefix`."""

    def asks(self, question: Confirmation) -> bool:
        """Whether a question is put."""
        return question not in self.left_out
