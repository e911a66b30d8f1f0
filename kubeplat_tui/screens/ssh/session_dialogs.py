"""What a person is asked about a session: its end, its successor, a paste, a name, where its text goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kubeplat_tui.screens.save_log import write_lines
from kubeplat_tui.screens.text_dialog import TextDialog
from kubeplat_tui.settings import Confirmation
from kubeplat_tui.widgets.cells import cut_end
from kubeplat_tui.widgets.confirm import Decision
from kubeplat_tui.widgets.confirmations import confirm
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from kubeplat_tui.screens.ssh.pane import SessionPane
    from kubeplat_tui.screens.ssh.session import Session
    from kubeplat_tui.services.inventory import Instance

PREVIEW = 60
MOST_SHOWN = 6
"""Cells and lines of a paste that are shown before it is sent."""


def ask_to_close(app: App[int], session: Session, agreed: Callable[[], None]) -> None:
    """A shell that still runs."""
    decision = Decision(
        title=f"Close {session.name}?",
        text="Its shell ends, and what still runs in it is hung up on.",
        yes="Close",
    )
    confirm(app, Confirmation.CLOSE_SESSION, decision, lambda answer: agreed() if answer else None)


def ask_about_successor(app: App[int], gone: Instance, heir: Instance, agreed: Callable[[], None]) -> None:
    """The machine is gone; another one has its name and its zone."""
    decision = Decision(
        title=f"Connect to {heir.id}?",
        text=f"{gone.id} is gone. {heir.id} at {heir.private_ip} has its name and its zone.",
        yes="Connect",
    )
    confirm(app, Confirmation.SUCCESSOR, decision, lambda answer: agreed() if answer else None)


def ask_about_paste(app: App[int], pane: SessionPane, text: str, lines: int, members: int) -> None:
    """Several lines that the machine would take as typed: each may run at once."""
    shown = [cut_end(one_line(line), PREVIEW) for line in text.splitlines()[:MOST_SHOWN]]
    if lines > MOST_SHOWN:
        shown.append(f"… and {lines - MOST_SHOWN} more")
    more = f" It goes to {members} sessions." if members > 1 else ""
    decision = Decision(
        title=f"Paste {lines} lines into {pane.session.name}?",
        text=f"The program there takes them as typed: a shell runs each at once.{more}",
        consequences=shown,
        yes="Paste",
    )

    def decided(answer: str | None) -> None:
        if answer:
            pane.terminal.paste(text)
        pane.take_keys(typing=True)

    confirm(app, Confirmation.PASTE, decision, decided)


def ask_name(app: App[int], session: Session, named: Callable[[str], None], done: Callable[[], None]) -> None:
    """Another name of the tab."""

    def answered(name: str | None) -> None:
        if name:
            named(name)
        done()

    app.push_screen(TextDialog("Name of the tab", session.name, verb="renames"), answered)


def ask_where_to_save(app: App[int], pane: SessionPane, environment: str, done: Callable[[], None]) -> None:
    """A file for the session's text, with its history."""
    lines = pane.terminal.text(history=True).splitlines()
    name = pane.session.name.replace("/", "-").replace(" ", "-")

    def write(typed: str) -> None:
        write_lines(_path(typed), lines)

    def answered(typed: str | None) -> None:
        if typed:
            app.notify(f"{len(lines):,} lines saved: {_path(typed)}", markup=False)
        done()

    dialog = TextDialog(
        f"Save {len(lines):,} lines of {pane.session.name}",
        f"~/{environment}-{name}.txt",
        note="Only you can read the file. An existing one is never replaced.",
        verb="saves",
        take=write,
    )
    app.push_screen(dialog, answered)


def _path(typed: str) -> Path:
    return Path(typed).expanduser().absolute()
