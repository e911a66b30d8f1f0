"""`shell`: a bash or zsh in one environment, with every command under its old name; or one command in it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from kubeplat_tui.commands import man, sandbox
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.verb import verb
from kubeplat_tui.services import kubectl
from kubeplat_tui.services.cloud import Cloud
from kubeplat_tui.services.environments import Environment
from kubeplat_tui.services.errors import InputError, KubeplatError
from kubeplat_tui.services.workplace import private_folder
from kubeplat_tui.shell import foreground, settings
from kubeplat_tui.shell.agent import agent
from kubeplat_tui.shell.names import FOLDER, MOST_USED

KNOWN = ("bash", "zsh")


def add_to(app: typer.Typer) -> None:
    """Add the verb to `app`."""
    verb(app, "shell")(shell)


def shell(
    session: Session,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- COMMAND", help="One command to run there; without it: a shell."),
    ] = None,
    shell: Annotated[
        str | None,
        typer.Option("--shell", metavar="bash|zsh", help="Which shell; yours where it is one of them."),
    ] = None,
) -> int:
    """Open a shell in the environment.

    It has the environment's settings, and kubeplat's verbs as commands under their old names: run, plan, aws-instances,
    fetch-secrets, terraform.sh, kubectl and the others. Your own bashrc or zshrc is read first. A sandbox runs as
    long as its shell. The exit code is that of the last command.
    """
    environment = session.environment()
    words = list(command or ())
    if not words and not (session.can_ask and sys.stdout.isatty()):
        raise InputError(
            "A shell needs a terminal, and here is none.",
            todo=f"Name a command: kubeplat -e {environment.name} shell -- COMMAND",
        )
    with ExitStack() as stack:
        # Short and without blanks: a socket's path may have 104 bytes, and OpenSSH hands one on to a shell.
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kubeplat-")))
        environ, problem = _environ(session, environment, run)
        environ.update(stack.enter_context(agent(environ, run)))
        if words:
            if problem:
                session.note(problem)
            return foreground.run(words, environ)
        arguments = _arguments(_chosen(shell, environ), environ)
        _greet(session, environment, environ, problem)
        code = foreground.run(arguments, environ, hangs_up=True)
    if environment.sandbox and not _within():
        sandbox.let_go(session, "")
    return code


def _within() -> bool:
    """Whether another shell or the application goes on after this one."""
    return bool(settings.inside(os.environ) or os.environ.get(settings.FROM_APPLICATION))


def _environ(session: Session, environment: Environment, run: Path) -> tuple[dict[str, str], str]:
    """The shell's variables. Where the environment cannot be opened they lack AWS's, and why is the second.

    The shell is where that may be put right.
    """
    workplace = session.intents.workplace
    kubeconfig = kubectl.private_kubeconfig(private_folder(workplace.folders(environment.name).root))

    try:
        manual = man.pages(workplace.cache)
    except KubeplatError as error:  # a read-only home: a shell without its manual is still one
        manual = run / "man"
        session.note(str(error))

    def made(cloud: Cloud | None) -> dict[str, str]:
        return settings.of_shell(
            os.environ,
            environment.name,
            cloud=cloud,
            sandbox=environment.sandbox,
            run=run,
            kubeconfig=kubeconfig,
            manual=manual,
        )

    try:
        return made(session.intents.open(environment.name).cloud), ""
    except KubeplatError as error:
        return made(None), f"{environment.name} is not open, and AWS's settings are missing here. {error}"


def _chosen(named: str | None, environ: Mapping[str, str]) -> str:
    """The path of the shell: the one that was named, the person's own, or the first that is here."""
    if named is not None and named not in KNOWN:
        raise InputError(f"--shell {named} is not known.", todo="It is bash or zsh.")
    own = environ.get("SHELL", "")
    if Path(own).name in ({named} if named else set(KNOWN)) and shutil.which(own):
        return own
    for name in (named,) if named else KNOWN:
        if found := shutil.which(name, path=environ.get("PATH")):
            return found
    raise InputError(
        f"{named or 'Neither bash nor zsh'} is not installed.", todo="Install it, or name another."
    )


def _arguments(program: str, environ: dict[str, str]) -> list[str]:
    """The command line of the shell; zsh finds its files by a variable."""
    if Path(program).name == "zsh":
        environ["KUBEPLAT_SHELL_ZDOTDIR"] = environ.get("ZDOTDIR", "")
        environ["ZDOTDIR"] = str(FOLDER / "zsh")
        return [program, "-i"]
    return [program, "--rcfile", str(FOLDER / "bashrc"), "-i"]


def _greet(session: Session, environment: Environment, environ: Mapping[str, str], problem: str) -> None:
    out = session.out
    place = " · ".join(filter(None, (environment.account, environment.region)))
    out.print(f"{environment.name}  {place}", style="bold", soft_wrap=True)
    if environment.sandbox:
        endpoint = environ.get("AWS_ENDPOINT_URL")
        where = f" at {endpoint}" if endpoint else ""
        out.print(
            f"sandbox: AWS is simulated on this computer{where}; nothing costs money. It runs as long as this shell, "
            "and after `run` until kubeplat sandbox stop."
        )
    if problem:
        out.print(problem, style="yellow", soft_wrap=True)
    outer = settings.inside(os.environ)
    if os.environ.get(settings.FROM_APPLICATION):
        out.print("exit leads back to the application.")
    elif outer:
        out.print(f"This is a shell inside the shell of {outer}: exit leads back there.", soft_wrap=True)
    from rich.table import Table

    table = Table.grid(padding=(0, 0, 0, 2), pad_edge=True)
    for names, what in MOST_USED:
        table.add_row(names, what)
    out.print(table)
