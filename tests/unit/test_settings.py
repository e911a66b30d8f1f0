"""The settings file: what is read, what is refused and where, what holds and why, and the commented default."""

from __future__ import annotations

import json
import re
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.theme import BUILTIN_THEMES

from kubeplat_tui import themes
from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.secrets.editing import editor
from kubeplat_tui.settings import (
    Colours,
    Confirmation,
    Settings,
    UserTheme,
    load,
    parse,
    remember_theme,
    write_default,
)
from kubeplat_tui.settings.holding import holding, screen_choice, textual_variables
from kubeplat_tui.settings.lines import key_lines
from kubeplat_tui.settings.writing import DEFAULT_TEXT
from tests.screens.fakes import FakeIntents
from tests.unit.cli_support import Shell, plain_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


__all__ = ["plain_environment"]

WHOLE = """\
theme = "mine"
refresh = 30
editor = "code --wait"

[keymap]
"table.sort" = "s,?"

[confirmations]
paste = false
make = true

[ssh]
prefix = "ctrl+b"
fast_terminal = true

[screen]
slow_link = true
colours = 16

[themes.mine]
base = "kubeplat-light"
dark = true
accent = "#123456"
cursor-idle = "teal"
"""


def test_everything_that_can_be_set() -> None:
    assert parse(WHOLE) == Settings(
        theme="mine",
        refresh=30.0,
        editor="code --wait",
        keymap={"table.sort": "s,question_mark"},
        left_out=frozenset({Confirmation.PASTE}),
        prefix="ctrl+b",
        fast_terminal=True,
        slow_link=True,
        colours=Colours.SIXTEEN,
        themes=(UserTheme("mine", "kubeplat-light", True, {"accent": "#123456", "cursor-idle": "teal"}),),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("theme = 1", "config.toml:1: theme must be a name in quotes."),
        ("\nrefresh = 1", "config.toml:2: refresh must be 0 or at least 2"),
        ('editor = "unfinished \'"', "config.toml:1: editor must be a command in quotes"),
        ("refresh = true\n[ssh]\nrefresh = 2", "config.toml:3: refresh is no setting of [ssh]"),
        ("[confirmations]\npaste = 1", "config.toml:2: paste must be true or false."),
        ("[confirmations]\ncleanup = false", "config.toml:2: cleanup is no setting of [confirmations]"),
        ("[screen]\nslow_link = 1", 'config.toml:2: slow_link must be true, false or "auto".'),
        ("[screen]\ncolors = 16", "config.toml:2: colors is no setting of [screen]; did you mean colours?"),
        ("[screen]\ncolours = 256", 'config.toml:2: colours must be "auto", "16" or "none".'),
        ("screen = 1", "config.toml:1: screen must be a table: [screen]."),
        ("[themes.nord]", "config.toml:1: there is a theme nord already"),
        ("[themes.x]\nbase = 'nrod'", "config.toml:2: there is no theme nrod; did you mean nord?"),
        ("[themes.x]\nacent = 'red'", "config.toml:2: acent is no colour of a theme; did you mean accent?"),
        ("[themes.x]\naccent = 'reddish'", "config.toml:2: 'reddish' is no colour"),
        ("[themes]\nx = 1", "config.toml:2: themes.x must be a table"),
        ("theme = [\n\n", "config.toml:2: this is not TOML"),
        ("a = 1\na = 2", "config.toml:2: this is not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line_and_costs_only_that(text: str, sentence: str) -> None:
    found = parse(text)
    assert any(problem.startswith(sentence) for problem in found.problems), found.problems
    assert (found.theme, found.refresh, found.colours) == ("kubeplat-dark", 15.0, Colours.AUTO)


def test_a_file_that_cannot_be_read_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()
    (tmp_path / "config.toml").write_bytes(b"\xff")
    assert "could not be read" in load(tmp_path).problems[0]


KEYS = st.text("abc-_1", min_size=1, max_size=4)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), max_size=4), max_size=4))
def test_every_key_has_its_line(tables: Mapping[str, Mapping[str, int]]) -> None:
    text = "# a comment = 1\n"
    wanted: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        text += f"\n[{table}]  # [x]\n"
        wanted[table,] = text.count("\n")
        for key, value in keys.items():
            text += f'"{key}" = {value}\n'
            wanted[table, key] = text.count("\n")
    assert key_lines(text) == wanted


