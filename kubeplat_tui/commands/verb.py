"""How a verb is declared: a function of a `Session`, to which the options that every verb takes are added."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from kubeplat_tui.commands.session import ENVIRONMENT_VARIABLE, Front, Session

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

EVERY_VERB = "Options of every verb"
ANOTHERS: dict[str, Any] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}
"""Context settings of a verb that stands for another program: what stands behind it is that program's."""


def complete_environments() -> list[str]:
    """The names a shell offers after `--environment`."""
    from kubeplat_tui.services import environments
    from kubeplat_tui.services.workplace import Workplace

    return [found.name for found in environments.discover(Workplace.from_environment().environments)]


EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--environment",
        "-e",
        metavar="NAME",
        help=f"The environment to work on; {ENVIRONMENT_VARIABLE} names it, too.",
        autocompletion=complete_environments,
        rich_help_panel=EVERY_VERB,
    ),
]
PlaygroundOption = Annotated[
    bool,
    typer.Option("--playground", help="Your playground; made on its first use.", rich_help_panel=EVERY_VERB),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print for programs, not for people.", rich_help_panel=EVERY_VERB)
]
YesOption = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help="Answer yes where a question would be asked.", rich_help_panel=EVERY_VERB
    ),
]
MfaCodeOption = Annotated[
    str | None,
    typer.Option(
        "--mfa-code",
        metavar="CODE",
        help="The MFA device's code, used once where one is asked for.",
        rich_help_panel=EVERY_VERB,
    ),
]
COMMON: dict[str, tuple[Any, Any]] = {
    "environment": (EnvironmentOption, None),
    "playground": (PlaygroundOption, False),
    "json": (JsonOption, False),
    "yes": (YesOption, False),
    "mfa_code": (MfaCodeOption, None),
}
ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm",
        metavar="NAME",
        help="The environment's name: with --yes, needed for what destroys outside a playground.",
    ),
]


def verb(
    app: typer.Typer, name: str, *, also: str | None = None
) -> Callable[[Callable[Concatenate[Session, P], int | None]], Callable[Concatenate[Session, P], int | None]]:
    """Add a function as the verb `name` of `app` (and under the name `also`); its docstring is the help text.

    The function takes a `Session` and its own options, and returns its exit code (None: done).
    """

    def decorate(
        function: Callable[Concatenate[Session, P], int | None],
    ) -> Callable[Concatenate[Session, P], int | None]:
        def command(context: typer.Context, **given: Any) -> None:
            front: Front = context.obj
            front.options.add(**{option: given.pop(option) for option in COMMON})
            with Session(front.options, front.make_intents) as session:
                code = function(session, **given)  # type: ignore[call-arg]  # Typer gives what the signature asks
            front.code = int(code or 0)
            raise typer.Exit(front.code)

        _take(command, function)
        app.command(name)(command)
        if also:
            app.command(also, help=f"The same as {name}.")(command)
        return function

    return decorate


def group(app: typer.Typer, default: Callable[[Session], int | None] | None = None) -> None:
    """Let `app` itself take the common options; without a verb it does `default` (None: the application)."""

    def callback(context: typer.Context, **given: Any) -> None:
        front: Front = context.obj
        front.options.add(**{option: given.pop(option) for option in COMMON})
        if context.invoked_subcommand is not None:
            return
        with Session(front.options, front.make_intents) as session:
            code = front.open_application(session) if default is None else default(session)
        raise typer.Exit(int(code or 0))

    _take(callback, default)
    app.callback(invoke_without_command=True)(callback)


def _take(command: Callable[..., None], function: Callable[..., Any] | None) -> None:
    """Give `command` the parameters of `function` (without its session) and the common options."""
    parameters = [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    ]
    if function is not None:
        functools.update_wrapper(command, function)
        hints = get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]
        parameters += [
            parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in own
        ]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in COMMON.items()
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks for first
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    # inspect and typing would follow it to the function without the options.
    vars(command).pop("__wrapped__", None)
