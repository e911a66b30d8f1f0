"""`terraform`, once `terraform.sh`: Terraform's own commands that read, on the environment's state."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.commands.session import Front, Session
from kubeplat_tui.commands.verb import ANOTHERS, PlaygroundOption, complete_environments
from kubeplat_tui.services.events import DiagnosticRaised, Event, Level, LogLine, Root, to_the_end
from kubeplat_tui.services.terraform import reading
from kubeplat_tui.shell import foreground, settings

ASKS_FOR_HELP = {"-h", "-help"}


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`, also under its old name. What stands behind it is Terraform's own."""
    # Only long options: Terraform's have one dash, and -version would be read as -e rsion.
    own = ANOTHERS | {"help_option_names": ["--help"]}
    app.command("terraform", context_settings=own)(terraform)
    app.command("terraform.sh", context_settings=own)(terraform)


def terraform(
    context: typer.Context,
    root: Annotated[Root, typer.Option("--root", help="Which of the two Terraform roots.")] = Root.CLUSTER,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            metavar="NAME",
            help="The environment to read.",
            autocompletion=complete_environments,
        ),
    ] = None,
    playground: PlaygroundOption = False,
) -> None:
    """Run a command of Terraform's that reads.

    Such as output, show, state list, state show ADDRESS, graph, providers, validate, console. It runs in a copy of the
    environment's root, with its state and credentials. What would change something is refused: run, plan, cleanup
    and unlock do that. Everything from the command on is for Terraform; kubeplat's options stand before it.
    """
    front: Front = context.obj
    front.options.add(environment=environment, playground=playground, json=False, yes=False)
    words = context.args
    if not words or words[0] in ASKS_FOR_HELP:
        print(context.get_help())
        raise typer.Exit(0 if words else 2)
    command = reading.allowed(words)
    with Session(front.options, front.make_intents) as session:
        environ = dict(os.environ)
        settings.leave(environ)
        if command in reading.WITHOUT_ROOTS:
            call = reading.elsewhere(words, session.intents.workplace.cache, environ)
        else:
            call = _prepared(session, root, _absolute(command, words))
        sys.stdout.flush()
        with contextlib.chdir(call.folder or Path.cwd()):
            raise typer.Exit(foreground.run(call.arguments, call.environ))


def _prepared(session: Session, root: Root, words: list[str]) -> reading.Invocation:
    site = session.open()

    def say(event: Event) -> None:
        """Only what is wrong: the output is Terraform's."""
        if isinstance(event, LogLine) and event.level in {Level.WARNING, Level.ERROR}:
            session.note(event.text)
        elif isinstance(event, DiagnosticRaised):
            session.note(event.diagnostic.summary)

    return to_the_end(reading.prepared(site, root, words), say)


def _absolute(command: str, words: list[str]) -> list[str]:
    """A saved plan is named from where the person is, and Terraform runs elsewhere."""
    if command != "show" or not Path(words[-1]).is_file():
        return words
    return [*words[:-1], str(Path(words[-1]).absolute())]
