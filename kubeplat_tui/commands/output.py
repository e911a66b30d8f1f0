"""`output`: what the built environment tells about itself."""

import typer

from kubeplat_tui.commands import drawing
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "output")(output)


def output(session: Session) -> None:
    """Show the outputs of both Terraform roots.

    They come from the remote state; sensitive ones are named, never shown.
    """
    site = session.open()
    found = session.intents.outputs(site)
    if session.options.json:
        environment = site.environment
        session.print_json(
            {"environment": environment.name, "sandbox": environment.sandbox, "outputs": found}
        )
        return
    for line in drawing.outputs(found):
        session.out.print(line, soft_wrap=True)
    if not found:
        session.note(f"{site.environment.name} has no outputs: it is not built yet.")
