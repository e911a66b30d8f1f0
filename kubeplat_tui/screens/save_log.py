"""Asks where a log is saved to, and writes it: a new private file, never over another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import PRIVATE_FILE, cannot_write
from kubeplat_tui.widgets.dialog import Dialog
from kubeplat_tui.widgets.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from kubeplat_tui.widgets.log_lines import LogLines


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write `lines`, without control characters, to a new file of their owner's only; returns how many.

    Raises `InputError` where the file exists or its folder does not, `KubeplatError` where writing fails.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except FileExistsError as error:
        raise InputError(f"{path} exists already.", todo="Choose another name.") from error
    except FileNotFoundError as error:
        raise InputError(
            f"There is no folder {path.parent}.", todo="Make it, or choose another place."
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    written = 0
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            for line in lines:
                file.write(f"{plain(line)}\n")
                written += 1
    except OSError as error:
        path.unlink(missing_ok=True)
        raise cannot_write(path, error) from error
    return written


class SaveLogDialog(Dialog[Path]):
    """One field: the path. What the filter shows is saved, or everything."""

    def __init__(self, lines: LogLines, name: str) -> None:
        super().__init__()
        numbers = lines.numbers_shown()
        self._store = lines.store
        self._numbers = range(self._store.dropped, self._store.end) if numbers is None else numbers
        self._filter = lines.filter if numbers is not None else ""
        self._name = name

    def compose(self) -> ComposeResult:
        """Title, path, what is saved."""
        with Vertical(classes="box") as box:
            yield Static(f"Save {len(self._numbers):,} lines of the log", classes="title", markup=False)
            yield Input(f"~/{self._name}.log")
            yield Static("", classes="problem", markup=False)
            what = f"The lines that the filter {self._filter} shows." if self._filter else "All lines."
            yield Static(f"{what} An existing file is never replaced.", classes="quiet", markup=False)
        box.border_subtitle = "enter saves · esc cancels"

    def on_mount(self) -> None:
        """The cursor stands at the end of the path."""
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write in a thread: a million lines take seconds."""
        path = Path(event.value.strip()).expanduser().absolute()
        store = self._store
        lines = (store.raw(number) for number in self._numbers if number >= store.dropped)

        def work() -> None:
            try:
                written = write_lines(path, lines)
            except KubeplatError as error:
                sentence = f"✖ {error}"
                self.post_message(Delivered(lambda: self.query_one(".problem", Static).update(sentence)))
            else:
                self.post_message(Delivered(lambda: self._saved(path, written)))

        self.run_worker(work, thread=True, exclusive=True, group="save", exit_on_error=False)

    def on_delivered(self, event: Delivered) -> None:
        """Saved, or why not."""
        event.stop()
        event.deliver()

    def _saved(self, path: Path, written: int) -> None:
        self.app.notify(f"{written:,} lines saved: {path}", markup=False)
        self.dismiss(path)
