"""The form of an environment's variables as data: what a field holds, how what is typed becomes a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Declarations, Problem, Variable
    from kubeplat_tui.services.variables.variable_file import VariableFile
    from kubeplat_tui.services.variables.variable_types import VariableType

UNKNOWN_GROUP = "Not declared"
UNSET = object()
PRIMITIVE = {"string", "number", "bool"}


class Editor(Enum):
    """How a value is edited."""

    SWITCH = "enter switches it"
    CHOICE = "one of a few"
    TEXT = "text"
    NUMBER = "a number"
    LINES = "one entry a line"
    PAIRS = "a name and a value a row"
    HCL = "a Terraform expression"


@dataclass(frozen=True, slots=True)
class Field:
    """One variable in the form. `variable` is None where the file sets one that nobody declares."""

    name: str
    group: str
    variable: Variable | None
    value: Value
    """What the file says, else the default; None where there is neither."""
    is_set: bool
    changed: bool
    problems: tuple[Problem, ...]
    line: int | None

    @property
    def missing(self) -> bool:
        """Whether it must be set and is not."""
        return not self.is_set and self.variable is not None and self.variable.required

    @property
    def sensitive(self) -> bool:
        """Whether its value is not to be seen."""
        return self.variable is not None and self.variable.sensitive

    @property
    def editor(self) -> Editor:
        """How it is edited."""
        return editor_for(self.variable, self.value)


def fields(declarations: Declarations, file: VariableFile, problems: Sequence[Problem]) -> list[Field]:
    """The form's fields as declared, unknown ones first. Raises `InputError` where the text is broken."""
    values, lines = file.values, file.lines
    before = _values(file.saved())
    names = [name for name in values if name not in declarations] + list(declarations)

    def field(name: str, variable: Variable | None) -> Field:
        default = variable.default if variable is not None else None
        return Field(
            name=name,
            group=variable.group if variable else UNKNOWN_GROUP,
            variable=variable,
            value=values.get(name, None if isinstance(default, Enum) else default),
            is_set=name in values,
            changed=repr(values.get(name, UNSET)) != repr(before.get(name, UNSET)),
            problems=tuple(problem for problem in problems if problem.variable == name),
            line=lines.get(name),
        )

    return [field(name, declarations.get(name)) for name in names]


def _values(file: VariableFile) -> Mapping[str, Value]:
    try:
        return file.values
    except InputError:  # what was on disk could not be parsed: everything counts as new
        return {}


# --- how a value is edited ------------------------------------------------------------------------


def editor_for(variable: Variable | None, value: Value) -> Editor:
    """The simplest editor that can hold the value and fits the type."""
    kind = variable.type if variable is not None else None
    if kind is None or not _fits(kind, value):
        return Editor.HCL
    if variable is not None and choices(variable):
        return Editor.CHOICE
    simple = {"bool": Editor.SWITCH, "number": Editor.NUMBER, "string": Editor.TEXT}
    if kind.kind in simple:
        return simple[kind.kind]
    if kind.elements and kind.element.kind in PRIMITIVE:
        return {"list": Editor.LINES, "set": Editor.LINES, "map": Editor.PAIRS}.get(kind.kind, Editor.HCL)
    return Editor.HCL


def _fits(kind: VariableType, value: Value) -> bool:
    """Whether a simple editor shows all of the value: not one of another shape, or with line breaks."""
    if value is None:
        return True
    if isinstance(value, Mapping):
        return kind.kind == "map" and all(_is_line(item) for item in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return kind.kind in {"list", "set"} and all(_is_line(item) and item != "" for item in value)
    return kind.kind in PRIMITIVE and _is_line(value) and (kind.kind != "bool" or isinstance(value, bool))


def _is_line(value: Value) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and "\n" not in value)


def choices(variable: Variable) -> tuple[str, ...]:
    """The values that a validation like `contains(["a", "b"], var.x)` leaves; none without such a one."""
    from kubeplat_tui.services.hcl.tree import Call, GetAttr, Literal, Tuple

    for validation in variable.validations:
        match validation.condition:
            case Call(name="contains", arguments=(Tuple(items=items), GetAttr(name=name))) if (
                name == variable.name
            ):
                values = [item.value for item in items if isinstance(item, Literal)]
                if len(values) == len(items) and all(isinstance(value, str) for value in values):
                    return tuple(str(value) for value in values)
    return ()


# --- values as text, and back ---------------------------------------------------------------------


def as_text(value: Value) -> str:
    """A single value as a person types it: text without quotes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else inline(value)


def inline(value: Value) -> str:
    """Any value on one line, to be read: `[a, b]`, `{a = 1, b = 2}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if value is None:
        return "null"
    if value == "":
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_hcl(value: Value) -> str:
    """A value as Terraform writes it."""
    from kubeplat_tui.services.hcl.literals import render

    return render(value)


def from_hcl(text: str) -> Value:
    """The value of an expression as typed. Raises `InputError` that names the line."""
    from kubeplat_tui.services.hcl.document import Document

    if not text.strip():
        raise InputError("There is no value.", todo="Type one; r takes the variable out of the file.")
    return Document.parse(f"value = {text}\n".encode(), "line").values()["value"]


def from_text(text: str, kind: str) -> Value:
    """A single value as typed, of type `string`, `number` or `bool`. Raises `InputError`."""
    from kubeplat_tui.services.variables.variable_types import number_of

    if kind == "number":
        number = number_of(text.strip())
        if number is None:
            raise InputError(f"{text.strip() or 'Nothing'} is not a number.")
        return number
    if kind == "bool":
        if text.strip() not in {"true", "false"}:
            raise InputError(f"{text.strip() or 'Nothing'} is neither true nor false.")
        return text.strip() == "true"
    return text


def from_lines(text: str, kind: str) -> list[Value]:
    """The entries of a list, one a line; empty lines are none. Raises `InputError` that names the line."""
    return [
        _at(f"Line {number}", line.strip(), kind)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def from_pairs(pairs: Sequence[tuple[str, str]], kind: str) -> dict[str, Value]:
    """The entries of a map; empty rows are none. Raises `InputError` that names the row."""
    made: dict[str, Value] = {}
    for number, (name, text) in enumerate(pairs, start=1):
        key = name.strip()
        if not key and not text.strip():
            continue
        if not key:
            raise InputError(f"Row {number} has a value but no name.")
        if key in made:
            raise InputError(f"{key} is there twice.")
        made[key] = _at(f"Row {number}", text if kind == "string" else text.strip(), kind)
    return made


def _at(where: str, text: str, kind: str) -> Value:
    try:
        return from_text(text, kind)
    except InputError as error:
        raise InputError(f"{where}: {error.what}") from error
