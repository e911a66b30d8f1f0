"""From a syntax tree to expressions, refusing what tree-sitter lets pass and Terraform does not.

tree-sitter's grammar treats a newline as a blank. HCL does not: outside brackets an expression ends with its
line, and the items of an object are separated by commas or newlines.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl import text as hcl_text
from kubeplat_tui.services.hcl.syntax import DEEPEST, Source, children, too_deep
from kubeplat_tui.services.hcl.tree import (
    Binary,
    Call,
    Conditional,
    Element,
    Expression,
    For,
    GetAttr,
    Index,
    Item,
    Literal,
    Object,
    Reference,
    Splat,
    Template,
    Tuple,
    Unary,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from kubeplat_tui.services.values import Value

LARGEST_EXPONENT = 308
"""Beyond it a number is refused: what is written in a few bytes must not take a gigabyte."""

_INSERTED = frozenset({"template_interpolation", "template_directive"})
MOST_OPERATIONS = 100
"""Operations within operations: `1 + 1 + …` is read by recursion."""

_HEREDOC = re.compile(rb"<<-?[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff-]*\r?\n")
_POSTFIX = frozenset({"get_attr", "index", "splat"})


def check_separated(source: Source, before: Node, after: Node, *, comma: bool = False) -> None:
    """Raise `InputError` unless a newline (or, with `comma`, a comma) stands between two nodes."""
    gap = _without_comments(source, before, after)
    if b"\n" in gap or (comma and b"," in gap):
        return
    raise source.error(
        after.start_byte,
        "a new line is missing here." if not comma else "a comma or a new line is missing here.",
        todo="Write one setting a line." if not comma else "Separate the two.",
    )


def check_same_line(source: Source, before: Node, after: Node) -> None:
    """Raise `InputError` where a newline stands between two nodes that belong on one line."""
    if b"\n" in _without_comments(source, before, after):
        raise source.error(
            before.end_byte,
            "the line ends before the value begins.",
            todo="Write `name = value` on one line.",
        )


def _without_comments(source: Source, before: Node, after: Node) -> bytes:
    """The bytes between two siblings, less the comments (a line comment's newline stays)."""
    pieces: list[bytes] = []
    at = before.end_byte
    sibling = before.next_sibling
    while sibling is not None and sibling.start_byte < after.start_byte:
        if sibling.type == "comment":
            pieces.append(source.data[at : sibling.start_byte])
            at = sibling.end_byte
        sibling = sibling.next_sibling
    pieces.append(source.data[at : after.start_byte])
    return b"".join(pieces)


class ExpressionReader:
    """Reads the expressions of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._depth = 0
        self._operations = 0
        self._readers: dict[str, Callable[[Node], Expression]] = {
            "literal_value": self._literal,
            "template_expr": self._template,
            "collection_value": self._collection,
            "variable_expr": self._reference,
            "function_call": self._call,
            "for_expr": self._for,
            "operation": self._operation,
            "conditional": self._conditional,
            "expression": self.read,
        }

    def read(self, node: Node) -> Expression:
        """The expression of an `expression` node. Raises `InputError`."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise too_deep(self._source, node.start_byte)
        try:
            return self._chain(children(node))
        finally:
            self._depth -= 1

    def _chain(self, nodes: Sequence[Node]) -> Expression:
        """A term and what follows it: `.a`, `[0]`, `[*]`."""
        if nodes[0].type == "(":
            expression, rest = self.read(nodes[1]), nodes[3:]
        else:
            expression, rest = self._term(nodes[0]), nodes[1:]
        for node in rest:
            if node.type not in _POSTFIX:
                raise self._source.error(
                    node.start_byte, "this does not belong to the value before it.", todo="Remove it."
                )
            expression = self._postfix(expression, node)
        return expression

    def _term(self, node: Node) -> Expression:
        read = self._readers.get(node.type)
        return Unsupported(node.start_byte, node.end_byte, node.type) if read is None else read(node)

    def _text(self, node: Node) -> str:
        return self._source.data[node.start_byte : node.end_byte].decode()

    def _reference(self, node: Node) -> Expression:
        return Reference(node.start_byte, node.end_byte, unicodedata.normalize("NFC", self._text(node)))

    def _literal(self, node: Node) -> Expression:
        inner = children(node)[0]
        if inner.type == "string_lit":
            return Literal(node.start_byte, node.end_byte, self._string(inner))
        value: Value = None
        if inner.type == "numeric_lit":
            value = self._number(inner)
        elif inner.type == "bool_lit":
            value = self._text(inner) == "true"
        return Literal(node.start_byte, node.end_byte, value)

    def _number(self, node: Node) -> int | float:
        text = self._text(node)
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise self._source.error(
                node.start_byte, f"{text} is not a number.", todo="Write it in decimals."
            ) from error
        if number.adjusted() > LARGEST_EXPONENT or number.adjusted() < -LARGEST_EXPONENT:
            raise self._source.error(
                node.start_byte, f"{text} is out of range.", todo="Write a usual number."
            )
        return int(number) if number == number.to_integral_value() else float(number)

    def _string(self, node: Node) -> str:
        """The text of a quoted literal without interpolation."""
        parts = self._parts(node, 1, len(node.children) - 1, quoted=True)
        return "".join(str(part.value) for part in parts if isinstance(part, Literal))

    def _template(self, node: Node) -> Expression:
        inner = children(node)[0]
        if inner.type == "quoted_template":
            parts = self._parts(inner, 1, len(inner.children) - 1, quoted=True)
        else:
            parts = self._heredoc(inner)
        if not any(part.type in _INSERTED for part in inner.children):
            text = "".join(str(part.value) for part in parts if isinstance(part, Literal))
            return Literal(node.start_byte, node.end_byte, text)
        return Template(node.start_byte, node.end_byte, tuple(parts))

    def _heredoc(self, node: Node) -> list[Expression]:
        if _HEREDOC.match(self._source.data, node.start_byte) is None:
            raise self._source.error(
                node.start_byte,
                "a text of several lines begins with << and a word.",
                todo="Put nothing else there.",
            )
        flush = self._source.data[node.start_byte : node.start_byte + 3] == b"<<-"
        raw = self._parts(node, 2, len(node.children) - 1, quoted=False)
        return list(hcl_text.flush(raw)) if flush else raw

    def _parts(self, node: Node, first: int, last: int, *, quoted: bool) -> list[Expression]:
        """The parts of a template between two of its children.

        tree-sitter's literals leave out blanks beside an interpolation, so text is taken from the bytes
        between.
        """
        nodes = node.children
        at, end = nodes[first - 1].end_byte, nodes[last].start_byte
        if not quoted:
            at = self._source.data.index(b"\n", at) + 1
            end = self._source.data.rfind(b"\n", 0, end) + 1
        parts: list[Expression] = []
        trim_next = False
        for part in nodes[first:last]:
            if part.type not in _INSERTED:
                continue
            inner = children(part)
            marks = [place for place, each in enumerate(inner) if each.type == "strip_marker"]
            literal = self._piece(at, part.start_byte, quoted=quoted, trim_start=trim_next)
            if 1 in marks and literal is not None:
                literal = Literal(literal.start, literal.end, str(literal.value).rstrip())
            parts += [literal] if literal is not None else []
            if part.type == "template_directive":
                parts.append(Unsupported(part.start_byte, part.end_byte, "a template directive"))
            else:
                parts += [self.read(value) for value in inner if value.type == "expression"]
            trim_next = len(inner) - 2 in marks
            at = part.end_byte
        rest = self._piece(at, end, quoted=quoted, trim_start=trim_next)
        return [*parts, *([rest] if rest is not None else [])]

    def _piece(self, start: int, end: int, *, quoted: bool, trim_start: bool) -> Literal | None:
        if end <= start:
            return None
        raw = self._source.data[start:end].decode()
        text = hcl_text.unescape(raw, self._source, start) if quoted else hcl_text.unescape_markers(raw)
        return Literal(start, end, text.lstrip() if trim_start else text)

    def _collection(self, node: Node) -> Expression:
        inner = children(node)[0]
        if inner.type == "tuple":
            items = [self.read(item) for item in inner.children if item.type == "expression"]
            return Tuple(node.start_byte, node.end_byte, tuple(items))
        elements = [element for element in inner.children if element.type == "object_elem"]
        for before, after in itertools.pairwise(elements):
            check_separated(self._source, before, after, comma=True)
        return Object(node.start_byte, node.end_byte, tuple(self._item(element) for element in elements))

    def _item(self, node: Node) -> Item:
        key, sign, value = children(node)
        check_same_line(self._source, key, sign)
        check_same_line(self._source, sign, value)
        return Item(self._key(key), self.read(value))

    def _key(self, node: Node) -> Expression:
        """The key of an object's item: bare names and keywords mean their text."""
        expression = self.read(node)
        text = self._text(node)
        if isinstance(expression, Reference) or text in {"true", "false", "null"}:
            return expression if text.startswith("(") else Literal(node.start_byte, node.end_byte, text)
        return expression

    def _operation(self, node: Node) -> Expression:
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise self._source.error(
                node.start_byte, "this calculation is too long.", todo="Write it shorter."
            )
        try:
            return self._operation_of(node)
        finally:
            self._operations -= 1

    def _operation_of(self, node: Node) -> Expression:
        inner = children(children(node)[0])
        if children(node)[0].type == "unary_operation":
            return Unary(node.start_byte, node.end_byte, self._text(inner[0]), self._chain(inner[1:]))
        middle = next(
            place for place, part in enumerate(inner) if not part.is_named and part.type not in {"(", ")"}
        )
        left, right = self._chain(inner[:middle]), self._chain(inner[middle + 1 :])
        return Binary(node.start_byte, node.end_byte, self._text(inner[middle]), left, right)

    def _conditional(self, node: Node) -> Expression:
        condition, yes, no = (self.read(part) for part in children(node) if part.is_named)
        return Conditional(node.start_byte, node.end_byte, condition, yes, no)

    def _call(self, node: Node) -> Expression:
        inner = children(node)
        listed = next((part for part in inner if part.type == "function_arguments"), None)
        parts = [] if listed is None else children(listed)
        expand = any(part.type == "ellipsis" for part in parts)
        arguments = tuple(self.read(part) for part in parts if part.type == "expression")
        return Call(node.start_byte, node.end_byte, self._text(inner[0]), arguments, expand)

    def _for(self, node: Node) -> Expression:
        inner = children(node)[0]
        parts = children(inner)
        intro = children(next(part for part in parts if part.type == "for_intro"))
        names = [self._text(part) for part in intro if part.type == "identifier"]
        collection = next(part for part in intro if part.type == "expression")
        results = [self.read(part) for part in parts if part.type == "expression"]
        condition = next((part for part in parts if part.type == "for_cond"), None)
        return For(
            node.start_byte,
            node.end_byte,
            key_name=names[0] if len(names) == 2 else None,
            value_name=names[-1],
            collection=self.read(collection),
            key=results[0] if len(results) == 2 else None,
            value=results[-1],
            grouped=any(part.type == "ellipsis" for part in parts),
            condition=None if condition is None else self.read(children(condition)[-1]),
        )

    def _postfix(self, source: Expression, node: Node) -> Expression:
        if node.type == "get_attr":
            return GetAttr(source.start, node.end_byte, source, self._text(children(node)[-1]))
        if node.type == "index":
            return self._index(source, node)
        inner = children(node)[0]
        steps = children(inner)[1:]
        # `.*` applies names to every element and an index to the whole; `[*]` applies both to every element.
        reach = len(steps)
        if inner.type == "attr_splat":
            reach = next((place for place, step in enumerate(steps) if step.type == "index"), reach)
        each: Expression = Element(node.start_byte, node.start_byte)
        for step in steps[:reach]:
            each = self._postfix(each, step)
        result: Expression = Splat(source.start, node.end_byte, source, each)
        for step in steps[reach:]:
            result = self._postfix(result, step)
        return result

    def _index(self, source: Expression, node: Node) -> Expression:
        inner = children(node)[0]
        if inner.type == "new_index":
            return Index(source.start, node.end_byte, source, self.read(children(inner)[1]))
        digits = self._source.text(inner.start_byte, inner.end_byte).removeprefix(".")
        if not digits.isdecimal():
            return Unsupported(source.start, node.end_byte, "a legacy index")
        return Index(
            source.start, node.end_byte, source, Literal(inner.start_byte, inner.end_byte, int(digits))
        )
