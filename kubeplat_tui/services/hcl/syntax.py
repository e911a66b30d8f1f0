"""HCL text as a syntax tree, and its errors as sentences with file, line and column.

The tree is tree-sitter's; the language is https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError
from kubeplat_tui.services.hcl.brackets import CLOSING, brackets, statements

if TYPE_CHECKING:
    from tree_sitter import Language, Node

DEEPEST = 64
"""Brackets within brackets: more than anybody writes, few enough to read with recursion."""

_EXPONENT = re.compile(rb"(?<![\w.-])\d+[eE][+-]?\d+")
"""A number that tree-sitter's grammar (1.2) does not know: an exponent needs a fraction there, not in HCL."""

_STRAY_RETURN = re.compile(rb"\r(?!\n)")
_WORDS = {"identifier": "a name", "expression": "a value", "heredoc_identifier": "a last line end"}


@dataclass(frozen=True, slots=True)
class Source:
    """A named text. Positions are byte offsets; `data` is UTF-8."""

    name: str
    data: bytes

    def line(self, offset: int) -> int:
        """The line of a byte offset, counted from 1."""
        return self.data.count(b"\n", 0, offset) + 1

    def text(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self.data[start:end].decode(errors="replace")

    def error(self, offset: int, what: str, *, why: str = "", todo: str = "") -> InputError:
        """An error at a byte offset: `file:line:column: what`. The column counts characters, from 1."""
        start = self.data.rfind(b"\n", 0, offset) + 1
        column = len(self.text(start, offset)) + 1
        return InputError(f"{self.name}:{self.line(offset)}:{column}: {what}", why=why, todo=todo)


@cache
def _language() -> Language:
    import tree_sitter_hcl
    from tree_sitter import Language

    return Language(tree_sitter_hcl.language())


def syntax_tree(source: Source) -> Node:
    """The root node of `source`. Raises `InputError` where it is not HCL."""
    _check_encoding(source)
    root = _parse(source.data)
    if root.has_error:
        raise _syntax_error(source, root)
    for child in root.children:
        if child.type == "object":  # JSON: the grammar takes it for a whole file
            raise _unexpected(source, child.start_byte)
    return root


def _parse(data: bytes) -> Node:
    from tree_sitter import Parser

    return Parser(_language()).parse(_EXPONENT.sub(_digits, data)).root_node


def _digits(number: re.Match[bytes]) -> bytes:
    """As many digits: the tree gets its shape, and texts are read from the source, not from the tree."""
    return b"0" * len(number[0])


def children(node: Node) -> list[Node]:
    """The children of a node, without comments."""
    return [child for child in node.children if child.type != "comment"]


def _check_encoding(source: Source) -> None:
    try:
        source.data.decode()
    except UnicodeDecodeError as error:
        raise source.error(
            error.start,
            f"the byte 0x{source.data[error.start]:02x} is not UTF-8 text.",
            todo="Save the file as UTF-8.",
        ) from error
    if b"\x00" in source.data:
        offset = source.data.find(b"\x00")
        raise source.error(offset, "the file holds a zero byte.", todo="Save the file as UTF-8 text.")
    stray = _STRAY_RETURN.search(source.data)
    if stray is not None:
        raise source.error(
            stray.start(), "a carriage return stands alone.", todo="Save the file with usual line ends."
        )


def _syntax_error(source: Source, root: Node) -> InputError:
    """The first error, told by what is wrong with brackets and quotes where that is the cause."""
    scanned = _unbalanced(source)
    if scanned is not None:
        return scanned
    for start, end in statements(source.data):
        # tree-sitter does not know that a statement ends with its line: alone, each shows its own errors.
        alone = _parse(source.data[start:end])
        if alone.has_error:
            return _told(source, start, _first_error(alone))
    return _told(source, 0, _first_error(root))


def _told(source: Source, base: int, node: Node) -> InputError:
    """The sentence for an error; the node's positions begin at `base`."""
    if not node.is_missing:
        return _unexpected(source, base + _skipped(source, base, node))
    wanted = _WORDS.get(node.type, f"`{node.type}`")
    if node.type == "identifier" and node.parent is not None and node.parent.type == "variable_expr":
        wanted = "a value"
    offset = base + node.start_byte
    before = source.data[base:offset]
    if b"\n" in before[len(before.rstrip()) :]:  # it is found missing where the next thing begins
        offset = base + len(before.rstrip())
    text = _rest_of_line(source, offset)
    return source.error(
        offset, f"{wanted} is missing here{f', before `{text}`' if text else ''}.", todo="Write it there."
    )


def _unexpected(source: Source, offset: int) -> InputError:
    text = _rest_of_line(source, offset)
    return source.error(
        offset,
        f"`{text}` was not expected here." if text else "the line ends too early.",
        todo="Settings are written `name = value`, one a line; items of lists need commas between.",
    )


def _first_error(root: Node) -> Node:
    """The innermost of the errors that begin first: the outer ones begin far before the fault."""
    found = root
    while True:
        broken = [child for child in found.children if child.has_error or child.is_missing]
        if not broken:
            return found
        found = broken[0]


def _skipped(source: Source, base: int, error: Node) -> int:
    """Where text begins that the parser skipped within an error; where it skipped none, its beginning."""
    at = error.start_byte
    for child in [*error.children, None]:
        end = error.end_byte if child is None else child.start_byte
        skipped = source.data[base + at : base + end]
        if at > error.start_byte and skipped.strip():
            return at + len(skipped) - len(skipped.lstrip())
        at = max(at, error.end_byte if child is None else child.end_byte)
    return error.start_byte


def _rest_of_line(source: Source, offset: int) -> str:
    line_end = source.data.find(b"\n", offset)
    text = source.text(offset, len(source.data) if line_end < 0 else line_end).strip()
    return text if len(text) <= 30 else text[:29] + "…"


def _unbalanced(source: Source) -> InputError | None:
    """The first bracket or quote that has no partner."""
    opened: list[tuple[str, int]] = []
    for kind, offset in brackets(source.data):
        if kind in CLOSING:
            opened.append((kind, offset))
            if len(opened) > DEEPEST:
                return too_deep(source, offset)
        elif kind == "\n":
            continue
        elif kind in CLOSING.values():
            if not opened:
                return source.error(offset, f"`{kind}` closes nothing.", todo="Remove it, or open it before.")
            bracket, at = opened.pop()
            if CLOSING[bracket] != kind:
                return source.error(
                    offset,
                    f"`{kind}` stands where `{CLOSING[bracket]}` was expected.",
                    why=f"`{bracket}` was opened in line {source.line(at)}.",
                    todo="Close them in order.",
                )
        else:
            return source.error(offset, f"{kind} is never closed.", todo="Close it.")
    if opened:
        bracket, at = opened[0]
        return source.error(at, f"`{bracket}` is never closed.", todo=f"Close it with `{CLOSING[bracket]}`.")
    return None


def too_deep(source: Source, offset: int) -> InputError:
    """The error for brackets nested beyond `DEEPEST`."""
    return source.error(offset, f"brackets are nested more than {DEEPEST} deep.", todo="Write it flatter.")
