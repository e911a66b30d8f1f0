"""`variables`: what can be set, what is set, and setting one value without touching the rest of the file."""

from typing import Annotated

import typer

from kubeplat_tui.commands import prompts, text
from kubeplat_tui.commands.environment_files import check
from kubeplat_tui.commands.session import Session
from kubeplat_tui.commands.tables import Column, print_table
from kubeplat_tui.commands.verb import group, verb
from kubeplat_tui.services.config_d import by_origin
from kubeplat_tui.services.errors import ExitCode, InputError, KubeplatError
from kubeplat_tui.services.events import Question
from kubeplat_tui.services.values import Value
from kubeplat_tui.services.variables.declarations import REQUIRED, Declarations, Variable
from kubeplat_tui.services.variables.variable_file import VariableFile
from kubeplat_tui.widgets.safe_text import one_line

HIDDEN = "(sensitive)"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The variable.")]


def add_to(app: typer.Typer) -> None:
    """Add the verbs to `app`."""
    verbs = typer.Typer(help="The variables of an environment.")
    group(verbs, list_variables)
    verb(verbs, "list")(list_variables)
    verb(verbs, "get")(get)
    verb(verbs, "set")(set_variable)
    verb(verbs, "check")(check_variables)
    app.add_typer(verbs, name="variables")


def list_variables(session: Session) -> None:
    """Show every variable.

    With each comes its value or default, its type, and what it is for. Those of your own files in config.d come last,
    each file under its own heading.
    """
    file = session.intents.variable_file(session.environment_name())
    declared = session.intents.declarations(file.name)
    values = file.values
    if session.options.json:
        found = [_document(variable, values) for variable in declared.values()]
        return session.print_json({"environment": file.name, "variables": found})
    columns = [
        Column("Name"),
        Column("Value"),
        Column("From"),
        Column("Type", dim=True),
        Column("Description"),
    ]
    for origin, variables in by_origin(declared.values()):
        if origin:
            session.out.print(f"\n{one_line(origin)}", style="bold", soft_wrap=True)
        rows = [
            [each.name, _shown(each, values), _source(each.name, values), str(each.type), each.description]
            for each in variables
        ]
        print_table(session.out, columns, rows)
    return None


def get(session: Session, name: NameArgument) -> None:
    """Show one variable's value, or its default."""
    file = session.intents.variable_file(session.environment_name())
    declared = session.intents.declarations(file.name)
    variable = _declared(declared, name)
    if session.options.json:
        return session.print_json({"environment": file.name, "variable": _document(variable, file.values)})
    if name not in file.values and variable.default is REQUIRED:
        raise InputError(f"{name} is not set in {file.path}, and it has no default.", todo=f"Set {name}.")
    return session.out.print(_shown(variable, file.values), soft_wrap=True)


def set_variable(
    session: Session,
    name: NameArgument,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="As in a tfvars file; a string needs no quotes.")
    ],
) -> ExitCode | None:
    """Set one variable in the environment's file.

    The file's comments and order stay. What changes is shown, and asked about.
    """
    file = session.intents.variable_file(session.environment_name())
    declared = session.intents.declarations(file.name)
    variable = _declared(declared, name)
    edited = file.with_value(name, _parsed(variable, value))
    problems = [problem for problem in edited.problems(declared) if problem not in file.problems(declared)]
    if problems:
        raise InputError(
            f"{name} was not set; {file.path} is unchanged.",
            why=" ".join(problem.message for problem in problems),
            todo=variable.description,
        )
    if not edited.edited:
        session.note(f"{name} has this value already.")
        _say_set(session, file, changed=False)
        return None
    for line in file.diff(edited):
        session.note(line)
    question = Question(topic="set", title=f"Write this into {file.path}?", detail="")
    if not prompts.confirmed(session, question):
        session.note("Not confirmed; nothing was changed.")
        return ExitCode.FAILED
    edited.save()
    _say_set(session, file, changed=True)
    return None


def check_variables(session: Session) -> ExitCode | None:
    """Check the environment's values.

    The same as `environments check`.
    """
    return check(session, [session.environment_name()])


def _say_set(session: Session, file: VariableFile, *, changed: bool) -> None:
    if session.options.json:
        session.print_json({"environment": file.name, "path": file.path, "changed": changed})


def _declared(declared: Declarations, name: str) -> Variable:
    if name in declared:
        return declared[name]
    nearest = declared.nearest(name)
    raise InputError(
        f"There is no variable {name}.",
        todo=f"Did you mean {nearest}?" if nearest else "See `kubeplat variables list` for all of them.",
    )


def _parsed(variable: Variable, written: str) -> Value:
    """What was typed, as a value: bare text where the variable is a string, else as in a tfvars file."""
    from kubeplat_tui.services.hcl.document import Document
    from kubeplat_tui.services.variables.variable_types import Kind

    if variable.type.kind is Kind.STRING and not (written.startswith('"') and written.endswith('"')):
        return written
    try:
        return Document.parse(f"value = {written}\n".encode(), "the value").values()["value"]
    except KubeplatError as error:
        raise InputError(
            f"{written} is not a value of the type {variable.type}.",
            why=str(error),
            todo="Write it as in a tfvars file, quoted for the shell. Nothing was changed.",
        ) from error


def _shown(variable: Variable, values: dict[str, Value]) -> str:
    if variable.name in values:
        return HIDDEN if variable.sensitive else text.value(values[variable.name])
    if variable.default is REQUIRED:
        return ""
    return HIDDEN if variable.sensitive and variable.default is not None else text.value(variable.default)


def _source(name: str, values: dict[str, Value]) -> str:
    return "file" if name in values else "default"


def _document(variable: Variable, values: dict[str, Value]) -> dict[str, object]:
    required = variable.default is REQUIRED
    default = None if variable.default is REQUIRED else variable.default
    return {
        "name": variable.name,
        "type": str(variable.type),
        "description": variable.description,
        "required": required,
        "sensitive": variable.sensitive,
        "default": None if variable.sensitive else default,
        "set": variable.name in values,
        "value": None if variable.sensitive else values.get(variable.name, default),
        "roots": sorted(variable.roots),
        "group": variable.group,
        "origin": variable.origin,
    }
