"""Evaluates expressions as Terraform does, or says that it cannot: never a guess.

Source: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md; measured against `terraform console` in
the tests.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any, ClassVar

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    SetValue,
    UndecidedError,
    data_of,
    elements,
    equal,
    kind,
    to_bool,
    to_int,
    to_number,
    to_text,
    whole,
)
from kubeplat_tui.services.hcl.functions import FUNCTIONS
from kubeplat_tui.services.hcl.tree import (
    Binary,
    Call,
    Conditional,
    Element,
    Expression,
    For,
    GetAttr,
    Index,
    Literal,
    Object,
    Reference,
    Splat,
    Template,
    Tuple,
    Unary,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ELEMENT = "[*]"
"""What a splat's element is called in the scope: no name in HCL can be that."""


class Evaluator:
    """Evaluates in a scope: the values of variables (by name, for `var.name`). Absent ones are undecided."""

    def __init__(self, variables: Mapping[str, Data], names: ChainMap[str, Data] | None = None) -> None:
        self._variables = variables
        self._names: ChainMap[str, Data] = ChainMap() if names is None else names

    def evaluate(self, expression: Expression) -> Data:
        """The value. Raises `EvaluationError` where Terraform fails too, else `UndecidedError`."""
        method = self._methods.get(type(expression))
        if method is None:
            raise UndecidedError("an expression that only Terraform evaluates")
        return method(self, expression)

    def _literal(self, expression: Literal) -> Data:
        return data_of(expression.value)

    def _unary(self, expression: Unary) -> Data:
        value = self.evaluate(expression.operand)
        if expression.operator == "-":
            return -to_number(value)
        return not to_bool(value)

    def _tuple(self, expression: Tuple) -> Data:
        return [self.evaluate(item) for item in expression.items]

    def _object(self, expression: Object) -> Data:
        return {to_text(self.evaluate(item.key)): self.evaluate(item.value) for item in expression.items}

    def _index(self, expression: Index) -> Data:
        return _element_of(self.evaluate(expression.source), self.evaluate(expression.key))

    def _reference(self, expression: Reference) -> Data:
        return self._name(expression.name)

    def _element(self, _expression: Element) -> Data:
        return self._name(_ELEMENT)

    def _for(self, expression: For) -> Data:
        if expression.key is None:
            return [inner.evaluate(expression.value) for inner in self._rounds(expression)]
        return self._object_for(expression, expression.key)

    def _name(self, name: str) -> Data:
        if name in self._names:
            return self._names[name]
        raise UndecidedError(f"{name} is known to Terraform only")

    def _attribute(self, expression: GetAttr) -> Data:
        source, name = expression.source, expression.name
        if isinstance(source, Reference) and source.name == "var" and "var" not in self._names:
            if name in self._variables:
                return self._variables[name]
            raise UndecidedError(f"var.{name} is not known")
        value = self.evaluate(source)
        if isinstance(value, dict) and name in value:
            return value[name]
        raise EvaluationError(f"{kind(value)} has no attribute {name}")

    def _template(self, expression: Template) -> Data:
        if len(expression.parts) == 1:
            return self.evaluate(expression.parts[0])
        return "".join(to_text(self.evaluate(part)) for part in expression.parts)

    def _splat(self, expression: Splat) -> Data:
        source = self.evaluate(expression.source)
        if source is None:
            return []
        items = elements(source) if isinstance(source, list | SetValue) else [source]
        return [self._within({_ELEMENT: item}).evaluate(expression.each) for item in items]

    def _within(self, names: dict[str, Data]) -> Evaluator:
        return Evaluator(self._variables, self._names.new_child(names))

    # --- loops ------------------------------------------------------------------------------------

    def _rounds(self, expression: For) -> Iterator[Evaluator]:
        for key, value in _pairs(self.evaluate(expression.collection)):
            names = {expression.value_name: value}
            if expression.key_name is not None:
                names[expression.key_name] = key
            inner = self._within(names)
            if expression.condition is None or to_bool(inner.evaluate(expression.condition)):
                yield inner

    def _object_for(self, expression: For, key_expression: Expression) -> Data:
        result: dict[str, Data] = {}
        groups: dict[str, list[Data]] = {}
        for inner in self._rounds(expression):
            key = to_text(inner.evaluate(key_expression))
            value = inner.evaluate(expression.value)
            if expression.grouped:
                groups.setdefault(key, []).append(value)
            elif key in result:
                raise EvaluationError(f"the key {key} comes twice")
            else:
                result[key] = value
        return {**groups} if expression.grouped else result

    # --- operators --------------------------------------------------------------------------------

    def _conditional(self, expression: Conditional) -> Data:
        """The chosen branch; the other one matters where the two must get one type."""
        chosen, other = expression.yes, expression.no
        if not to_bool(self.evaluate(expression.condition)):
            chosen, other = other, chosen
        value = self.evaluate(chosen)
        try:
            unchosen = self.evaluate(other)
        except EvaluationError:
            return value
        kinds = {kind(value), kind(unchosen)} - {"null"}
        if len(kinds) <= 1:
            if not _same_type(value, unchosen):
                raise UndecidedError("a condition between collections of different types")
            return value
        if kinds <= {"string", "number"} or kinds <= {"string", "bool"}:
            return to_text(value)
        if kinds & {"string", "number", "bool"}:
            raise EvaluationError("the two results of a condition must have one type")
        raise UndecidedError("a condition between different types")

    def _binary(self, expression: Binary) -> Data:
        operator = expression.operator
        if operator in {"&&", "||"}:
            return self._logical(expression)
        left, right = self.evaluate(expression.left), self.evaluate(expression.right)
        if operator in {"==", "!="}:
            return equal(left, right) is (operator == "==")
        return _arithmetic(operator, left, right)

    def _logical(self, expression: Binary) -> Data:
        """Both sides are evaluated.

        Newer Terraform skips the right one where the left decides: then its failure is undecided.
        """
        left = to_bool(self.evaluate(expression.left))
        decided = left is (expression.operator == "||")
        try:
            right = to_bool(self.evaluate(expression.right))
        except EvaluationError as error:
            if decided:
                raise UndecidedError("a failure that depends on Terraform's version") from error
            raise
        return left if decided else right

    # --- functions --------------------------------------------------------------------------------

    def _call(self, expression: Call) -> Data:
        name = expression.name.removeprefix("core::")
        if name == "can":
            return self._can(expression)
        if name == "try":
            return self._try(expression)
        function = FUNCTIONS.get(name)
        if function is None:
            raise UndecidedError(f"the function {name} is left to Terraform")
        arguments = [self.evaluate(argument) for argument in expression.arguments]
        if expression.expand:
            arguments[-1:] = elements(arguments[-1])
        return function(*arguments)

    def _can(self, expression: Call) -> bool:
        if len(expression.arguments) != 1:
            raise EvaluationError("can takes one argument")
        try:
            self.evaluate(expression.arguments[0])
        except EvaluationError:
            return False
        return True

    def _try(self, expression: Call) -> Data:
        for argument in expression.arguments:
            try:
                return self.evaluate(argument)
            except EvaluationError:
                continue
        raise EvaluationError("no argument of try succeeded")

    _methods: ClassVar[dict[type[Expression], Callable[[Any, Any], Data]]] = {
        Binary: _binary,
        Call: _call,
        Conditional: _conditional,
        Element: _element,
        For: _for,
        GetAttr: _attribute,
        Index: _index,
        Literal: _literal,
        Object: _object,
        Reference: _reference,
        Splat: _splat,
        Template: _template,
        Tuple: _tuple,
        Unary: _unary,
    }


