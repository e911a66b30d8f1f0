"""Functions of numbers, and conversions of plain values."""

from __future__ import annotations

import functools
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
    return max(number, -number)


@takes(to_number)
def ceil(number: Number) -> Data:
    return math.ceil(number)


@takes(to_number)
def floor(number: Number) -> Data:
    return math.floor(number)


@takes(to_number)
def signum(number: Number) -> Data:
    return int(number > 0) - int(number < 0)


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
    if base > 36 or len(text) > MOST_DIGITS:
        raise UndecidedError("an unusual number")
    digits = text[1:] if text[:1] in {"-", "+"} else text
    allowed = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    if not digits or any(digit not in allowed for digit in digits.lower()):
        raise EvaluationError("not a whole number in that base")
    number = functools.reduce(lambda total, digit: total * base + allowed.index(digit), digits.lower(), 0)
    return -number if text.startswith("-") else number


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
