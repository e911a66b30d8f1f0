"""Validations of variables, evaluated while somebody types; and what they tell a form about a variable."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.evaluate import Evaluator
from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    UndecidedError,
    data_of,
    elements,
    set_of,
    to_bool,
    to_text,
)
from kubeplat_tui.services.hcl.tree import (
    Binary,
    Call,
    Expression,
    For,
    GetAttr,
    Literal,
    Reference,
    Tuple,
    walk,
)
from kubeplat_tui.services.variables.variable_types import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubeplat_tui.services.values import Value
    from kubeplat_tui.services.variables.declarations import Validation, Variable
    from kubeplat_tui.services.variables.variable_types import VariableType


class Verdict(Enum):
    """What a validation says. Undecided: it uses what only Terraform evaluates, and Terraform checks it."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "checked by Terraform"


class Field(StrEnum):
    """What a form shows for a variable."""

    BOOL = "bool"
    NUMBER = "number"
    STRING = "string"
    ENUMERATION = "enumeration"
    CIDR = "cidr"
    CIDR_LIST = "cidr list"
    STRING_LIST = "string list"
    MAP = "map"
    """Of plain values."""
    OBJECT = "object"
    OBJECT_MAP = "map of objects"
    OTHER = "other"
    """Edited as HCL text."""


CIDR_FUNCTIONS = frozenset({"cidrhost", "cidrnetmask", "cidrsubnet", "cidrsubnets"})


def scope(values: Mapping[str, Value], variables: Mapping[str, Variable]) -> dict[str, Data]:
    """The converted `values` as validations see them."""
    return {name: _typed(data_of(value), variables[name].type) for name, value in values.items()}


def _typed(data: Data, wanted: VariableType) -> Data:
    """Sets become sets, wherever in the value they are."""
    if isinstance(data, dict):
        if wanted.kind is Kind.OBJECT:
            types = {each.name: each.type for each in wanted.attributes}
            return {key: _typed(item, types[key]) for key, item in data.items()}
        return {key: _typed(item, wanted.element) for key, item in data.items()} if wanted.elements else data
    if not isinstance(data, list) or not wanted.elements:
        return data
    if wanted.kind is Kind.TUPLE:
        return [_typed(item, element) for item, element in zip(data, wanted.elements, strict=True)]
    items = [_typed(item, wanted.element) for item in data]
    return set_of(items) if wanted.kind is Kind.SET else items


def verdict(validation: Validation, evaluator: Evaluator) -> tuple[Verdict, str]:
    """Whether a validation holds; where its condition itself fails, the reason."""
    try:
        holds = to_bool(evaluator.evaluate(validation.condition))
    except UndecidedError:
        return Verdict.UNDECIDED, ""
    except EvaluationError as error:
        return Verdict.FAILS, str(error)
    return (Verdict.HOLDS if holds else Verdict.FAILS), ""


def failed_validations(
    variable: Variable, evaluator: Evaluator, variables: Mapping[str, Variable]
) -> Iterator[str]:
    """The messages of the variable's validations that fail."""
    for validation in variable.validations:
        result, reason = verdict(validation, evaluator)
        if result is Verdict.FAILS:
            yield _message(variable, validation, evaluator, variables, reason)


def _message(
    variable: Variable,
    validation: Validation,
    evaluator: Evaluator,
    variables: Mapping[str, Variable],
    reason: str,
) -> str:
    """The declared message; a plain one where that would show a secret, or the condition itself broke."""
    plain = f"{variable.name} does not hold to its rule: {validation.text[0]}."
    if reason:
        return f"{plain} It could not be evaluated: {reason}."
    named = set(variables_in(validation.message))
    if any(name in variables and variables[name].sensitive for name in named):
        return plain
    try:
        return to_text(evaluator.evaluate(validation.message))
    except (EvaluationError, UndecidedError):
        return plain


def variables_in(expression: Expression) -> Iterator[str]:
    """The names of the variables that an expression refers to."""
    for part in walk(expression):
        if isinstance(part, GetAttr) and isinstance(part.source, Reference) and part.source.name == "var":
            yield part.name


def _is_variable(expression: Expression, name: str) -> bool:
    match expression:
        case GetAttr(source=Reference(name="var"), name=found):
            return found == name
    return False


# --- for the form ---------------------------------------------------------------------------------


def choices(variable: Variable) -> tuple[str, ...]:
    """The values allowed by a validation `contains([…], var.name)`, empty where there is none."""
    for validation in variable.validations:
        for part in _conjuncts(validation.condition):
            match part:
                case Call(name="contains", arguments=(Tuple(items=items), value)) if _is_variable(
                    value, variable.name
                ):
                    if all(isinstance(item, Literal) for item in items):
                        return tuple(
                            to_text(data) for data in elements(Evaluator({}).evaluate(part.arguments[0]))
                        )
    return ()


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, Binary) and condition.operator == "&&":
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def field_of(variable: Variable) -> Field:
    """What a form shows for the variable, from its type and validations."""
    wanted = variable.type
    if wanted.kind is Kind.STRING:
        if choices(variable):
            return Field.ENUMERATION
        return Field.CIDR if _is_cidr(variable) else Field.STRING
    if wanted.kind in {Kind.LIST, Kind.SET} and wanted.element.kind is Kind.STRING:
        return Field.CIDR_LIST if _is_cidr(variable) else Field.STRING_LIST
    if wanted.kind is Kind.MAP:
        if wanted.element.kind is Kind.OBJECT:
            return Field.OBJECT_MAP
        plain = wanted.element.kind in {Kind.STRING, Kind.NUMBER, Kind.BOOL}
        return Field.MAP if plain else Field.OTHER
    return {Kind.BOOL: Field.BOOL, Kind.NUMBER: Field.NUMBER, Kind.OBJECT: Field.OBJECT}.get(
        wanted.kind, Field.OTHER
    )


def _is_cidr(variable: Variable) -> bool:
    """Whether a validation takes the value, or each of its elements, for a CIDR."""
    for validation in variable.validations:
        loops = {
            part.value_name
            for part in walk(validation.condition)
            if isinstance(part, For) and _is_variable(part.collection, variable.name)
        }
        for part in walk(validation.condition):
            if isinstance(part, Call) and part.name in CIDR_FUNCTIONS and part.arguments:
                first = part.arguments[0]
                if _is_variable(first, variable.name) or (
                    isinstance(first, Reference) and first.name in loops
                ):
                    return True
    return False
