"""`environments check|new|copy|rename|delete`: the files of environments, and what belongs to them here."""

import os
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.commands import prompts
from kubeplat_tui.commands.session import ENVIRONMENT_VARIABLE, Session
from kubeplat_tui.commands.verb import ConfirmOption, complete_environments
from kubeplat_tui.services.environments.model import SUFFIX, TEMPLATE_ENDING
from kubeplat_tui.services.errors import ExitCode, InputError

Existing = Annotated[
    str, typer.Argument(metavar="NAME", help="The environment.", autocompletion=complete_environments)
]
Files = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME|FILE]...",
        help="Environments by their names, or files; the environment of --environment if left out, else all.",
        autocompletion=complete_environments,
    ),
]


def check(session: Session, files: Files = None) -> ExitCode | None:
    """Check environments' files. Asks no cloud.

    Their syntax, the types, unknown and missing names, and the validations of the Terraform roots. What is wrong is
    shown as `file:line: sentence`, and the exit code is 2: as a commit hook wants it.
    """
    from kubeplat_tui.services.environments import checks

    paths = _paths(session, files or [])
    problems = checks.check(paths.values(), session.intents.declarations)
    shown = {path: name for name, path in paths.items()}
    if session.options.json:
        of = {name: [one for one in problems if one.path == path] for name, path in paths.items()}
        documents = [
            {
                "environment": path.name.removesuffix(SUFFIX),
                "path": path,
                "problems": [
                    {"variable": one.variable, "message": one.sentence, "line": one.line} for one in of[name]
                ],
            }
            for name, path in paths.items()
        ]
        session.print_json(documents[0] if len(documents) == 1 else {"files": documents})
    else:
        for one in problems:
            place = f"{shown[one.path]}:{one.line}" if one.line else shown[one.path]
            session.out.print(f"{place}: {one.sentence}", soft_wrap=True)
        if not problems:
            named = f"{len(paths)} files are" if len(paths) != 1 else f"{next(iter(paths))} is"
            session.out.print(f"{named} right: every value fits what the Terraform roots declare.")
    return ExitCode.BAD_INPUT if problems else None


def new(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Its name; none for --playground.")
    ] = None,
) -> None:
    """Make a new environment's file, to be completed by hand.

    It is a copy of example.tfvars under its name; with --playground it is your playground, made from another
    template. A file that exists is never overwritten. `environments create` asks, and looks things up.
    """
    if session.options.playground:
        if name is not None:
            raise InputError(
                "A playground is named after its user.", todo="Leave out the name, or --playground."
            )
        environment = session.intents.playground()
    elif name is None:
        raise InputError("The new environment has no name.", todo="Name it, or use --playground for yours.")
    else:
        environment = session.intents.create_environment(name)
    _made(session, environment.name, environment.path)


def copy(
    session: Session,
    name: Existing,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="The name of the copy.")],
) -> None:
    """Copy an environment's file under another name.

    The copy has buckets, names and networks of its own and no key yet; everything else stays, comments too.
    """
    environment = session.intents.copy_environment(name, new_name)
    _made(session, environment.name, environment.path)


def rename(
    session: Session,
    name: Existing,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
) -> None:
    """Give an environment of which nothing is built another name.

    Its private folder with the journals and secrets goes along, and what the keyring remembers for it. Where it
    cannot be found out whether something is built, nothing is changed.
    """
    environment = session.intents.rename_environment(name, new_name)
    if session.options.json:
        return session.print_json(
            {"environment": environment.name, "path": environment.path, "renamed": name}
        )
    return session.out.print(f"{name} is {environment.name} now, at {environment.path}", soft_wrap=True)


def delete(session: Session, name: Existing, confirm: ConfirmOption = None) -> ExitCode | None:
    """Delete an environment of which nothing is built.

    Its file goes, its private folder with the journals and the working copy of its secrets, and what the keyring
    remembers for it. Its name has to be typed, twice outside a playground. Where it cannot be found out whether
    something is built, nothing is changed.
    """
    from kubeplat_tui.services.environments import moving

    environment = session.intents.environment(name)
    session.announce(environment)
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    questions = moving.deletion(environment, session.intents.belongings(name))
    if not prompts.granted(session, decisions, questions):
        return ExitCode.FAILED
    session.intents.delete_environment(name)
    if session.options.json:
        session.print_json({"environment": name, "deleted": True})
    else:
        session.out.print(f"{name} is deleted.")
    return None


def _paths(session: Session, files: list[str]) -> dict[str, Path]:
    """The files to check, by what they are called in what is said about them."""
    folder = session.intents.workplace.environments
    if not files and not session.options.playground and not _named(session):
        return {f"{name}{SUFFIX}": folder / f"{name}{SUFFIX}" for name in session.intents.environment_names()}
    found: dict[str, Path] = {}
    for given in files or [session.environment_name()]:
        if given.endswith((SUFFIX, TEMPLATE_ENDING)) or "/" in given:
            found[given] = Path(given)
        else:
            known = given in session.intents.environment_names()
            path = folder / f"{given}{SUFFIX}"
            found[path.name] = path if known else session.intents.environment(given).path
    return found


def _named(session: Session) -> bool:
    return bool(session.options.environment or os.environ.get(ENVIRONMENT_VARIABLE))


def _made(session: Session, name: str, path: Path) -> None:
    if session.options.json:
        return session.print_json({"environment": name, "path": path})
    session.out.print(f"{name} is at {path}", soft_wrap=True)
    session.note(f"Look through it, then: kubeplat --environment {name} environments check")
    return session.note(f"What it still needs: kubeplat --environment {name} environments checklist")
