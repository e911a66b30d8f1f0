"""The `kmsctl` command line, and how it ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from kubeplat_tui import __version__
from kubeplat_tui.kmsctl import buckets, keys, reading, writing
from kubeplat_tui.kmsctl.command import command, group
from kubeplat_tui.kmsctl.options import Options
from kubeplat_tui.kmsctl.work import Front, Work
from kubeplat_tui.services.errors import ExitCode, KubeplatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubeplat_tui.intents import Intents

TYPER_INTERRUPTED = 130

HELP = """Files in S3 buckets, encrypted with KMS keys.

Options of every command stand before it, or by their long names behind it.

Exit codes: 0 done, 1 failed, 2 bad usage or input and nothing was changed, 3 done but something was left out.
"""


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="kmsctl",
        help=HELP,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        add_completion=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    group(app, None)
    for room in (keys, buckets, reading, writing):
        room.add_to(app)
    command(app, "version")(version)
    return app


def version(work: Work) -> None:
    """Show the version."""
    work.records.add(f"kmsctl {__version__}", {"version": __version__})


def main(
    arguments: Sequence[str], environ: Mapping[str, str] | None = None, intents: Intents | None = None
) -> int:
    """Do what `arguments` (without the program's name) ask for, and return the exit code."""
    front = Front(Options(), os.environ if environ is None else environ, intents)
    try:
        code = _run(arguments, front)
    except KubeplatError as error:
        code = _refuse(error)
    except KeyboardInterrupt:
        code = _refuse(KubeplatError("Interrupted."))
    except BrokenPipeError:
        # Who read our output has enough of it; Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - a person gets a sentence
        what = f"kmsctl met an error it does not know: {type(error).__name__}: {error}"
        code = _refuse(KubeplatError(what, todo="Please report it."))
    return code


def _run(arguments: Sequence[str], front: Front) -> int:
    try:
        build()(list(arguments), prog_name="kmsctl", obj=front)
    except SystemExit as end:  # how Typer ends, always
        if end.code == TYPER_INTERRUPTED:
            raise KeyboardInterrupt from end
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return ExitCode.DONE


def _refuse(error: KubeplatError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code
