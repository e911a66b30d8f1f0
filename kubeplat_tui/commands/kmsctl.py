"""`kmsctl`: the command of that name, on the environment; for a checkout, where it is on nobody's path."""

import typer

from kubeplat_tui.commands.session import Front, Session
from kubeplat_tui.commands.verb import ANOTHERS


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`. What stands behind it is kmsctl's own."""
    app.command("kmsctl", context_settings=ANOTHERS)(kmsctl)


def kmsctl(context: typer.Context) -> None:
    """Run kmsctl: files in S3 buckets, encrypted with KMS keys.

    Everything behind the verb is for kmsctl; `kubeplat kmsctl --help` is its help. Bucket, key, region and credentials
    are those of the environment, where one is named.
    """
    from kubeplat_tui.kmsctl import app

    front: Front = context.obj
    given = front.options
    with Session(given, front.make_intents) as session:
        words = ["--environment", session.environment().name] if given.environment or given.playground else []
        words += ["--format", "json"] if given.json else []
        words += ["--yes"] if given.yes else []
        raise typer.Exit(app.main([*words, *context.args], intents=session.intents))
