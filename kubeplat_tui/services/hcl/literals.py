"""Values written as HCL text, and read from expressions that are plain values.

Written as `terraform fmt` would print them (measured against it in the tests).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.tree import Expression, Literal, Object, Tuple, Unary

if TYPE_CHECKING:
    from kubeplat_tui.services.hcl.syntax import Source
    from kubeplat_tui.services.values import Value

WIDTH = 100
"""A list of plain values longer than this is written one value a line."""

_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def literal(expression: Expression, source: Source) -> Value:
    """The value of an expression that is one. Raises `InputError` for references, calls and arithmetic."""
    match expression:
        case Literal(value=value):
            return value
        case Unary(operator="-", operand=operand):
            number = literal(operand, source)
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number
        case Tuple(items=items):
            return [literal(item, source) for item in items]
        case Object():
            return _object(expression, source)
    raise source.error(
        expression.start,
        f"`{_short(source.text(expression.start, expression.end))}` is not a plain value.",
        why="An environment's file takes text, numbers, true, false, null, lists and maps of these only.",
        todo="Write the value itself; text needs quotes, and `${` in text is written `$${`.",
    )


def _object(expression: Object, source: Source) -> Value:
    values: dict[str, Value] = {}
    lines: dict[str, int] = {}
    for item in expression.items:
        key = literal(item.key, source)
        if isinstance(key, bool):
            name = "true" if key else "false"
        elif isinstance(key, str | int | float):
            name = str(key)
        else:
            raise source.error(item.key.start, "a key must be text.", todo="Write it in quotes.")
        if name in values:
            raise source.error(
                item.key.start,
                f"{name} is set twice; first in line {lines[name]}.",
                todo="Remove one of the two.",
            )
        values[name] = literal(item.value, source)
        lines[name] = source.line(item.key.start)
    return values


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


def render(value: Value, newline: str = "\n") -> str:
    """`value` as HCL text. Lines after the first are indented for an attribute at the beginning of its line.

    Raises `InputError` for a number that HCL cannot write (infinite, or none).
    """
    return _render(value, "").replace("\n", newline)


def _render(value: Value, indent: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return _map(value, indent)
    parts = [_nested(item, indent + "  ") for item in value]
    line = f"[{', '.join(parts)}]"
    if "\n" not in line and len(line) <= WIDTH:
        return line
    return "[\n" + "".join(f"{indent}  {part},\n" for part in parts) + f"{indent}]"


def _nested(value: Value, indent: str) -> str:
    """A value within another: a small map of plain values fits its line."""
    if isinstance(value, Mapping) and value and not any(isinstance(item, Mapping) for item in value.values()):
        line = ", ".join(f"{key_text(key)} = {_render(item, indent)}" for key, item in value.items())
        if "\n" not in line and len(line) + len(indent) <= WIDTH - 10:
            return f"{{ {line} }}"
    return _render(value, indent)


def _map(value: Mapping[str, Value], indent: str) -> str:
    if not value:
        return "{}"
    pairs = [(key_text(key), _nested(item, indent + "  ")) for key, item in value.items()]
    lines: list[str] = []
    together: list[tuple[str, str]] = []  # neighbours whose values fit a line have their signs in one column
    for name, text in [*pairs, ("", "\n")]:
        if "\n" not in text:
            together.append((name, text))
            continue
        width = max((len(other) for other, _ in together), default=0)
        lines += [f"{indent}  {other:<{width}} = {item}" for other, item in together]
        together = []
        if name:
            lines.append(f"{indent}  {name} = {text}")
    return "\n".join(["{", *lines, f"{indent}}}"])


def key_text(key: str) -> str:
    """A key of a map: bare where that means the same."""
    return key if _BARE_KEY.match(key) and key != "for" else quoted(key)


def quoted(text: str) -> str:
    """`text` between quotes, with the escapes of HCL."""
    pieces: list[str] = []
    for place, character in enumerate(text):
        if character in _ESCAPES:
            pieces.append(_ESCAPES[character])
        elif character == "{" and place and text[place - 1] in "$%":
            # `$${` is the usual escape; after another sign it would be read differently.
            doubled = place > 1 and text[place - 2] in "$%"
            pieces.append("\\u007b" if doubled else f"{text[place - 1]}{{")
        elif character.isprintable():
            pieces.append(character)
        else:
            pieces.append(
                f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
            )
    return f'"{"".join(pieces)}"'


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    number = Decimal(repr(value))
    if not number.is_finite():
        raise InputError(f"{value} is not a number that can be written.", todo="Write a usual number.")
    return str(int(number)) if number == number.to_integral_value() else f"{number:f}"
