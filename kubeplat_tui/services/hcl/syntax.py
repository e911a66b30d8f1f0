"""HCL text as a syntax tree, and its errors as sentences with file, line and column.

The tree is tree-sitter's; the language is https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from kubeplat_tui.services.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Language, Node

DEEPEST = 64
"""Brackets within brackets: more than anybody writes, few enough to read with recursion."""

_EXPONENT = re.compile(rb"(?<![\w.-])\d+[eE][+-]?\d+")
"""A number that tree-sitter's grammar (1.2) does not know: an exponent needs a fraction there, in HCL it does not."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORDS = {"identifier": "a name", "expression": "a value", "heredoc_identifier": "a last line end"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
    from tree_sitter import Parser

    _check_encoding(source)
    root = Parser(_language()).parse(_EXPONENT.sub(_digits, source.data)).root_node
    if root.has_error:
        raise _syntax_error(source, root)
    return root


def _digits(number: re.Match[bytes]) -> bytes:
    """As many digits: the tree gets the right shape, and texts are read from the source, never from the tree."""
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
    if source.data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in source.data:
        offset = max(source.data.find(b"\x00"), 0)
        raise source.error(offset, "the file holds a zero byte.", todo="Save the file as UTF-8 text.")


def _syntax_error(source: Source, root: Node) -> InputError:
    """The first error, told by what is wrong with brackets and quotes where that is the cause."""
    scanned = _unbalanced(source, root)
    if scanned is not None:
        return scanned
    node = _first_error(root)
    offset = node.start_byte
    if node.is_missing:
        wanted = _WORDS.get(node.type, f"`{node.type}`")
        return source.error(
            offset,
            f"{wanted} is missing {_near(source, offset)}.",
            todo="Write it there, or remove the line.",
        )
    return source.error(
        offset,
        f"this is not valid {_near(source, offset)}.",
        todo="Settings are written `name = value`, one a line.",
    )


def _first_error(root: Node) -> Node:
    """The innermost error that begins first; tree-sitter wraps errors in errors that begin at the attribute."""
    found = root
    while True:
        broken = [child for child in found.children if child.has_error or child.is_missing]
        if not broken:
            return found
        found = broken[0]


def _near(source: Source, offset: int) -> str:
    line_end = source.data.find(b"\n", offset)
    text = source.text(offset, len(source.data) if line_end < 0 else line_end).strip()
    if not text:
        return "at the end of the line" if line_end >= 0 else "at the end of the file"
    return f"near `{text if len(text) <= 30 else text[:29] + '…'}`"


def _unbalanced(source: Source, root: Node) -> InputError | None:
    """The first bracket or quote that has no partner."""
    opened: list[tuple[str, int]] = []
    for kind, offset in _brackets(source.data):
        if kind in _CLOSING:
            opened.append((kind, offset))
            if len(opened) > DEEPEST:
                return too_deep(source, offset)
        elif kind in _CLOSING.values():
            if not opened:
                return source.error(offset, f"`{kind}` closes nothing.", todo="Remove it, or open it before.")
            bracket, at = opened.pop()
            if _CLOSING[bracket] != kind:
                return source.error(
                    offset,
                    f"`{kind}` stands where `{_CLOSING[bracket]}` was expected.",
                    why=f"`{bracket}` was opened in line {source.line(at)}.",
                    todo="Close them in order.",
                )
        else:
            return source.error(offset, f"{kind} is never closed.", todo="Close it.")
    if opened:
        bracket, at = opened[0]
        return source.error(at, f"`{bracket}` is never closed.", todo=f"Close it with `{_CLOSING[bracket]}`.")
    return None


def too_deep(source: Source, offset: int) -> InputError:
    """The error for brackets nested beyond `DEEPEST`."""
    return source.error(offset, f"brackets are nested more than {DEEPEST} deep.", todo="Write it flatter.")


def _brackets(data: bytes) -> Iterator[tuple[str, int]]:
    """Brackets outside strings, heredocs and comments; then the quote, heredoc or comment that never ends."""
    text = data.decode("latin-1")  # one character a byte; only ASCII matters here
    at = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    while at < len(text):
        character = text[at]
        if character == '"':
            end = _end_of_string(text, at + 1)
            if end < 0:
                yield "the quote", at
                return
            at = end
        elif character == "#" or text.startswith("//", at):
            at = _end_of_line(text, at)
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                yield "the comment", at
                return
            at = end + 2
        elif text.startswith("<<", at):
            end = _end_of_heredoc(text, at)
            if end < 0:
                yield "the text that begins here", at
                return
            at = end
        else:
            if character in "()[]{}":
                yield character, at
            at += 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _end_of_string(text: str, at: int) -> int:
    """The offset after the closing quote; strings end on their line, except within `${}`; -1 where none closes."""
    depth = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and depth == 0:
            at += 2
            continue
        if depth == 0 and text.startswith(("$${", "%%{"), at):
            at += 3
            continue
        if text.startswith(("${", "%{"), at):
            depth += 1
            at += 2
            continue
        if character == '"' and depth == 0:
            return at + 1
        if character == "\n":
            return -1
        if character == '"':
            at = _end_of_string(text, at + 1)
            if at < 0:
                return -1
            continue
        if depth and character in "{}":
            depth += 1 if character == "{" else -1
        at += 1
    return -1


def _end_of_heredoc(text: str, at: int) -> int:
    """The offset after the heredoc's last line; `at + 2` where `<<` begins none; -1 where it never ends."""
    begin = at + (3 if text.startswith("<<-", at) else 2)
    first = _end_of_line(text, begin)
    word = text[begin:first].strip()
    if not word or not all(part.isalnum() or part in "_-" or ord(part) > 127 for part in word):
        return at + 2
    line = first + 1
    while line < len(text):
        end = _end_of_line(text, line)
        if text[line:end].strip() == word:
            return end
        line = end + 1
    return -1
