"""`settings`: what holds and where it comes from; the file, its commented default, and what is wrong with it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui import settings as settings_file
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import ExitCode, InputError
from kubeplat_tui.settings import FILE
from kubeplat_tui.settings.holding import Held, holding
from kubeplat_tui.settings.user_themes import theme_problem


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "settings")(settings)


def settings(
    session: Session,
    write: Annotated[bool, typer.Option("--write", help="Write a commented file; never over one.")] = False,
    path: Annotated[bool, typer.Option("--path", help="Print where the file is, and nothing else.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is wrong with the file, line by line.")
    ] = False,
) -> ExitCode | None:
    """Show what config.toml sets, and where each value comes from.

    The file, a variable of the environment, the terminal, or the default.
    """
    if write + path + check > 1:
        raise InputError("Only one of --write, --path and --check can be given.")
    folder = session.intents.workplace.config
    file = folder / FILE
    if path:
        _say(session, {"path": file}, str(file))
    elif write:
        settings_file.write_default(folder)
        _say(session, {"path": file, "written": True}, f"{file} is written; it explains every setting.")
    else:
        found = settings_file.load(folder)
        problems = [*found.problems, *theme_problem(found, str(file))]
        if check:
            return _check(session, file, problems)
        _show(session, file, list(holding(found, os.environ)), problems)
    return None


def _show(session: Session, file: Path, held: list[Held], problems: list[str]) -> None:
    if session.options.json:
        session.print_json({"path": file, "exists": file.exists(), "settings": held, "problems": problems})
        return
    columns = [Column("Setting"), Column("Value"), Column("From", dim=True)]
    print_table(session.out, columns, [[each.name, each.value, each.source] for each in held])
    session.note(f"{file}{'' if file.exists() else ' (there is none; --write makes a commented one)'}")
    for problem in problems:
        session.err.print(problem, style="yellow", soft_wrap=True)


def _check(session: Session, file: Path, problems: list[str]) -> ExitCode:
    if session.options.json:
        session.print_json({"path": file, "problems": problems})
    else:
        for problem in problems:
            session.out.print(problem, soft_wrap=True)
        if not problems:
            session.note(f"Nothing is wrong with {file}.")
    return ExitCode.BAD_INPUT if problems else ExitCode.DONE


def _say(session: Session, document: dict[str, object], words: str) -> None:
    if session.options.json:
        session.print_json(document)
    else:
        print(words, file=sys.stdout)
