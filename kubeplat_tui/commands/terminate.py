"""`terminate` and its old names: machines and layers go, and the verb follows until others are in service."""

from collections.abc import Sequence
from typing import Annotated

import typer

from kubeplat_tui.commands import prompts, replacement_drawing
from kubeplat_tui.commands.completion import complete_machines
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import ConfirmOption, verb
from kubeplat_tui.services.errors import ExitCode

WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Follow it until the replacement is in service.")
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force", help="Also where another master is missing, or nothing would be started instead."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verb(app, "terminate", also="aws-terminate")(terminate)
    verb(app, "terminate-bastion")(terminate_bastion)
    verb(app, "terminate-compute")(terminate_compute)
    verb(app, "terminate-masters")(terminate_masters)
    verb(app, "terminate-layer")(terminate_layer)


def terminate(
    session: Session,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET",
            help="A layer (bastion, masters, compute), or a machine's id or name.",
            autocompletion=complete_machines,
        ),
    ],
    confirm: ConfirmOption = None,
    force: ForceOption = False,
    wait: WaitOption = True,
) -> ExitCode:
    """Terminate machines; others are started instead.

    Asks for the environment's name, twice outside a playground, and follows it until the replacements are in service.
    The machines of a layer go at once, but masters one after the other. ctrl+c stops the waiting; what AWS was asked
    goes on.
    """
    return _terminate(session, targets, confirm, force=force, wait=wait)


def terminate_bastion(
    session: Session, confirm: ConfirmOption = None, force: ForceOption = False, wait: WaitOption = True
) -> ExitCode:
    """Terminate the bastions.

    The same as terminate bastion.
    """
    return _terminate(session, ["bastion"], confirm, force=force, wait=wait)


def terminate_compute(
    session: Session, confirm: ConfirmOption = None, force: ForceOption = False, wait: WaitOption = True
) -> ExitCode:
    """Terminate the workers of all pools.

    The same as terminate compute.
    """
    return _terminate(session, ["compute"], confirm, force=force, wait=wait)


def terminate_masters(
    session: Session, confirm: ConfirmOption = None, force: ForceOption = False, wait: WaitOption = True
) -> ExitCode:
    """Terminate the masters, one after the other.

    The same as terminate masters.
    """
    return _terminate(session, ["masters"], confirm, force=force, wait=wait)


def terminate_layer(
    session: Session,
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="bastion (or mgmt), secure, or compute.")],
    confirm: ConfirmOption = None,
    force: ForceOption = False,
    wait: WaitOption = True,
) -> ExitCode:
    """Terminate every machine of a layer.

    The same as terminate LAYER.
    """
    from kubeplat_tui.services.replacement.targets import check_layer

    check_layer(layer)
    return _terminate(session, [layer], confirm, force=force, wait=wait)


def _terminate(
    session: Session, targets: Sequence[str], confirm: str | None, *, force: bool, wait: bool
) -> ExitCode:
    from kubeplat_tui.services.replacement import questions

    environment = session.environment()
    decisions = prompts.decisions(session, environment, confirm, destroys=True)
    site = session.open()
    looked_at = session.intents.termination(site, targets, force=force)
    if not prompts.granted(session, decisions, questions.termination(environment, looked_at)):
        return ExitCode.FAILED
    return replacement_drawing.follow(
        session, lambda stop: session.intents.terminate(site, looked_at, stop, wait=wait)
    )
