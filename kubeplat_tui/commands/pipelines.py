"""`plan`, `run`, `apply`, `cleanup`: the pipelines, drawn for the shell."""

import functools
from typing import Annotated

import typer

from kubeplat_tui.commands import drawings, prompts, sandbox
from kubeplat_tui.commands.conduct import Drawing, conduct
from kubeplat_tui.commands.json_output import encode
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import ConfirmOption, verb
from kubeplat_tui.services.errors import ExitCode
from kubeplat_tui.services.events import Event, QuestionAnswered

FullOption = Annotated[bool, typer.Option("--full", help="List every addition with its attributes.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verb(app, "run", also="apply")(run)
    verb(app, "plan")(plan)
    verb(app, "cleanup")(cleanup)


def run(session: Session, full: FullOption = False, confirm: ConfirmOption = None) -> ExitCode:
    """Build the environment, or bring it up to date.

    Plans both Terraform roots, makes the state bucket and key where there are none, and asks first. Between the two
    the secrets are fetched, those that are missing are made once, and the bucket gets them.
    """
    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm)
    site = session.open()

    def watch(event: Event) -> None:
        # From the first approval on something may exist, and it must outlive this command, however it ends.
        if environment.sandbox and isinstance(event, QuestionAnswered) and event.granted:
            session.intents.keep_sandbox()

    pipeline = functools.partial(session.intents.run, site)
    finished = conduct(pipeline, decisions, _drawing(session, full), watch=watch, codes=session.codes)
    if environment.sandbox:
        sandbox.say_if_kept(session)
    return finished.exit_code


def plan(session: Session, full: FullOption = False) -> ExitCode:
    """Show what a run would change."""
    site = session.open()
    pipeline = functools.partial(session.intents.plan, site)
    return conduct(pipeline, prompts.Nobody(), _drawing(session, full), codes=session.codes).exit_code


def cleanup(session: Session, confirm: ConfirmOption = None) -> ExitCode:
    """Take the environment down.

    Asks for the environment's name, twice outside a playground, and looks for what is left afterwards.
    """
    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    site = session.open()
    finished = conduct(
        functools.partial(session.intents.cleanup, site),
        decisions,
        _drawing(session, full=False),
        codes=session.codes,
    )
    if environment.sandbox and finished.exit_code == ExitCode.DONE:
        sandbox.let_go(session, environment.name)
    return finished.exit_code


def _drawing(session: Session, full: bool) -> Drawing:
    return drawings.drawing(session, encode, every_change=full)