def _pairs(collection: Data) -> Iterator[tuple[Data, Data]]:
    """Keys and values in the order of a loop."""
    if isinstance(collection, dict):
        yield from sorted(collection.items())
    elif isinstance(collection, SetValue):
        yield from ((item, item) for item in collection.items)
    else:
        yield from enumerate(elements(collection))


def _element_of(source: Data, key: Data) -> Data:
    if isinstance(source, dict):
        name = to_text(key)
        if name in source:
            return source[name]
        raise EvaluationError(f"there is no element {name}")
    if isinstance(source, list):
        place = to_int(key)
        if 0 <= place < len(source):
            return source[place]
        raise EvaluationError(f"there is no element {place}")
    raise EvaluationError(f"{kind(source)} has no elements")


def _same_type(one: Data, other: Data) -> bool:
    """Whether bringing two values to one type certainly leaves both as they are."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_type(one[key], other[key]) for key in one)
    if isinstance(one, list | SetValue) and isinstance(other, list | SetValue):
        every = elements(one) + elements(other)
        return kind(one) == kind(other) and all(_same_type(every[0], item) for item in every)
    return one is None or other is None or kind(one) == kind(other)


_ARITHMETIC: dict[str, Callable[[int, int], Data]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _arithmetic(operator: str, left: Data, right: Data) -> Data:
    from fractions import Fraction

    one, other = to_number(left), to_number(right)
    if operator in {"/", "%"}:
        if other == 0:  # Terraform computes with infinity
            raise UndecidedError("division by zero")
        quotient = Fraction(one) / Fraction(other)
        return whole(quotient) if operator == "/" else whole(Fraction(one - int(quotient) * other))
    result = _ARITHMETIC[operator](one, other)  # type: ignore[arg-type]  # a Fraction computes like an int
    return whole(result) if isinstance(result, Fraction) else result
