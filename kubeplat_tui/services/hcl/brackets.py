"""A glance at HCL text that finds brackets and line ends, even where the text is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSING = {"(": ")", "[": "]", "{": "}"}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def statements(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each statement of a balanced file begins and ends: at line ends outside brackets."""
    start = depth = 0
    for kind, offset in brackets(data):
        if kind == "\n" and depth == 0:
            yield start, offset + 1
            start = offset + 1
        elif kind != "\n":
            depth += 1 if kind in CLOSING else -1
    yield start, len(data)


def brackets(data: bytes) -> Iterator[tuple[str, int]]:
    """Brackets and line ends outside strings and comments; at last the quote or comment that never ends."""
    text = data.decode("latin-1")  # one character a byte; only ASCII matters here
    at = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
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
            if character in "()[]{}\n":
                yield character, at
            at += 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _end_of_string(text: str, at: int) -> int:
    """The offset after the closing quote, -1 where none closes the string before its line ends."""
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
