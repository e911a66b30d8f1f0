"""HCL expressions as data. Every one knows where it stands: byte offsets in its source."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubeplat_tui.services.values import Value


@dataclass(frozen=True, slots=True)
class Expression:
    """Any expression; `start` and `end` are byte offsets."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A number, bool, null, or text without interpolation."""

    value: Value


@dataclass(frozen=True, slots=True)
class Template(Expression):
    """Text with `${}`: the parts are joined as text, unless there is only one."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Reference(Expression):
    """A bare name: `var`, `each`, a loop's variable, a type keyword, a key in an object."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttr(Expression):
    """`source.name`."""

    source: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expression):
    """`source[key]`, or `source.0`."""

    source: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Splat(Expression):
    """`source[*].a`: `each` is applied to every element, which stands in it as an `Element`."""

    source: Expression
    each: Expression


@dataclass(frozen=True, slots=True)
class Element(Expression):
    """The element that a splat looks at."""


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`-operand` or `!operand`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class For(Expression):
    """`[for …]`, or `{for …}` where `key` is not None; `grouped` is the `...` after the value."""

    key_name: str | None
    value_name: str
    collection: Expression
    key: Expression | None
    value: Expression
    grouped: bool
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """`name(arguments)`; `expand` is the `...` after the last one."""

    name: str
    arguments: tuple[Expression, ...]
    expand: bool


@dataclass(frozen=True, slots=True)
class Tuple(Expression):
    """`[a, b]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One `key = value` of an object. A bare name as key means its text."""

    key: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Object(Expression):
    """`{ a = 1 }`."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Unsupported(Expression):
    """Something Terraform understands and kubeplat leaves to it, in words."""

    what: str


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all within it."""
    yield expression
    for field in fields(expression):
        part = getattr(expression, field.name)
        for each in part if isinstance(part, tuple) else (part,):
            if isinstance(each, Item):
                yield from walk(each.key)
                yield from walk(each.value)
            elif isinstance(each, Expression):
                yield from walk(each)
