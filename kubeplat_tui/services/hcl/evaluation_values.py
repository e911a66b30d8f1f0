"""The values that expressions are evaluated with, and the conversions that Terraform makes between them.

Numbers are exact (int, or Fraction where not whole); a set is its own class because it is neither indexed nor
equal to a list. Source: https://developer.hashicorp.com/terraform/language/expressions/types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from kubeplat_tui.services.values import Value


@dataclass(frozen=True, slots=True)
class SetValue:
    """A set: its elements once each, in the order Terraform iterates them."""

    items: tuple[Data, ...]


_HUGE = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+|[-+]?[0-9]{300,}")
"""Numbers so large or small that they are not converted here."""

Data: TypeAlias = "bool | int | Fraction | str | list[Data] | dict[str, Data] | SetValue | None"
"""A value within an evaluation."""

Number: TypeAlias = int | Fraction
Primitive: TypeAlias = bool | int | Fraction | str


_KINDS = {
    type(None): "null",
    bool: "bool",
    str: "string",
    int: "number",
    Fraction: "number",
    list: "list",
    dict: "map",
    SetValue: "set",
}


class EvaluationError(Exception):
    """Terraform, too, would fail at this expression."""


class UndecidedError(Exception):
    """The expression is not evaluated here; Terraform decides."""


def data_of(value: Value) -> Data:
    """A value of a file, for evaluation."""
    if isinstance(value, float):
        return whole(Fraction(repr(value)))
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {key: data_of(item) for key, item in value.items()}
    return [data_of(item) for item in value]


def value_of(data: Data) -> Value:
    """The value that a file could hold; a set becomes a list."""
    if isinstance(data, Fraction):
        return float(data)
    if isinstance(data, dict):
        return {key: value_of(item) for key, item in data.items()}
    if isinstance(data, list):
        return [value_of(item) for item in data]
    if isinstance(data, SetValue):
        return [value_of(item) for item in data.items]
    return data


def whole(number: Fraction) -> Number:
    """A number in its one form: int where it is whole."""
    return int(number) if number.denominator == 1 else number


def kind(data: Data) -> str:
    """The kind of a value, for messages and comparison: string, number, bool, list, set, map or null."""
    return _KINDS[type(data)]


def to_text(data: Data) -> str:
    """A primitive as string. Raises `EvaluationError` for null and collections."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return data
    if isinstance(data, int):
        return str(data)
    if isinstance(data, Fraction):
        return fraction_text(data)
    raise EvaluationError(f"a string is needed, not {kind(data)}")


def fraction_text(number: Fraction) -> str:
    """A number that is not whole, in decimals. Raises `UndecidedError` where they never end."""
    rest, places = number.denominator, 0
    while rest % 10 == 0 or rest % 5 == 0 or rest % 2 == 0:
        rest //= 10 if rest % 10 == 0 else 5 if rest % 5 == 0 else 2
        places += 1
    if rest != 1 or places > 100:
        raise UndecidedError("a number without end in decimals")
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}".rstrip("0")


def to_number(data: Data) -> Number:
    """A number, or a string that holds one. Raises `EvaluationError` otherwise."""
    from kubeplat_tui.services.variables.variable_types import number_of

    if isinstance(data, int | Fraction) and not isinstance(data, bool):
        return data
    if isinstance(data, str):
        number = number_of(data)
        if number is not None:
            return whole(Fraction(data)) if isinstance(number, float) else number
        if data.lower().strip("+-") in {"inf", "infinity"} or _HUGE.fullmatch(data):
            raise UndecidedError("a number without end")
    raise EvaluationError(f"a number is needed, not {kind(data)}")


def to_bool(data: Data) -> bool:
    """A bool, or a string that holds one. Raises `EvaluationError` otherwise."""
    if isinstance(data, bool):
        return data
    if isinstance(data, str) and data in {"true", "1", "false", "0"}:
        return data in {"true", "1"}
    raise EvaluationError(f"true or false is needed, not {kind(data)}")


def to_int(data: Data) -> int:
    """A whole number. Raises `EvaluationError` otherwise."""
    number = to_number(data)
    if not isinstance(number, int):
        raise EvaluationError("a whole number is needed")
    return number


def elements(data: Data) -> list[Data]:
    """The elements of a list or set. Raises `EvaluationError` otherwise."""
    if isinstance(data, list):
        return data
    if isinstance(data, SetValue):
        return list(data.items)
    raise EvaluationError(f"a list or set is needed, not {kind(data)}")


def mapping(data: Data) -> dict[str, Data]:
    """A map or object. Raises `EvaluationError` otherwise."""
    if isinstance(data, dict):
        return data
    raise EvaluationError(f"a map is needed, not {kind(data)}")


def equal(one: Data, other: Data) -> bool:
    """Whether `==` holds: values of different kinds are never equal.

    Raises `UndecidedError` for collections that look equal: Terraform says no where one is a list and the
    other a tuple, which cannot be told apart here.
    """
    if kind(one) != kind(other):
        return False
    if isinstance(one, list | dict | SetValue):
        if not alike(one, other):
            return False
        raise UndecidedError("a comparison of collections")
    return one == other


def alike(one: Data, other: Data) -> bool:
    """Whether two values are the same, lists and tuples aside."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, SetValue) and isinstance(other, SetValue):
        return len(one.items) == len(other.items) and all(map(alike, one.items, other.items))
    return one == other


def unified(items: Sequence[Data]) -> list[Data]:
    """Elements brought to one type, as in a list or set. Raises `EvaluationError` or `UndecidedError`."""
    kinds = {kind(item) for item in items} - {"null"}
    if len(kinds) <= 1:
        return list(items)
    if kinds & {"list", "map", "set"}:
        if len(kinds) > 1 and kinds & {"string", "number", "bool"}:
            raise EvaluationError("all elements must have the same type")
        raise UndecidedError("collections of different types in one")
    if "string" not in kinds:
        raise EvaluationError("all elements must have the same type")
    return [None if item is None else to_text(item) for item in items]


def set_of(items: Sequence[Data]) -> SetValue:
    """The set of some elements. Its order is Terraform's for strings, numbers and bools."""
    result: list[Data] = []
    for item in unified(items):
        if not any(alike(item, other) for other in result):
            result.append(item)
    return SetValue(tuple(sorted(result, key=_order)))


def _order(item: Data) -> tuple[bool, Number, str]:
    if isinstance(item, str):
        return False, 0, item
    if isinstance(item, int | Fraction):
        return False, item, ""
    return item is None, 0, ""
