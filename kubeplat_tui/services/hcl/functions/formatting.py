"""`format`, with the verbs that validations use. Source: https://developer.hashicorp.com/terraform/language/functions/format."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    UndecidedError,
    to_bool,
    to_int,
    to_number,
    to_text,
)
from kubeplat_tui.services.hcl.functions.encoding import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDEST = 1000
_SMALLEST, _LARGEST = Fraction(1, 10_000), 1_000_000
_WHOLE = frozenset("dxXob")

_VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<precision>\d*))?(?:\[(?P<place>\d+)\])?(?P<verb>.?)",
    re.DOTALL,
)


def format_text(pattern: str, arguments: Sequence[Data]) -> str:
    """`pattern` with its verbs replaced. Every argument must be used, as Terraform demands."""
    position, used = 0, 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal position, used
        if match["verb"] == "%":
            return "%"
        if not match["verb"]:
            raise EvaluationError("a verb without a letter")
        place = int(match["place"]) if match["place"] else position + 1
        if not 1 <= place <= len(arguments):
            raise EvaluationError("more verbs than arguments")
        position, used = place, max(used, place)
        return _formatted(match, arguments[place - 1])

    result = _VERB.sub(replaced, pattern)
    if used < len(arguments):
        raise EvaluationError("more arguments than verbs")
    return result


def _formatted(match: re.Match[str], argument: Data) -> str:
    verb, flags = match["verb"], match["flags"]
    width = int(match["width"] or 0)
    if (
        width > WIDEST
        or "#" in flags
        or " " in flags
        or (match["precision"] is not None and verb not in "fs")
    ):
        raise UndecidedError("an unusual format")
    text = _verb(verb, argument, match["precision"])
    if "+" in flags and verb in "df" and not text.startswith("-"):
        text = f"+{text}"
    if "-" in flags:
        return text.ljust(width)
    if "0" not in flags:
        return text.rjust(width)
    if verb not in "dfxXob":
        raise UndecidedError("an unusual format")
    return text.zfill(width)


def _verb(verb: str, argument: Data, precision: str | None) -> str:
    if argument is None:  # what Terraform makes of it depends on the type, which is not known here
        raise UndecidedError("a format of null")
    if verb == "v":
        return _any(argument)
    if verb == "s":
        text = to_text(argument)
        return text if precision is None else text[: int(precision or 0)]
    if verb == "f":
        return _fixed(argument, precision)
    if verb in {"q", "t"}:
        return json_text(to_text(argument)) if verb == "q" else to_text(to_bool(argument))
    if verb in _WHOLE and isinstance(to_number(argument), int):
        return format(to_int(argument), verb)
    if verb in {*_WHOLE, "e", "E", "g", "G"}:
        raise UndecidedError("an unusual format")
    raise EvaluationError(f"%{verb} is no verb")


def _any(argument: Data) -> str:
    if not isinstance(argument, str | bool | int | Fraction):
        return json_text(argument)
    if (
        not isinstance(argument, str | bool)
        and argument
        and not _SMALLEST <= max(argument, -argument) < _LARGEST
    ):
        raise UndecidedError("a number with an exponent")
    return to_text(argument)


def _fixed(argument: Data, precision: str | None) -> str:
    number = Fraction(to_number(argument))
    places = 6 if precision is None else int(precision or 0)
    if places > WIDEST:
        raise UndecidedError("an unusual format")
    scaled = Decimal(round(number * 10**places))
    return (
        f"{scaled.scaleb(-places):.{places}f}"
        if places
        else str(int(scaled.to_integral_value(ROUND_HALF_EVEN)))
    )
