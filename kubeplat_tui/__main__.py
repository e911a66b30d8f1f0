"""`kubeplat` and `python -m kubeplat_tui`: the application where no verb is given, else the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubeplat_tui.commands.session import Session
    from kubeplat_tui.intents import Intents

SMALLEST = (60, 20)
"""Columns and rows that the application needs."""

COMPLETION = "_KUBEPLAT_COMPLETE"
IN_SHELL = "KUBEPLAT_SHELL"
TYPE_INSTEAD = "Type a verb, for example `kubeplat environments`; `kubeplat --help` lists them."


def main() -> int:
    """Run what the process's arguments ask for; returns the exit code."""
    if IN_SHELL in os.environ:
        from kubeplat_tui.shell import settings

        settings.leave(os.environ)
    match sys.argv[1:]:
        case _ if COMPLETION in os.environ:  # the shell asks what could be typed next
            return _command_line([])
        # The plain ways into the application do without Typer: the first paint is what people wait for.
        case []:
            return start(None, playground=False)
        case ["--playground"]:
            return start(None, playground=True)
        case ["-e" | "--environment", name] if not name.startswith("-"):
            return start(name, playground=False)
        case arguments:
            return _command_line(arguments)


def _command_line(arguments: list[str]) -> int:
    from kubeplat_tui import cli
    from kubeplat_tui.intents import Intents

    return cli.main(arguments, make_intents=Intents, open_application=_from_command_line)


def start(environment: str | None, *, playground: bool) -> int:
    """Open the application, at an environment if one is named; where it cannot be shown, say why."""
    if reason := no_application():
        print(reason, file=sys.stderr)
        return 2
    from kubeplat_tui.intents import Intents

    intents = Intents()
    environment = environment or (None if playground else os.environ.get("KUBEPLAT_ENVIRONMENT"))
    if environment and not (intents.workplace.environments / f"{environment}.tfvars").is_file():
        return _no_environment(intents, environment)
    from kubeplat_tui.settings import load
    from kubeplat_tui.settings.holding import screen_choice, textual_variables

    screen = screen_choice(load(intents.workplace.config, screen_only=True), os.environ)
    try:
        with textual_variables(screen):
            from kubeplat_tui.app import KubeplatApp

            app = KubeplatApp(
                intents,
                start=environment,
                playground=playground,
                colours=screen.colours,
                slow_link=screen.slow_link,
            )
        return app.run() or app.return_code or 0
    finally:
        intents.close()


def no_application() -> str:
    """Why the application cannot be shown here, with what to do instead; "" where it can."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return f"kubeplat's application needs a terminal, and here is none. {TYPE_INSTEAD}"
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    if 0 < columns < SMALLEST[0] or 0 < rows < SMALLEST[1]:
        return (
            f"This terminal has {columns}x{rows} characters; {SMALLEST[0]}x{SMALLEST[1]} are needed. "
            f"Make it larger. {TYPE_INSTEAD}"
        )
    return ""


def _no_environment(intents: Intents, name: str) -> int:
    """Say that there is none of that name, and which one is near."""
    from kubeplat_tui.services.errors import KubeplatError

    try:
        intents.environment(name)
    except KubeplatError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _from_command_line(session: Session) -> int:
    """Typer read the options: `kubeplat --environment=NAME`."""
    from kubeplat_tui.services.errors import InputError

    if session.options.json or session.options.yes:
        raise InputError("--json and --yes belong to a verb, and none was given.", todo=TYPE_INSTEAD)
    return start(session.options.environment, playground=session.options.playground)


if __name__ == "__main__":
    sys.exit(main())