# --- what holds -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "environ", "colours", "slow"),
    [
        ("", {"TERM": "xterm-256color"}, Colours.AUTO, False),
        ("", {"TERM": "xterm", "COLORTERM": "truecolor"}, Colours.AUTO, False),
        ("", {"TERM": "xterm"}, Colours.SIXTEEN, False),
        ("", {"TERM": "screen", "SSH_CONNECTION": "a b"}, Colours.SIXTEEN, True),
        ("", {"TERM": "dumb"}, Colours.NONE, False),
        ("", {"TERM": "xterm-256color", "NO_COLOR": "1"}, Colours.NONE, False),
        ("", {"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.AUTO, False),
        ('[screen]\ncolours = "16"', {"TERM": "xterm-256color", "NO_COLOR": "1"}, Colours.NONE, False),
        ('[screen]\ncolours = "none"', {"TERM": "xterm-256color"}, Colours.NONE, False),
        ("[screen]\nslow_link = false", {"TERM": "linux", "SSH_CONNECTION": "a"}, Colours.SIXTEEN, False),
    ],
)  # fmt: skip
def test_the_terminal_decides_what_is_left_to_it(
    text: str, environ: dict[str, str], colours: Colours, slow: bool
) -> None:
    choice = screen_choice(parse(text, screen_only=True), environ)
    assert (choice.colours, choice.slow_link) == (colours, slow)


def test_textual_is_told_by_its_own_variables_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_FPS", "3")
    before = dict(os.environ)
    choice = screen_choice(parse("[screen]\nslow_link = true"), {"TERM": "dumb"})
    with textual_variables(choice):
        inside = dict(os.environ)
    assert dict(os.environ) == before
    added = {name: value for name, value in inside.items() if before.get(name) != value}
    assert added == {"NO_COLOR": "1", "TEXTUAL_ANIMATIONS": "none"}


def test_every_value_says_where_it_comes_from() -> None:
    environ = {"TERM": "xterm", "VISUAL": "nano -w", "PATH": ""}
    found = {held.name: (held.value, held.source) for held in holding(parse(WHOLE), environ)}
    assert found["theme"] == ("mine", "config.toml:1")
    assert found["keymap.table.sort"] == ("s,question_mark", "config.toml:6")
    assert found["confirmations.paste"] == ("left out", "config.toml:9")
    assert found["confirmations.restore"] == ("asked", "default")
    assert found["screen.colours"] == ("16", "config.toml:18")
    assert found["themes.mine"] == ("kubeplat-light with 2 other colours", "config.toml:20")
    found = {held.name: (held.value, held.source) for held in holding(Settings(), environ)}
    assert found["editor"] == ("nano -w", "VISUAL")
    assert found["screen.colours"] == ("16", "TERM is xterm")
    assert found["screen.slow_link"] == ("false", "default")


@pytest.mark.parametrize("written", ["ctrl+]", "ctrl+\\", "ctrl+^", "ctrl+b", "f12"])
def test_the_prefix_is_shown_as_one_writes_it(written: str) -> None:
    found = {held.name: held.value for held in holding(parse(f"[ssh]\nprefix = '{written}'\n"), {})}
    assert found["ssh.prefix"] == written


def test_the_settings_editor_goes_before_the_variables() -> None:
    environ = {"VISUAL": "nano", "EDITOR": "ed", "PATH": ""}
    assert editor(environ, "code --wait") == ["code", "--wait"]
    assert editor(environ) == ["nano"]


# --- themes ---------------------------------------------------------------------------------------


def test_a_theme_of_ones_own_replaces_a_colour_wherever_its_base_uses_it() -> None:
    made = themes.made(UserTheme("mine", colours={"accent": "#ff0000", "quiet": "#999999"}))
    assert (made.name, made.dark, made.accent, made.primary) == ("mine", True, "#ff0000", "#5fb3b3")
    assert made.variables["quiet"] == "#999999"
    assert made.variables["border"] == "#ff0000"
    assert themes.DARK.variables["border"] == "#5fb3b3"
    light = themes.made(UserTheme("other", "nord", dark=False, colours={"line": "#111111"}))
    assert (light.dark, light.background) == (False, BUILTIN_THEMES["nord"].background)
    assert light.variables["line"] == "#111111"


def test_sixteen_colours_are_the_terminals_own() -> None:
    theme = themes.SIXTEEN
    colours = [theme.primary, theme.success, theme.error, theme.foreground, *themes.derived(theme).values()]
    assert all(str(colour).startswith("ansi_") for colour in colours)
    pairs = {theme.variables[name] for name in ("quiet", "changing")} | {
        theme.success,
        theme.warning,
        theme.error,
    }
    assert not pairs & {theme.background, theme.variables["cursor"]}


# --- the file -------------------------------------------------------------------------------------


def test_the_commented_default_says_the_defaults(tmp_path: Path) -> None:
    path = write_default(tmp_path / "kubeplat")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path.parent) == Settings()
    with pytest.raises(InputError, match="was left as it is"):
        write_default(path.parent)
    settings = re.sub(r"^# (?=\w[\w-]* = |\[|\"table)", "", DEFAULT_TEXT, flags=re.MULTILINE)
    found = parse(settings)
    assert found.problems == ()
    assert (found.theme, found.refresh, found.left_out) == ("kubeplat-dark", 15.0, frozenset())
    assert (found.editor, found.themes[0].name, list(found.keymap)) == ("vim", "mine", ["table.sort"])
    named = set(re.findall(r"^# (\w+) = (?:true|false) +#", DEFAULT_TEXT, re.MULTILINE))
    assert named == set(Confirmation)


def test_a_chosen_theme_stands_below_its_explanation(tmp_path: Path) -> None:
    path = write_default(tmp_path)
    remember_theme(tmp_path, "nord")
    assert load(tmp_path).theme == "nord"
    assert path.read_text().replace('\ntheme = "nord"', "") == DEFAULT_TEXT


# --- the verb -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("plain_environment")
def test_the_verb_shows_writes_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(FakeIntents(tmp_path / "place"), monkeypatch)
    folder = shell.intents.workplace.config
    file = folder / "config.toml"
    assert shell.run("settings", "--path").out == f"{file}\n"
    assert "there is none; --write makes a commented one" in " ".join(shell.run("settings").err.split())
    assert shell.run("settings", "--write").code == 0
    assert file.read_text() == DEFAULT_TEXT
    assert shell.run("settings", "--write").code == 2
    assert shell.run("settings", "--check").code == 0
    assert shell.run("settings", "--check", "--path").code == 2
    file.write_text('theme = "nrod"\nrefresh = 1\n')
    ran = shell.run("settings", "--check")
    assert (ran.code, ran.out.splitlines()) == (
        2,
        [
            f"{file}:2: refresh must be 0 or at least 2 (seconds).",
            f"{file}:1: there is no theme nrod; did you mean nord?",
        ],
    )
    document = json.loads(shell.run("settings", "--json").out)
    assert document["settings"][0] == {"name": "theme", "value": "nrod", "source": "config.toml:1"}
    assert len(document["problems"]) == 2
