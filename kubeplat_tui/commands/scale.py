"""`scale-compute`: another number of workers, followed until they are in service."""

from typing import Annotated

import typer

from kubeplat_tui.commands import prompts, replacement_drawing
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.terminate import WaitOption
from kubeplat_tui.commands.verb import ConfirmOption, verb
from kubeplat_tui.services.errors import ExitCode


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "scale-compute")(scale_compute)


def scale_compute(
    session: Session,
    size: Annotated[int, typer.Argument(metavar="N", min=0, help="How many workers the pool shall have.")],
    pool: Annotated[
        str, typer.Option("--pool", metavar="NAME", help="The pool; needed where there are several.")
    ] = "",
    confirm: ConfirmOption = None,
    wait: WaitOption = True,
) -> ExitCode:
    """Give a pool of workers another size.

    Asks for the environment's name, twice where machines go outside a playground, and follows it until as many are
    in service; ctrl+c stops the waiting only. The size lies within
    compute_asg_min and compute_asg_max (min and max of a pool in compute_pools), and a run leaves it as it is.
    """
    from kubeplat_tui.services.replacement import questions

    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    site = session.open()
    looked_at = session.intents.scaling(site, size, pool)
    if not prompts.granted(session, decisions, questions.scaling(environment, looked_at)):
        return ExitCode.FAILED
    return replacement_drawing.follow(
        session, lambda stop: session.intents.scale(site, looked_at, stop, wait=wait)
    )
