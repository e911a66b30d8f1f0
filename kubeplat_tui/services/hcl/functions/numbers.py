"""Functions of numbers, and conversions of plain values."""

from __future__ import annotations

import math
from fractions import Fraction

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    Number,
    UndecidedError,
    elements,
    to_bool,
    to_int,
    to_number,
    to_text,
    whole,
)
from kubeplat_tui.services.hcl.functions.signature import anything, named, takes

MOST_DIGITS = 4000
"""A power with more binary digits is left to Terraform."""


@takes(to_number, rest=to_number)
def max_(*numbers: Number) -> Data:
    return max(numbers)


@takes(to_number, rest=to_number)
def min_(*numbers: Number) -> Data:
    return min(numbers)


@takes(to_number)
def abs_(number: Number) -> Data:
    return abs(number)


@takes(to_number)
def ceil(number: Number) -> Data:
    return math.ceil(number)


@takes(to_number)
def floor(number: Number) -> Data:
    return math.floor(number)


@takes(to_number)
def signum(number: Number) -> Data:
    return (number > 0) - (number < 0)


@takes(to_number, to_number)
def pow_(base: Number, exponent: Number) -> Data:
    if not isinstance(base, int) or not isinstance(exponent, int) or exponent < 0:
        raise UndecidedError("a power that is not whole")
    if base.bit_length() * exponent > 53:  # Terraform computes with 64-bit floating point here
        raise UndecidedError("a large power")
    return int(base**exponent)


@takes(elements)
def sum_(numbers: list[Data]) -> Data:
    if not numbers:
        raise EvaluationError("the sum of nothing")
    return whole(sum((Fraction(to_number(number)) for number in numbers), Fraction(0)))


@takes(to_text, to_int)
def parseint(text: str, base: int) -> Data:
    if not 2 <= base <= 62:
        raise EvaluationError("the base must be 2 to 62")
    if base > 36:
        raise UndecidedError("an unusual base")
    digits = text.removeprefix("-").removeprefix("+") if text[:2] not in {"-+", "+-"} else ""
    if not digits.isascii() or not digits.isalnum() or len(digits) > MOST_DIGITS:
        raise EvaluationError("not a whole number in that base")
    try:
        return (
            int(text, base)
            if base != 0 and not digits[:2].lower().startswith(("0x", "0b", "0o"))
            else _strict(text, base)
        )
    except ValueError as error:
        raise EvaluationError("not a whole number in that base") from error


def _strict(text: str, base: int) -> int:
    """Python skips a prefix that fits the base, Go does not take one."""
    if (
        base in {2, 8, 16}
        and text.lstrip("+-")[1:2].lower() == {2: "b", 8: "o", 16: "x"}[base]
        and base != 16
    ):
        raise ValueError
    if base == 16:
        raise ValueError
    return int(text, base)


@takes(anything)
def tonumber(data: Data) -> Data:
    return None if data is None else to_number(data)


@takes(anything)
def tostring(data: Data) -> Data:
    return None if data is None else to_text(data)


@takes(anything)
def tobool(data: Data) -> Data:
    return None if data is None else to_bool(data)


FUNCTIONS = named(abs_, ceil, floor, max_, min_, parseint, pow_, signum, sum_, tobool, tonumber, tostring)
