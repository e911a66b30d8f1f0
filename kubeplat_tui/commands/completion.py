"""`completion`: what a shell needs to complete kubeplat's verbs, options, environments and machines."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from kubeplat_tui.commands.session import ENVIRONMENT_VARIABLE, Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services.errors import KubeplatError
from kubeplat_tui.shell.names import FOLDER

LAYERS = ("bastion", "secure", "master", "compute")


class Shell(StrEnum):
    """The shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "completion")(completion)


def completion(
    session: Session,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh", help="The shell that completes.")],
) -> None:
    """Print the completion for bash or zsh.

    For ~/.bashrc: eval "$(kubeplat completion bash)"; for ~/.zshrc, after compinit: eval "$(kubeplat completion zsh)".
    `kubeplat shell` has it already.
    """
    text = (FOLDER / f"completion.{shell}").read_text(encoding="utf-8")
    if session.options.json:
        session.print_json({"shell": shell, "script": text})
    else:
        print(text, end="")


def complete_machines(context: typer.Context) -> list[str]:
    """What a shell offers for a machine: layers, short names, ids.

    Nobody is asked for a code, no sandbox is started, and an AWS that does not answer at once is not waited for:
    then there are the layers only.
    """
    try:
        return [*LAYERS, *_machines(_environment(context))]
    except (KubeplatError, OSError):
        return list(LAYERS)


def _environment(context: typer.Context) -> str:
    """The name in the options before or behind the verb, else in the variable; "" where there is none."""
    from kubeplat_tui.services.environments import playground_name

    found = ""
    place: typer.Context | None = context
    while place is not None:
        found = found or str(place.params.get("environment") or "")
        if not found and place.params.get("playground"):
            found = playground_name(os.environ.get("USER", ""))
        place = place.parent  # type: ignore[assignment]  # the parent is of Typer's own kind, too
    return found or os.environ.get(ENVIRONMENT_VARIABLE, "")


def _machines(name: str) -> list[str]:
    from kubeplat_tui.sandbox.door import LocalSandbox, status
    from kubeplat_tui.services import environments
    from kubeplat_tui.services.cloud import Clouds
    from kubeplat_tui.services.inventory import Inventory
    from kubeplat_tui.services.ssh.names import short_names
    from kubeplat_tui.services.workplace import Workplace

    workplace = Workplace.from_environment()
    environment = environments.load(workplace.environments, name)
    if environment.sandbox and status(workplace.state) is None:
        return []
    cloud = Clouds(LocalSandbox(workplace.state), hurried=True).open(environment)
    try:
        found = Inventory(cloud, name).instances()
    finally:
        cloud.close()
    return [*sorted(set(short_names(found).values())), *(each.id for each in found)]
