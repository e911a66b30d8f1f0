"""`kubectl`: Kubernetes' own command, on the environment's cluster."""

import os
import sys

import typer

from kubeplat_tui.commands.session import Front, Session
from kubeplat_tui.commands.verb import ANOTHERS
from kubeplat_tui.services import kubectl as service
from kubeplat_tui.services.environments import Environment
from kubeplat_tui.shell import foreground, settings

INSTALL = "Install it (https://kubernetes.io/docs/tasks/tools), or use the container, which has it."


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`. What stands behind it is kubectl's own."""
    app.command("kubectl", context_settings=ANOTHERS)(kubectl)


def kubectl(context: typer.Context) -> None:
    """Run kubectl on the environment's cluster.

    Everything behind the verb is for kubectl; `kubeplat kubectl --help` is its help. It gets a private kubeconfig with
    the admin's certificate: your own is neither read nor changed.
    """
    front: Front = context.obj
    with Session(front.options, front.make_intents) as session:
        raise typer.Exit(_run(session, context.args))


def _run(session: Session, arguments: list[str]) -> int:
    environment = session.environment()
    environ = dict(os.environ)
    settings.leave(environ)
    program = foreground.program("kubectl", environ, INSTALL)
    folders = session.intents.workplace.folders(environment.name)
    environ["KUBECONFIG"] = str(service.prepared(environment.name, folders))
    sys.stdout.flush()
    code = foreground.run([program, *arguments], environ)
    if code and environment.sandbox:
        _explain(session, environment)
    return code


def _explain(session: Session, environment: Environment) -> None:
    """Say it where nobody could have answered."""
    site = session.intents.open(environment.name)
    if not service.answers(site, site.folders):
        session.note(
            f"sandbox: {environment.name} has simulated machines, and none of them runs a Kubernetes API yet."
        )
