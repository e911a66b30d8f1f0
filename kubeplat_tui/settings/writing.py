"""Writes `config.toml`: the chosen theme, and on request a whole file in which everything is explained."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write, private_folder, write_private
from kubeplat_tui.settings.model import FILE

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TEXT = """\
# kubeplat's settings. What is commented out says the default; a running kubeplat takes a saved change over.
# `kubeplat settings` shows what holds and why, `kubeplat settings --check` what is wrong with this file.

# One of kubeplat-dark, kubeplat-light, kubeplat-16, of Textual's (nord, gruvbox, ansi-light, …), or of your own below.
# theme = "kubeplat-dark"

# Seconds between two readings of a table that is looked at; 0 reads only on ctrl+r.
# refresh = 15

# The command of your editor. Without it: what VISUAL or EDITOR names, else vi, vim or nano.
# editor = "vim"

# Other keys for an action, with commas between them. `?` shows the keys of a screen; docs/settings.md lists the names.
[keymap]
# "table.sort" = "s,ctrl+o"

# Questions that may be left out: false leaves one out. What destroys is always asked, and typed.
[confirmations]
# quit_sessions = true    # quitting closes open SSH sessions and port forwards
# close_session = true    # a tab whose shell still runs
# successor = true        # another machine took the place of the one that a session was open on
# paste = true            # several lines into a session
# renew = true            # a certificate, in the working copy
# make = true             # the secrets that are missing, in the working copy
# restore = true          # an earlier version of a secret becomes the newest

[ssh]
# The key that leaves a session to kubeplat.
# prefix = "ctrl+]"

# Use the faster terminal where its package is installed.
# fast_terminal = false

# Both hold from the next start on.
[screen]
# true: fewer repaints and no animation. "auto": where the terminal comes over SSH.
# slow_link = "auto"

# "16" or "none". "auto": none where NO_COLOR is set, 16 where the terminal's TERM promises no more.
# colours = "auto"

# A theme of your own, made from another one: name the colours that differ.
# [themes.mine]
# base = "kubeplat-dark"
# dark = true
# accent = "#d0a8ff"      # also primary, secondary, foreground, background, surface, panel, success, warning, error
# quiet = "#8f8aa0"       # also line, cursor, cursor-idle, changing
"""


def write_default(folder: Path) -> Path:
    """Write a commented `config.toml` into `folder` and return its path. Raises `InputError` where there is one."""
    path = folder / FILE
    private_folder(folder)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError as error:
        raise InputError(
            f"{path} exists: it was left as it is.",
            todo="`kubeplat settings` shows what it says; move it away to get a new one.",
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(DEFAULT_TEXT)
    return path


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
    elif re.search(r"^#\s*theme\s*=.*$", head, re.MULTILINE):
        head = re.sub(r"^(#\s*theme\s*=.*)$", rf"\1\n{line}", head, count=1, flags=re.MULTILINE)
    else:
        head = f"{line}\n{head}"
    write_private(path, (head + rest).encode())
