"""The `kubeplat` command: what the screen does, from a shell."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kubeplat_tui import __version__
from kubeplat_tui.commands import (
    agent_setup,
    certs,
    completion,
    credentials,
    environments,
    fetch_secrets,
    forward,
    inventory,
    kmsctl,
    kubectl,
    man,
    output,
    pipelines,
    rehearse,
    sandbox,
    scale,
    scp,
    secrets,
    settings,
    shell,
    show_cert,
    ssh,
    ssh_config,
    ssh_hosts,
    ssh_key,
    terminate,
    terraform,
    tokens,
    unlock,
    variables,
)
from kubeplat_tui.commands.json_output import failure
from kubeplat_tui.commands.session import Front, Session
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.errors import ExitCode, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubeplat_tui.intents import Intents

TYPER_INTERRUPTED = 130
"""The exit code that Typer makes of ctrl+c, where a verb did not; ours are those of the design."""

HELP = """Stand up, look at and take down Kubernetes clusters on AWS.

Without a verb the full-screen application opens. The options of every verb may stand before it or after it.

Exit codes: 0 done, 1 failed, 2 bad usage or input and nothing was changed, 3 done but something is left over.
Those of `ssh` are the remote command's own, and 255 where there was no connection.
"""


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="kubeplat",
        help=HELP,
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    group(app)
    for room in (
        pipelines,
        output,
        inventory,
        terminate,
        scale,
        environments,
        variables,
        fetch_secrets,
        secrets,
        certs,
        show_cert,
        tokens,
        ssh,
        scp,
        forward,
        ssh_config,
        ssh_hosts,
        agent_setup,
        ssh_key,
        kmsctl,
        kubectl,
        terraform,
        sandbox,
        settings,
        unlock,
        credentials,
        rehearse,
        shell,
        completion,
        man,
    ):
        room.add_to(app)
    verb(app, "version")(version)
    app.command("help")(help_)
    return app


def help_(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="[VERB]...", help="The verb.")] = None,
) -> None:
    """Show what a verb does; without one, all verbs."""
    build()([*(words or ()), "--help"], prog_name="kubeplat", obj=context.obj)


def version(session: Session) -> None:
    """Show the version."""
    if session.options.json:
        session.print_json({"version": __version__})
    else:
        print(f"kubeplat {__version__}")


def main(
    arguments: Sequence[str],
    *,
    make_intents: Callable[[], Intents],
    open_application: Callable[[Session], int],
) -> int:
    """Do what `arguments` (without the program's name) ask for, and return the exit code."""
    front = Front(make_intents, open_application)
    try:
        build()(list(arguments), prog_name="kubeplat", obj=front)
    except SystemExit as end:  # how Typer ends, always
        if end.code == TYPER_INTERRUPTED and front.code is None:
            return _refuse(front, KubeplatError("Interrupted."))
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KubeplatError as error:
        return _refuse(front, error)
    except KeyboardInterrupt:
        return _refuse(front, KubeplatError("Interrupted."))
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, the log the traceback
        return _refuse(front, _unexpected(front, error))
    return ExitCode.DONE


def _refuse(front: Front, error: KubeplatError) -> int:
    print(f"error: {error}", file=sys.stderr)
    if front.options.json:
        print(json.dumps(failure(error), ensure_ascii=False))
    return error.exit_code


def _unexpected(front: Front, error: Exception) -> KubeplatError:
    from kubeplat_tui.services.events import now
    from kubeplat_tui.services.fault_log import fault

    return fault(front.make_intents().workplace.state, "doing what was asked", error, now())
