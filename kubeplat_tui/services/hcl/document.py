"""An HCL file: its attributes and blocks, with the bytes they stand in. Editing changes those bytes only."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.brackets import BYTE_ORDER_MARK
from kubeplat_tui.services.hcl.literals import literal, render
from kubeplat_tui.services.hcl.reader import ExpressionReader, check_same_line, check_separated
from kubeplat_tui.services.hcl.syntax import Source, children, syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from kubeplat_tui.services.hcl.tree import Expression
    from kubeplat_tui.services.values import Value


@dataclass(frozen=True, slots=True)
class Span:
    """Byte offsets, the end excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value`. `line` counts from 1."""

    name: str
    key: Span
    span: Span
    """Of the value."""
    line: int
    expression: Expression = field(repr=False)
    source: Source = field(repr=False)

    @property
    def value(self) -> Value:
        """The value. Raises `InputError` where it is not a plain value."""
        return literal(self.expression, self.source)


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" { … }`."""

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: tuple[Attribute, ...]
    blocks: tuple[Block, ...] = field(repr=False)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, None where there is none."""
        return next((each for each in self.attributes if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment's text, with its marks, and the line it begins in."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file. It is immutable: `with_value` and `without` make another one."""

    source: Source
    attributes: tuple[Attribute, ...]
    blocks: tuple[Block, ...]
    comments: tuple[Comment, ...]
    """Outside blocks, in the order of the file."""

    @classmethod
    def parse(cls, data: bytes, name: str) -> Document:
        """Parse UTF-8 `data`; `name` is the file's in errors.

        Raises `InputError` naming file, line and column.
        """
        source = Source(name, data)
        root = syntax_tree(source)
        body = next((child for child in root.children if child.type == "body"), None)
        outside = [child for child in root.children if child.type == "comment"]
        if body is None:
            return cls(source, (), (), _comments(source, outside))
        outside += [child for child in body.children if child.type == "comment"]
        outside.sort(key=lambda node: node.start_byte)
        attributes, blocks = _body(source, body, ExpressionReader(source))
        return cls(source, attributes, blocks, _comments(source, outside))

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.source.data

    @property
    def newline(self) -> str:
        """How the file ends its lines."""
        return "\r\n" if b"\r\n" in self.data else "\n"

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, None where there is none."""
        return next((each for each in self.attributes if each.name == name), None)

    def values(self) -> dict[str, Value]:
        """Every attribute's value. Raises `InputError` where one is not plain, or where there are blocks."""
        for block in self.blocks:
            raise self.source.error(
                self._line_start(block.line),
                f"a block `{block.type}` has no place in a file of values.",
                todo=f"Write `{block.type} = {{ … }}` if a map is meant, or remove it.",
            )
        return {attribute.name: attribute.value for attribute in self.attributes}

    def with_value(self, name: str, value: Value) -> Document:
        """The document with one value written: in its place, or as a new last line. All other bytes stay."""
        text = render(value, self.newline).encode()
        attribute = self.attribute(name)
        if attribute is not None:
            return self._replaced(attribute.span, text)
        ending = self.newline.encode()
        gap = b"" if not self.data or self.data.endswith(b"\n") else ending
        return self._replaced(
            Span(len(self.data), len(self.data)), gap + name.encode() + b" = " + text + ending
        )

    def without(self, name: str) -> Document:
        """The document without one attribute: its lines go, what stands around them stays."""
        attribute = self.attribute(name)
        if attribute is None:
            return self
        start = self.data.rfind(b"\n", 0, attribute.key.start) + 1
        if self.data.startswith(BYTE_ORDER_MARK) and start == 0:
            start = len(BYTE_ORDER_MARK)
        end = self.data.find(b"\n", attribute.span.end) + 1
        return self._replaced(Span(start, end or len(self.data)), b"")

    def _replaced(self, span: Span, text: bytes) -> Document:
        return Document.parse(self.data[: span.start] + text + self.data[span.end :], self.source.name)

    def _line_start(self, line: int) -> int:
        at = 0
        for _ in range(line - 1):
            at = self.data.index(b"\n", at) + 1
        return at


@functools.lru_cache(maxsize=128)
def parsed(data: bytes, name: str) -> Document:
    """As `Document.parse`, remembered: for files that are read again and again, mostly unchanged."""
    return Document.parse(data, name)


def _comments(source: Source, nodes: list[Node]) -> tuple[Comment, ...]:
    return tuple(
        Comment(source.text(node.start_byte, node.end_byte), node.start_point.row + 1) for node in nodes
    )


def _body(
    source: Source, body: Node, reader: ExpressionReader
) -> tuple[tuple[Attribute, ...], tuple[Block, ...]]:
    items = children(body)
    for before, after in itertools.pairwise(items):
        check_separated(source, before, after)
    attributes = tuple(_attributes(source, items, reader))
    blocks = tuple(_block(source, item, reader) for item in items if item.type == "block")
    return attributes, blocks


def _attributes(source: Source, items: list[Node], reader: ExpressionReader) -> Iterator[Attribute]:
    seen: dict[str, int] = {}
    for item in items:
        if item.type != "attribute":
            continue
        key, sign, value = children(item)
        check_same_line(source, key, sign)
        check_same_line(source, sign, value)
        name = source.text(key.start_byte, key.end_byte)
        line = key.start_point.row + 1
        if name in seen:
            raise source.error(
                key.start_byte,
                f"{name} is set twice; first in line {seen[name]}.",
                todo="Remove one of the two.",
            )
        seen[name] = line
        spans = Span(key.start_byte, key.end_byte), Span(value.start_byte, value.end_byte)
        yield Attribute(name, *spans, line, reader.read(value), source)


def _block(source: Source, node: Node, reader: ExpressionReader) -> Block:
    parts = children(node)
    kind, *labels = (
        source.text(part.start_byte, part.end_byte).strip('"')
        for part in parts
        if part.type in {"identifier", "string_lit"}
    )
    body = next((part for part in parts if part.type == "body"), None)
    attributes, blocks = ((), ()) if body is None else _body(source, body, reader)
    return Block(kind, tuple(labels), node.start_point.row + 1, attributes, blocks)
