"""Text in HCL: escapes, and heredocs whose indentation is taken off."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.tree import Expression, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubeplat_tui.services.hcl.syntax import Source

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)|\$\$\{|%%\{", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_REPLACEMENT = "\ufffd"
"""What Go writes for a code point that is none (a surrogate, or beyond the last)."""


def unescape(raw: str, source: Source, start: int) -> str:
    """The text that `raw` (between quotes, at byte `start`) stands for. Raises `InputError`."""
    if "\n" in raw:
        raise source.error(
            start + len(raw[: raw.index("\n")].encode()),
            "the line ends within quotes.",
            todo="Close the quote, or write a new line as \\n.",
        )

    def meaning(match: re.Match[str]) -> str:
        escape = match[0]
        if escape in {"$${", "%%{"}:
            return escape[1:]
        if escape[1:] in _SIMPLE:
            return _SIMPLE[escape[1:]]
        if len(escape) > 2:
            return _character(int(escape.lstrip("\\uU"), 16))
        raise source.error(
            start + len(raw[: match.start()].encode()),
            f"`{escape}` means nothing in quotes.",
            todo='Allowed are \\n, \\r, \\t, \\", \\\\, \\uXXXX and \\UXXXXXXXX; write \\\\ for a backslash.',
        )

    return unicodedata.normalize("NFC", _ESCAPE.sub(meaning, raw))


def unescape_markers(raw: str) -> str:
    """The text of a heredoc's piece: only `$${` and `%%{` mean something else."""
    text = raw.replace("$${", "${").replace("%%{", "%{")
    return unicodedata.normalize("NFC", text)


def _character(code: int) -> str:
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else _REPLACEMENT


def flush(parts: Sequence[Expression]) -> list[Expression]:
    """The parts of a `<<-` heredoc without the indentation that all its lines share."""
    indents: list[int] = []
    at_line_start = True
    for part in parts:
        if not isinstance(part, Literal):
            if at_line_start:
                indents.append(0)
            at_line_start = False
            continue
        for line in str(part.value).splitlines(keepends=True):
            if at_line_start:
                indents.append(len(line) - len(line.lstrip(" \t")))
            at_line_start = line.endswith("\n")
    return _dedent(parts, min(indents, default=0))


def _dedent(parts: Sequence[Expression], depth: int) -> list[Expression]:
    result: list[Expression] = []
    at_line_start = True
    for part in parts:
        if not isinstance(part, Literal):
            result.append(part)
            at_line_start = False
            continue
        lines: list[str] = []
        for line in str(part.value).splitlines(keepends=True):
            lines.append(line[depth:] if at_line_start else line)
            at_line_start = line.endswith("\n")
        result.append(Literal(part.start, part.end, "".join(lines)))
    return result
