"""The types of Terraform's variables, and values converted to them as Terraform does.

Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.literals import literal
from kubeplat_tui.services.hcl.tree import Call, Expression, Literal, Object, Reference, Tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubeplat_tui.services.hcl.syntax import Source
    from kubeplat_tui.services.values import Value


class Kind(StrEnum):
    """The constructors of types."""

    ANY = "any"
    STRING = "string"
    NUMBER = "number"
    BOOL = "bool"
    LIST = "list"
    SET = "set"
    MAP = "map"
    TUPLE = "tuple"
    OBJECT = "object"

    @property
    def phrase(self) -> str:
        """With its article, for sentences."""
        return f"an {self}" if self in {Kind.OBJECT, Kind.ANY} else f"a {self}"


_BOOLS = {"true": True, "1": True, "false": False, "0": False}
PRIMITIVES = frozenset({Kind.STRING, Kind.NUMBER, Kind.BOOL})
COLLECTIONS = frozenset({Kind.LIST, Kind.SET, Kind.MAP})


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an object type. `default` is what an optional one that is absent gets."""

    name: str
    type: VariableType
    optional: bool
    default: Value


@dataclass(frozen=True, slots=True)
class VariableType:
    """A type. `elements`: one for a list, set or map, all for a tuple; `attributes`: those of an object."""

    kind: Kind
    elements: tuple[VariableType, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    @property
    def element(self) -> VariableType:
        """The type of every element of a list, set or map."""
        return self.elements[0]

    def __str__(self) -> str:
        if self.kind in COLLECTIONS:
            return f"{self.kind}({self.element})"
        if self.kind is Kind.TUPLE:
            return f"tuple([{', '.join(map(str, self.elements))}])"
        if self.kind is Kind.OBJECT:
            return f"object({{{', '.join(self._attribute_text(each) for each in self.attributes)}}})"
        return str(self.kind)

    @staticmethod
    def _attribute_text(attribute: Attribute) -> str:
        return f"{attribute.name} = {f'optional({attribute.type})' if attribute.optional else attribute.type}"


ANY = VariableType(Kind.ANY)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a value does not fit its type: `where` is like `["a"].address`, `what` continues it."""

    where: str
    what: str


def parse_type(expression: Expression, source: Source) -> VariableType:
    """The type that an expression names. Raises `InputError` where it names none."""
    match expression:
        case Reference(name=name) if name in {*PRIMITIVES, Kind.ANY}:
            return VariableType(Kind(name))
        case Reference(name=name) if name in COLLECTIONS:  # Terraform's older short form
            return VariableType(Kind(name), (ANY,))
        case Call(name=name, arguments=(element,)) if name in COLLECTIONS:
            return VariableType(Kind(name), (parse_type(element, source),))
        case Call(name="tuple", arguments=(Tuple(items=items),)):
            return VariableType(Kind.TUPLE, tuple(parse_type(item, source) for item in items))
        case Call(name="object", arguments=(Object() as attributes,)):
            return VariableType(Kind.OBJECT, attributes=tuple(_attributes(attributes, source)))
    raise source.error(
        expression.start,
        f"`{source.text(expression.start, expression.end)}` is not a type.",
        todo="Types are string, number, bool, any, list(…), set(…), map(…), tuple([…]) and object({…}).",
    )


def _attributes(expression: Object, source: Source) -> Iterator[Attribute]:
    for item in expression.items:
        if not isinstance(item.key, Literal):
            raise source.error(item.key.start, "the name of an attribute is expected here.")
        name = str(item.key.value)
        match item.value:
            case Call(name="optional", arguments=(kind,)):
                yield Attribute(name, parse_type(kind, source), optional=True, default=None)
            case Call(name="optional", arguments=(kind, default)):
                yield Attribute(
                    name, parse_type(kind, source), optional=True, default=literal(default, source)
                )
            case _:
                yield Attribute(name, parse_type(item.value, source), optional=False, default=None)


def kind_of(value: Value) -> str:
    """What a value is, with its article, for sentences."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return Kind.BOOL.phrase
    if isinstance(value, str):
        return Kind.STRING.phrase
    if isinstance(value, int | float):
        return Kind.NUMBER.phrase
    return "a map" if isinstance(value, Mapping) else "a list"


class NotThisTypeError(Exception):
    """A value that does not fit its type."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.where, mismatch.what)
        self.mismatch = mismatch


def convert(value: Value, wanted: VariableType, where: str = "") -> Value:
    """`value` as Terraform would see it in a variable of that type, defaults filled in.

    Null fits every type here. An attribute that the object does not have is refused, which Terraform would
    drop silently: it is a slip of the pen. Raises `NotThisTypeError`.
    """
    if value is None or wanted.kind is Kind.ANY:
        return value
    if wanted.kind in PRIMITIVES:
        return _primitive(value, wanted.kind, where)
    if wanted.kind in {Kind.MAP, Kind.OBJECT}:
        if not isinstance(value, Mapping):
            raise _mismatch(value, wanted.kind, where)
        return _map(value, wanted, where) if wanted.kind is Kind.MAP else _object(value, wanted, where)
    if isinstance(value, str | bool | int | float | Mapping):
        raise _mismatch(value, wanted.kind, where)
    if wanted.kind is Kind.TUPLE:
        return _tuple(value, wanted, where)
    items = [convert(item, wanted.element, f"{where}[{place}]") for place, item in enumerate(value)]
    items = _unified(items, wanted.element)
    return _distinct(items) if wanted.kind is Kind.SET else items


def _mismatch(value: Value, kind: Kind, where: str) -> NotThisTypeError:
    return NotThisTypeError(Mismatch(where, f"must be {kind.phrase}, but is {kind_of(value)}"))


def _primitive(value: Value, kind: Kind, where: str) -> Value:
    if kind is Kind.STRING:
        if isinstance(value, str | bool | int | float):
            return text_of(value)
    elif kind is Kind.NUMBER:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _number(value, where)
    elif isinstance(value, bool):
        return value
    elif isinstance(value, str):
        if value not in _BOOLS:
            raise NotThisTypeError(Mismatch(where, "must be true or false, but is other text"))
        return _BOOLS[value]
    raise _mismatch(value, kind, where)


def _number(text: str, where: str) -> Value:
    number = number_of(text)
    if number is None:
        raise NotThisTypeError(Mismatch(where, "must be a number, but is text that is none"))
    return number


def text_of(value: str | float) -> str:
    """A primitive value as Terraform turns it into a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        number = Decimal(repr(value))
        return str(int(number)) if number == number.to_integral_value() else f"{number:f}"
    return str(value)


def number_of(text: str) -> int | float | None:
    """The number that a string holds, None where it holds none."""
    try:
        number = Decimal(text) if text.isascii() and text == text.strip() and "_" not in text else None
    except InvalidOperation:
        return None
    if number is None or not number.is_finite() or abs(number.adjusted()) > 308:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _map(value: Mapping[str, Value], wanted: VariableType, where: str) -> Value:
    items = [convert(item, wanted.element, f'{where}["{key}"]') for key, item in value.items()]
    return dict(zip(value, _unified(items, wanted.element), strict=True))


def _object(value: Mapping[str, Value], wanted: VariableType, where: str) -> Value:
    known = {attribute.name for attribute in wanted.attributes}
    for key in value:
        if key not in known:
            names = ", ".join(sorted(known))
            raise NotThisTypeError(Mismatch(where, f"has no attribute {key}; it has {names or 'none'}"))
    result: dict[str, Value] = {}
    for attribute in wanted.attributes:
        if attribute.name not in value and not attribute.optional:
            raise NotThisTypeError(Mismatch(where, f"lacks the attribute {attribute.name}"))
        item = value.get(attribute.name)
        if item is None and attribute.optional:
            item = attribute.default
        result[attribute.name] = convert(item, attribute.type, f"{where}.{attribute.name}")
    return result


def _tuple(value: Sequence[Value], wanted: VariableType, where: str) -> Value:
    if len(value) != len(wanted.elements):
        raise NotThisTypeError(
            Mismatch(where, f"must have {len(wanted.elements)} elements, but has {len(value)}")
        )
    pairs = zip(value, wanted.elements, strict=True)
    return [convert(item, element, f"{where}[{place}]") for place, (item, element) in enumerate(pairs)]


def _unified(items: list[Value], element: VariableType) -> list[Value]:
    """Elements of a collection of `any` have one type: beside a string, numbers and bools become strings."""
    if element.kind is not Kind.ANY or not any(isinstance(item, str) for item in items):
        return items
    return [text_of(item) if isinstance(item, bool | int | float) else item for item in items]


def _distinct(items: list[Value]) -> list[Value]:
    """The elements of a set, in the order Terraform lists them."""
    result: list[Value] = []
    for item in items:
        if not any(type(item) is type(other) and item == other for other in result):  # True is not 1
            result.append(item)
    if all(isinstance(item, str) for item in result):
        return sorted(result, key=str)
    if all(isinstance(item, int | float) and not isinstance(item, bool) for item in result):
        return sorted(result, key=lambda item: item if isinstance(item, int | float) else 0)
    return result


def check_default(name: str, default: Value, wanted: VariableType, source: Source, offset: int) -> None:
    """Raise `InputError` where a variable's default does not fit its type."""
    try:
        convert(default, wanted)
    except NotThisTypeError as error:
        raise source.error(
            offset, f"the default of {name}{error.mismatch.where} {error.mismatch.what}."
        ) from error
