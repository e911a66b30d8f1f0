"""Asks where a table is exported to, and writes it."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from kubeplat_tui.delivered import Delivered
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import cannot_write
from kubeplat_tui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from kubeplat_tui.widgets.table import TableData


def as_csv(data: TableData) -> str:
    """RFC 4180: a head line, then the rows."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(data.titles)
    writer.writerows(data.texts)
    return text.getvalue()


def as_json(data: TableData) -> str:
    """A list of objects, one a row, under the columns' titles in lower case with underscores."""
    names = [title.lower().replace(" ", "_") for title in data.titles]
    return (
        json.dumps([dict(zip(names, row, strict=True)) for row in data.raws], indent=2, ensure_ascii=False)
        + "\n"
    )


def write_new(path: Path, text: str) -> None:
    """Write a new file in one step. Raises `InputError` where it exists, `KubeplatError` where it fails."""
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
        # A link fails where the name is taken, whoever took it in the meantime: nothing is overwritten.
        os.link(temporary, path)
    except FileExistsError as error:
        raise InputError(f"{path} exists already.", todo="Choose another name.") from error
    except FileNotFoundError as error:
        raise InputError(
            f"There is no folder {path.parent}.", todo="Make it, or choose another place."
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def export(data: TableData, typed: str) -> Path:
    """Write `data` to the path typed, as CSV or JSON by its ending, and return it. Raises `KubeplatError`."""
    path = Path(typed.strip()).expanduser().absolute()
    writers = {".csv": as_csv, ".json": as_json}
    if path.suffix.lower() not in writers:
        raise InputError("The name must end in .csv or .json.")
    write_new(path, writers[path.suffix.lower()](data))
    return path


class ExportDialog(Dialog[Path]):
    """One field: the path."""

    def __init__(self, data: TableData, name: str) -> None:
        super().__init__()
        self._data = data
        self._name = name

    def compose(self) -> ComposeResult:
        count = len(self._data.texts)
        with Vertical(classes="box") as box:
            yield Static(f"Write {count} {'row' if count == 1 else 'rows'} to a file", classes="title")
            yield Input(f"~/{self._name}.csv")
            yield Static("", classes="problem")
            yield Static(
                "The ending decides: .csv or .json. An existing file is never replaced.", classes="quiet"
            )
        box.border_subtitle = "enter writes · esc cancels"

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.focus()
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value

        def work() -> None:
            try:
                path = export(self._data, typed)
            except KubeplatError as error:
                self.post_message(Delivered(self._refusal(error)))
            else:
                self.post_message(Delivered(lambda: self._written(path)))

        self.run_worker(work, thread=True, exclusive=True, group="export", exit_on_error=False)

    def on_delivered(self, event: Delivered) -> None:
        event.stop()
        event.deliver()

    def _refusal(self, error: KubeplatError) -> Callable[[], None]:
        return lambda: self.query_one(".problem", Static).update(Content(f"✖ {error}"))

    def _written(self, path: Path) -> None:
        self.app.notify(f"Written: {path}", markup=False)
        self.dismiss(path)
