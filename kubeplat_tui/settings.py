"""The user's own settings: `config.toml` in the configuration folder. Mistakes in it are never fatal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kubeplat_tui.actions import PREFIX
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.services.workplace import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE = "config.toml"
DEFAULT_THEME = "kubeplat-dark"
DEFAULT_REFRESH = 15.0
SHORTEST_REFRESH = 2.0
CONTROL_SIGNS = {"]": "right_square_bracket", "\\": "backslash", "^": "circumflex_accent", "_": "underscore"}
"""Signs that a terminal sends with ctrl, in Textual's names."""
CONTROLS = {f"ctrl+{letter}" for letter in "abcdefgklnopqrstuvwxyz"} | {
    f"ctrl+{name}" for name in CONTROL_SIGNS.values()
}
"""What may be the prefix: ctrl with h, i, j and m are other keys to a terminal (backspace, tab, enter)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `config.toml` says. Every field has a default; the file need not exist."""

    theme: str = DEFAULT_THEME
    """`theme = "kubeplat-light"`: one of ours or of Textual's."""
    refresh: float = DEFAULT_REFRESH
    """`refresh = 30`: seconds between two readings of a table that is looked at; 0 reads only on request."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """`[keymap]`: action id → keys, as `"table.sort" = "s,ctrl+o"`."""
    prefix: str = PREFIX
    """`[ssh] prefix = "ctrl+]"`: the key that leaves a session to the application (Textual's name of it)."""
    fast_terminal: bool = False
    """`[ssh] fast_terminal = true`: use the faster terminal core where its package is installed."""
    problems: tuple[str, ...] = ()
    """Sentences about lines that could not be used."""


def load(folder: Path) -> Settings:
    """The settings of `folder`/config.toml; an unreadable file gives the defaults and a sentence."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        return Settings(problems=(f"{path} could not be read ({error}): the defaults are used.",))
    return parse(text, str(path))


def parse(text: str, name: str = FILE) -> Settings:
    """The settings that `text` (TOML 1.0) holds; `name` is how its problems call it."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(problems=(f"{name} is not TOML: {error}. The defaults are used.",))
    problems: list[str] = []

    def refuse(key: str, why: str) -> None:
        problems.append(f"{name}:{_line_of(text, key)}: {why}")

    for key in sorted(data.keys() - {"theme", "refresh", "keymap", "ssh"}):
        refuse(key, f"{key} is no setting; there are theme, refresh, [keymap] and [ssh].")
    theme = data.get("theme", DEFAULT_THEME)
    if not isinstance(theme, str):
        refuse("theme", "theme must be a name in quotes.")
        theme = DEFAULT_THEME
    refresh = data.get("refresh", DEFAULT_REFRESH)
    if not _is_refresh(refresh):
        refuse("refresh", f"refresh must be 0 or at least {SHORTEST_REFRESH:g} (seconds).")
        refresh = DEFAULT_REFRESH
    keymap = data.get("keymap", {})
    if not isinstance(keymap, dict):
        refuse("keymap", "keymap must be a table: [keymap].")
        keymap = {}
    ssh = data.get("ssh", {})
    if not isinstance(ssh, dict):
        refuse("ssh", "ssh must be a table: [ssh].")
        ssh = {}
    return Settings(
        theme,
        float(refresh),
        _keymap(keymap, refuse),
        _prefix(ssh, refuse),
        _fast_terminal(ssh, refuse),
        tuple(problems),
    )


def _prefix(ssh: Mapping[str, object], refuse: Callable[[str, str], None]) -> str:
    """The prefix key: with ctrl or a function key, for every other one is needed for typing."""
    for key in sorted(ssh.keys() - {"prefix", "fast_terminal"}):
        refuse(key, f"{key} is no setting of [ssh]; there are prefix and fast_terminal.")
    written = ssh.get("prefix")
    if written is None:
        return PREFIX
    name = key_name(written.strip()) if isinstance(written, str) else ""
    if name not in CONTROLS and not re.fullmatch(r"f\d+", name):
        refuse("prefix", f"{written!r} can be no prefix; write it like ctrl+], ctrl+b or f12.")
        return PREFIX
    return name


def _fast_terminal(ssh: Mapping[str, object], refuse: Callable[[str, str], None]) -> bool:
    wanted = ssh.get("fast_terminal", False)
    if not isinstance(wanted, bool):
        refuse("fast_terminal", "fast_terminal must be true or false.")
        return False
    return wanted


def _is_refresh(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (value == 0 or SHORTEST_REFRESH <= value < float("inf"))  # type: ignore[operator]  # it is a number


def _keymap(entries: Mapping[str, object], refuse: Callable[[str, str], None]) -> dict[str, str]:
    """The usable entries of `[keymap]`, keys in Textual's names."""
    if not entries:
        return {}
    from kubeplat_tui.actions import BY_ID

    keymap: dict[str, str] = {}
    for action, keys in entries.items():
        if action not in BY_ID:
            near = get_close_matches(action, BY_ID, n=1)
            refuse(action, f"there is no action {action}" + (f"; did you mean {near[0]}?" if near else "."))
        elif not isinstance(keys, str) or not keys.strip():
            refuse(action, f"the keys of {action} must be in quotes, with commas between them.")
        else:
            names = [key_name(key.strip()) for key in keys.split(",")]
            unknown = [key.strip() for key, name in zip(keys.split(","), names, strict=True) if not name]
            if unknown:
                refuse(action, f"{unknown[0]!r} is no key; write it like s, ctrl+o, f5 or pagedown.")
            else:
                keymap[action] = ",".join(names)
    return keymap


def key_name(written: str) -> str:
    """Textual's name of a key as people write it (`?` is `question_mark`), "" where there is no such key."""
    from textual.keys import Keys, _character_to_key

    if len(written) == 1:
        return _character_to_key(written) if written.isprintable() and not written.isspace() else ""
    if written.startswith("ctrl+") and written[5:] in CONTROL_SIGNS:
        return f"ctrl+{CONTROL_SIGNS[written[5:]]}"
    known = {str(key.value) for key in Keys} | {"space"}
    if written in known or re.fullmatch(r"ctrl\+[a-z]", written):
        return written
    if written.isidentifier() and written not in {"ctrl", "alt", "shift"}:
        try:
            unicodedata.lookup(written.replace("_", " "))
        except KeyError:
            return ""
        return written
    return ""


def remember_theme(folder: Path, theme: str) -> None:
    """Write `theme = "…"` into `folder`/config.toml; the rest of the file stays. Raises `KubeplatError`."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise KubeplatError(f"{path} could not be read: the theme is not kept.", why=f"{error}.") from error
    line = f'theme = "{theme}"'
    # A key of the file itself stands before its first table.
    tables = re.search(r"^\s*\[", text, re.MULTILINE)
    head, rest = (text[: tables.start()], text[tables.start() :]) if tables else (text, "")
    if re.search(r"^theme\s*=.*$", head, re.MULTILINE):
        head = re.sub(r"^theme\s*=.*$", line, head, count=1, flags=re.MULTILINE)
    else:
        head = f"{line}\n{head}"
    write_private(path, (head + rest).encode())


def _line_of(text: str, key: str) -> int:
    """The line (from 1) on which `key` stands, quoted or not; 1 where it is not found."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().lstrip("[").strip("\"' ").startswith(key):
            return number
    return 1
