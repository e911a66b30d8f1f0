"""How a function's arguments are counted and converted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    elements,
    to_text,
)

Function: TypeAlias = Callable[..., Data]
Converter: TypeAlias = Callable[[Data], Any]


def anything(data: Data) -> Data:
    """Any value, null too."""
    return data


def not_null(data: Data) -> Data:
    """Any value but null."""
    if data is None:
        raise EvaluationError("the argument must not be null")
    return data


def texts(data: Data) -> list[str]:
    """A list or set of strings."""
    return [to_text(item) for item in elements(data)]


def takes(
    *converters: Converter, optional: int = 0, rest: Converter | None = None
) -> Callable[[Function], Function]:
    """Decorate a function with its parameters: the last `optional` may be left out, `rest` takes more.

    A wrong number of arguments is an `EvaluationError`, as is an argument that cannot be converted.
    """

    def decorate(function: Function) -> Function:
        @wraps(function)
        def call(*arguments: Data) -> Data:
            few = len(arguments) < len(converters) - optional
            many = rest is None and len(arguments) > len(converters)
            if few or many:
                raise EvaluationError(f"{function.__name__.strip('_')} has another number of arguments")
            ready = [convert(argument) for convert, argument in zip(converters, arguments, strict=False)]
            if rest is not None:
                ready += [rest(argument) for argument in arguments[len(converters) :]]
            return function(*ready)

        return call

    return decorate


def named(*functions: Function) -> dict[str, Function]:
    """Functions by Terraform's name: an underscore that keeps one from hiding Python's own is taken off."""
    return {function.__name__.rstrip("_"): function for function in functions}
