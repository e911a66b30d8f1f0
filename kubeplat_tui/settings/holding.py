"""What holds, and where each value comes from: the file, the environment's variables, the terminal, the default."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeplat_tui.settings.key_names import NAMED_SIGNS
from kubeplat_tui.settings.model import FILE, Colours, Confirmation, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT = "default"
SLOW_FRAMES = 8
"""Repaints a second over a slow link, at most; else Textual's own 60."""
MANY_COLOURS = ("256color", "truecolor", "24bit", "direct", "kitty")
"""What the names of terminals with more than 16 colours end with (terminfo(5), and Rich's own rule)."""


@dataclass(frozen=True, slots=True)
class Held:
    """One setting: its name in the file, its value as one writes it, and where it comes from in words."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What an `"auto"` came to, and why."""

    colours: Colours
    """`AUTO`: all the terminal has."""
    why_colours: str
    slow_link: bool
    why_slow: str


def screen_choice(settings: Settings, environ: Mapping[str, str]) -> Choice:
    """How the screen is drawn in this terminal."""
    colours, why = _colours(settings, environ)
    slow, why_slow = _slow_link(settings, environ)
    return Choice(colours, why, slow, why_slow)


@contextlib.contextmanager
def textual_variables(choice: Choice) -> Iterator[None]:
    """While Textual is imported and the application made, its own variables say how the screen is drawn.

    Source: https://textual.textualize.io/api/constants. What the user set of them stays; children get none of ours.
    """
    wanted: dict[str, str] = {}
    if choice.colours is Colours.NONE:
        wanted["NO_COLOR"] = "1"
    if choice.colours is Colours.SIXTEEN:
        wanted["TEXTUAL_COLOR_SYSTEM"] = "standard"
    if choice.slow_link:
        wanted |= {"TEXTUAL_FPS": str(SLOW_FRAMES), "TEXTUAL_ANIMATIONS": "none"}
    added = {name: value for name, value in wanted.items() if not os.environ.get(name)}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _colours(settings: Settings, environ: Mapping[str, str]) -> tuple[Colours, str]:
    # NO_COLOR is the wish of whoever started it (https://no-color.org): no file is above it.
    if environ.get("NO_COLOR"):
        return Colours.NONE, "NO_COLOR is set"
    if settings.colours is not Colours.AUTO:
        return settings.colours, _line(settings, "screen.colours")
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return Colours.AUTO, "COLORTERM says so"
    term = environ.get("TERM", "")
    if term in {"", "dumb", "unknown"}:
        return Colours.NONE, f"TERM is {term or 'not set'}"
    if term.rpartition("-")[2] in MANY_COLOURS:
        return Colours.AUTO, f"TERM is {term}"
    return Colours.SIXTEEN, f"TERM is {term}"


def _slow_link(settings: Settings, environ: Mapping[str, str]) -> tuple[bool, str]:
    if settings.slow_link is not None:
        return settings.slow_link, _line(settings, "screen.slow_link")
    if environ.get("SSH_CONNECTION"):
        return True, "SSH_CONNECTION is set"
    return False, DEFAULT


def editor_of(settings: Settings, environ: Mapping[str, str]) -> tuple[str, str]:
    """The command of the editor with where it is from; two times "" where there is none."""
    from kubeplat_tui.services.secrets.editing import editor

    if settings.editor:
        return settings.editor, _line(settings, "editor")
    named = next((name for name in ("VISUAL", "EDITOR") if environ.get(name, "").strip()), "")
    command = " ".join(editor(environ))
    return command, (named or "the first on the PATH") if command else ""


def holding(settings: Settings, environ: Mapping[str, str]) -> Iterator[Held]:
    """Every setting in the order of the commented file; of keymap and themes what the file names."""
    choice = screen_choice(settings, environ)
    yield Held("theme", settings.theme, _line(settings, "theme"))
    yield Held(
        "refresh", f"{settings.refresh:g} s" if settings.refresh else "on request", _line(settings, "refresh")
    )
    command, source = editor_of(settings, environ)
    yield Held("editor", command or "none", source or "neither VISUAL nor EDITOR, nothing on the PATH")
    for action, keys in settings.keymap.items():
        yield Held(f"keymap.{action}", keys, _line(settings, f"keymap.{action}"))
    for question in Confirmation:
        asked = "asked" if settings.asks(question) else "left out"
        yield Held(f"confirmations.{question}", asked, _line(settings, f"confirmations.{question}"))
    control, _, name = settings.prefix.rpartition("+")
    prefix = f"{control}+{NAMED_SIGNS.get(name, name)}" if control else name
    yield Held("ssh.prefix", prefix, _line(settings, "ssh.prefix"))
    yield Held("ssh.fast_terminal", _word(settings.fast_terminal), _line(settings, "ssh.fast_terminal"))
    yield Held("screen.slow_link", _word(choice.slow_link), choice.why_slow)
    colours = "all" if choice.colours is Colours.AUTO else str(choice.colours)
    yield Held("screen.colours", colours, choice.why_colours)
    for theme in settings.themes:
        words = f"{theme.base} with {len(theme.colours)} other colour{'' if len(theme.colours) == 1 else 's'}"
        yield Held(f"themes.{theme.name}", words, _line(settings, f"themes.{theme.name}"))


def _line(settings: Settings, name: str) -> str:
    return f"{FILE}:{settings.lines[name]}" if name in settings.lines else DEFAULT


def _word(value: bool) -> str:
    return "true" if value else "false"
