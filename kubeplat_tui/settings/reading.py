"""Reads `config.toml`: every value by itself, so that a mistake costs its own line only."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubeplat_tui.services.wording import listed
from kubeplat_tui.settings.key_names import CONTROLS, key_name
from kubeplat_tui.settings.lines import key_lines, syntax_error
from kubeplat_tui.settings.model import (
    DEFAULT_REFRESH,
    DEFAULT_THEME,
    FILE,
    PREFIX,
    SHORTEST_REFRESH,
    Colours,
    Confirmation,
    Settings,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from kubeplat_tui.settings.model import UserTheme

KEYS = ("theme", "refresh", "editor")
TABLES = ("keymap", "confirmations", "ssh", "screen", "themes")
SSH = ("prefix", "fast_terminal")
SCREEN = ("slow_link", "colours")


def load(folder: Path, *, screen_only: bool = False) -> Settings:
    """The settings of `folder`/config.toml; an unreadable file gives the defaults and a sentence.

    `screen_only`: of all settings those of `[screen]`. For before Textual is imported, which the others need.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        return Settings(problems=(f"{path} could not be read ({error}): the defaults are used.",))
    return parse(text, str(path), screen_only=screen_only)


def parse(text: str, name: str = FILE, *, screen_only: bool = False) -> Settings:
    """The settings that `text` (TOML 1.0) holds; `name` is how its problems call it. `screen_only` as in `load`."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, message = syntax_error(text, str(error))
        return Settings(problems=(f"{name}:{line}: this is not TOML: {message}. The defaults are used.",))
    reader = Reader(data, text, name)
    return reader.screen_settings() if screen_only else reader.settings()


class Reader:
    """One file while it is read. What is wrong is noted with its line, and the default taken."""

    def __init__(self, data: Mapping[str, object], text: str, name: str) -> None:
        self._data = data
        self._name = name
        self._lines = key_lines(text)
        self._problems: list[str] = []

    def screen_settings(self) -> Settings:
        """How the screen is drawn, and nothing else."""
        screen = self._table("screen")
        return Settings(
            slow_link=self._slow_link(screen.get("slow_link", "auto")),
            colours=self._colours(screen.get("colours", "auto")),
        )

    def settings(self) -> Settings:
        """Everything that could be used, and what could not."""
        self._refuse_unknown((), self._data, (*KEYS, *TABLES))
        ssh, screen = self._table("ssh"), self._table("screen")
        self._refuse_unknown(("ssh",), ssh, SSH)
        self._refuse_unknown(("screen",), screen, SCREEN)
        return Settings(
            theme=self._theme(),
            refresh=self._refresh(),
            keymap=self._keymap(self._table("keymap")),
            prefix=self._prefix(ssh.get("prefix")),
            fast_terminal=self._switch(("ssh", "fast_terminal"), ssh.get("fast_terminal", False)) or False,
            editor=self._editor(),
            left_out=self._left_out(self._table("confirmations")),
            slow_link=self._slow_link(screen.get("slow_link", "auto")),
            colours=self._colours(screen.get("colours", "auto")),
            themes=self._themes(self._table("themes")),
            problems=tuple(self._problems),
            lines={".".join(path): line for path, line in self._lines.items()},
        )

    def refuse(self, path: tuple[str, ...], why: str) -> None:
        """Note what is wrong with a key, or with the table it would stand in."""
        line = next(
            (self._lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._lines), 1
        )
        self._problems.append(f"{self._name}:{line}: {why}")

    def _table(self, name: str) -> Mapping[str, object]:
        found = self._data.get(name, {})
        if isinstance(found, dict):
            return found
        self.refuse((name,), f"{name} must be a table: [{name}].")
        return {}

    def _refuse_unknown(
        self, path: tuple[str, ...], table: Mapping[str, object], known: Collection[str]
    ) -> None:
        for key in sorted(table.keys() - set(known)):
            of = f" of [{'.'.join(path)}]" if path else ""
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {listed(known)}."
            self.refuse((*path, key), f"{key} is no setting{of}; {hint}")

    def _theme(self) -> str:
        theme = self._data.get("theme", DEFAULT_THEME)
        if isinstance(theme, str):
            return theme
        self.refuse(("theme",), "theme must be a name in quotes.")
        return DEFAULT_THEME

    def _refresh(self) -> float:
        value = self._data.get("refresh", DEFAULT_REFRESH)
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
        if number == 0 or SHORTEST_REFRESH <= number < float("inf"):
            return float(number)
        self.refuse(("refresh",), f"refresh must be 0 or at least {SHORTEST_REFRESH:g} (seconds).")
        return DEFAULT_REFRESH

    def _editor(self) -> str:
        written = self._data.get("editor", "")
        try:
            if isinstance(written, str) and (shlex.split(written) or written == ""):
                return written
        except ValueError:
            pass
        self.refuse(("editor",), 'editor must be a command in quotes, like "vim" or "code --wait".')
        return ""

    def _prefix(self, written: object) -> str:
        """The prefix key: with ctrl or a function key, for every other one is needed for typing."""
        if written is None:
            return PREFIX
        name = key_name(written.strip()) if isinstance(written, str) else ""
        if name in CONTROLS or re.fullmatch(r"f\d+", name):
            return name
        self.refuse(("ssh", "prefix"), f"{written!r} can be no prefix; write it like ctrl+], ctrl+b or f12.")
        return PREFIX

    def _switch(self, path: tuple[str, ...], value: object) -> bool | None:
        if isinstance(value, bool):
            return value
        self.refuse(path, f"{path[-1]} must be true or false.")
        return None

    def _left_out(self, table: Mapping[str, object]) -> frozenset[Confirmation]:
        self._refuse_unknown(("confirmations",), table, list(Confirmation))
        return frozenset(
            question
            for question in Confirmation
            if question in table and self._switch(("confirmations", question), table[question]) is False
        )

    def _slow_link(self, value: object) -> bool | None:
        if value == "auto":
            return None
        if not isinstance(value, bool):
            self.refuse(("screen", "slow_link"), 'slow_link must be true, false or "auto".')
            return None
        return value

    def _colours(self, value: object) -> Colours:
        written = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if written in list(Colours):
            return Colours(written)
        self.refuse(("screen", "colours"), 'colours must be "auto", "16" or "none".')
        return Colours.AUTO

    def _themes(self, table: Mapping[str, object]) -> tuple[UserTheme, ...]:
        if not table:
            return ()
        from kubeplat_tui.settings.user_themes import read_theme

        found = (read_theme(name, content, self.refuse) for name, content in table.items())
        return tuple(theme for theme in found if theme is not None)

    def _keymap(self, entries: Mapping[str, object]) -> dict[str, str]:
        """The usable entries of `[keymap]`, keys in Textual's names."""
        if not entries:
            return {}
        from kubeplat_tui.actions import BY_ID

        keymap: dict[str, str] = {}
        for action, keys in entries.items():
            path = ("keymap", action)
            if action not in BY_ID:
                near = get_close_matches(action, BY_ID, n=1)
                self.refuse(
                    path, f"there is no action {action}" + (f"; did you mean {near[0]}?" if near else ".")
                )
            elif not isinstance(keys, str) or not keys.strip():
                self.refuse(path, f"the keys of {action} must be in quotes, with commas between them.")
            else:
                names = {key.strip(): key_name(key.strip()) for key in keys.split(",")}
                unknown = [key for key, known in names.items() if not known]
                if unknown:
                    self.refuse(path, f"{unknown[0]!r} is no key; write it like s, ctrl+o, f5 or pagedown.")
                else:
                    keymap[action] = ",".join(names.values())
        return keymap
