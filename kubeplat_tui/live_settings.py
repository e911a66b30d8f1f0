"""The settings in the running application: taken over at the start, and again whenever the saved file differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.worker import get_current_worker

from kubeplat_tui import settings as settings_file
from kubeplat_tui import themes
from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.settings import DEFAULT_THEME, FILE, PREFIX, Colours, Settings
from kubeplat_tui.settings.user_themes import theme_problem

if TYPE_CHECKING:
    from pathlib import Path

    from textual.theme import Theme

    from kubeplat_tui.app import KubeplatApp

LOOKS = 5.0
"""Seconds between two looks at the file's time of change; coming back to the terminal is another look."""

Stamp = tuple[int, int] | None
"""What tells whether the file is the same: time of change (ns) and size (bytes); None where there is none."""

NEXT_START = ("slow_link", "colours", "prefix", "fast_terminal")
"""Fields that hold from the next start on."""


class LiveSettings:
    """Keeps the application at what `config.toml` says. A file with a mistake changes nothing: it is said by line."""

    def __init__(self, app: KubeplatApp, folder: Path, colours: Colours) -> None:
        self._app = app
        self._folder = folder
        self._colours = colours
        self._stamp = self._read_stamp()
        self._registered: set[str] = set()
        self.started = self.current = settings_file.load(folder)

    # --- the start --------------------------------------------------------------------------------

    def begin(self) -> None:
        """Take over everything; before the first paint."""
        for theme in themes.OURS:
            self._app.register_theme(theme)
        self._register(self.current)
        self._app.theme = self._shown_theme(self.current)
        self._set_keymap(self.current)

    def watch(self) -> None:
        """Say what is wrong with the file, and look at it from now on."""
        self._say(self.current.problems)
        if self.current.theme not in self._app.available_themes:
            self._app.notify(self._no_theme(self.current), severity="warning", markup=False)
        self._app.theme_changed_signal.subscribe(self._app, self._keep_theme)
        self._app.set_interval(LOOKS, self.look)

    # --- the file changes -------------------------------------------------------------------------

    def look(self) -> None:
        """Find out in a thread whether the file was changed, and take it over."""
        app = self._app

        def work() -> None:
            stamp = self._read_stamp()
            if stamp == self._stamp:
                return
            found = settings_file.load(self._folder)
            if not get_current_worker().is_cancelled:
                app.post_message(Delivered(lambda: self._changed(stamp, found)))

        app.run_worker(work, thread=True, exclusive=True, group="settings", exit_on_error=False)

    def _changed(self, stamp: Stamp, found: Settings) -> None:
        self._stamp = stamp
        problems = list(found.problems)
        if theme_problem(found, FILE):
            problems.append(f"{self._folder / FILE}:{found.lines.get('theme', 1)}: {self._no_theme(found)}")
        if problems:
            self._say([*problems, "Nothing of it is taken over until that is right."])
            return
        before, self.current = self.current, found
        if found != before:
            self._take_over(before, found)

    def _take_over(self, before: Settings, found: Settings) -> None:
        if found.themes != before.themes or found.theme != before.theme:
            # What is registered anew is drawn anew only where the name changes, too.
            self._app.theme = DEFAULT_THEME if self._app.theme in self._registered else self._app.theme
            self._register(found)
            self._app.theme = self._shown_theme(found)
        if found.keymap != before.keymap:
            self._set_keymap(found)
        names = [name for name in Settings.__slots__ if getattr(found, name) != getattr(before, name)]
        now = [words(name) for name in names if name not in {*NEXT_START, "lines", "problems"}]
        later = [words(name) for name in names if name in NEXT_START]
        said = [f"Taken over: {', '.join(now)}."] if now else []
        said += [f"From the next start on: {', '.join(later)}."] if later else []
        if said:
            self._app.notify(" ".join(said), title=FILE, markup=False)

    def _say(self, sentences: list[str] | tuple[str, ...]) -> None:
        for sentence in sentences:
            self._app.notify(sentence, title=FILE, severity="warning", timeout=12, markup=False)

    def _read_stamp(self) -> Stamp:
        try:
            status = (self._folder / FILE).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    # --- themes and keys --------------------------------------------------------------------------

    def _register(self, found: Settings) -> None:
        for name in self._registered:
            self._app.unregister_theme(name)
        for theme in found.themes:
            self._app.register_theme(themes.made(theme))
        self._registered = {theme.name for theme in found.themes}

    def _shown_theme(self, found: Settings) -> str:
        """The theme of the settings; where colours are few, ours of sixteen, unless that one needs no more either."""
        theme = self._app.available_themes.get(found.theme)
        if theme is None:
            return themes.DARK.name if self._colours is Colours.AUTO else themes.SIXTEEN.name
        return theme.name if theme.ansi or self._colours is Colours.AUTO else themes.SIXTEEN.name

    @staticmethod
    def _no_theme(found: Settings) -> str:
        return f"There is no theme {found.theme}; press t to choose one."

    def _set_keymap(self, found: Settings) -> None:
        prefix = self.started.prefix
        keys = {} if prefix == PREFIX else {"ssh.keys": prefix, "ssh.literal": prefix}
        self._app.set_keymap({**found.keymap, **keys})

    def _keep_theme(self, theme: Theme) -> None:
        """Somebody chose another theme: write it into the file."""
        if theme.name != self._app.theme or theme.name in {
            self.current.theme,
            self._shown_theme(self.current),
        }:
            return
        app = self._app

        def write() -> None:
            try:
                settings_file.remember_theme(self._folder, theme.name)
            except KubeplatError as error:
                sentence = str(error)
                app.post_message(Delivered(lambda: app.notify(sentence, severity="warning", markup=False)))
                return
            stamp, found = self._read_stamp(), settings_file.load(self._folder)
            app.post_message(Delivered(lambda: self._kept(stamp, found)))

        app.run_worker(write, thread=True, exclusive=True, group="theme", exit_on_error=False)

    def _kept(self, stamp: Stamp, found: Settings) -> None:
        if not found.problems:
            self._stamp, self.current = stamp, found


def words(name: str) -> str:
    """What a field of the settings is called in sentences."""
    return {"left_out": "confirmations", "prefix": "ssh.prefix", "fast_terminal": "ssh.fast_terminal"}.get(
        name, f"screen.{name}" if name in NEXT_START else name
    )
