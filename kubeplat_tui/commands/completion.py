"""`completion`: what a shell needs to complete kubeplat's verbs, options, environments and machines."""

from enum import StrEnum
from typing import Annotated

import typer

from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.shell.names import FOLDER


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
