"""How a command is declared: a function of a `Work`, to which the options that every command takes are added."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, get_type_hints

import typer

from kubeplat_tui.kmsctl.options import ANNOTATIONS
from kubeplat_tui.kmsctl.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeplat_tui.kmsctl.work import Front
    from kubeplat_tui.services.errors import ExitCode

P = ParamSpec("P")
BEFORE, BEHIND = 0, 1
EPILOG = "kmsctl --help lists the options of every command: account, region, environment, format."


def command(
    app: typer.Typer, *names: str
) -> Callable[
    [Callable[Concatenate[Work, P], ExitCode | None]], Callable[Concatenate[Work, P], ExitCode | None]
]:
    """Add a function as a command of `app`, under each of `names`; its docstring is the help text."""

    def decorate(
        function: Callable[Concatenate[Work, P], ExitCode | None],
    ) -> Callable[Concatenate[Work, P], ExitCode | None]:
        run = _runner(function, BEHIND)
        for name in names:
            app.command(name, hidden=name != names[0], epilog=EPILOG)(run)
        return function

    return decorate


def group(app: typer.Typer, default: Callable[[Work], ExitCode | None] | None) -> None:
    """Let `app` take the options before its commands; without one it does `default`, or shows its help."""
    app.callback(invoke_without_command=True, epilog="" if default is None else EPILOG)(
        _runner(default, BEFORE if default is None else BEHIND)
    )


def _runner(function: Callable[..., ExitCode | None] | None, place: int) -> Callable[..., None]:
    def run(context: typer.Context, **given: Any) -> None:
        front: Front = context.obj
        front.options.add({name: given.pop(name) for name in ANNOTATIONS})
        if context.invoked_subcommand is not None:
            return
        if function is None:
            print(context.get_help())
            raise typer.Exit(2)
        with Work(front) as work:
            code = function(work, **given)
        raise typer.Exit(int(code or 0))

    parameters = [inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    if function is not None:
        functools.update_wrapper(run, function)
        hints = get_type_hints(function, include_extras=True)
        parameters += [
            each.replace(annotation=hints[each.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for each in list(inspect.signature(function).parameters.values())[1:]
        ]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation[place])
        for name, annotation in ANNOTATIONS.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks for first
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    # inspect and typing would follow it to the function without the options.
    vars(run).pop("__wrapped__", None)
    return run
