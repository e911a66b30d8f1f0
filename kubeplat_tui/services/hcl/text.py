"""Text in HCL: escapes, and heredocs whose indentation is taken off."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from kubeplat_tui.services.hcl.tree import Expression, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubeplat_tui.services.hcl.syntax import Source

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)|\$\$\{|%%\{", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


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
            return _character(
                int(escape.lstrip("\\uU"), 16), source, start + len(raw[: match.start()].encode())
            )
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


def _character(code: int, source: Source, offset: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise source.error(offset, f"there is no character {code:x}.", todo="Write another one.")
    return chr(code)


def flush(parts: Sequence[Expression]) -> list[Expression]:
    """The parts of a `<<-` heredoc without the indentation that all its lines share.

    Blank lines have no say in it and stay as they are.
    """
    depths = [_indentation(line) for line in _line_starts(parts)]
    depth = min((depth for depth in depths if depth is not None), default=0)
    result: list[Expression] = []
    at_line_start = True
    for part in parts:
        if not isinstance(part, Literal):
            result.append(part)
            at_line_start = False
            continue
        lines: list[str] = []
        for line in _LINE.findall(str(part.value)):
            shorten = at_line_start and _indentation(line) is not None
            lines.append(line[depth:] if shorten else line)
            at_line_start = line.endswith("\n")
        result.append(Literal(part.start, part.end, "".join(lines)))
    return result


def _line_starts(parts: Sequence[Expression]) -> Iterator[str]:
    """The beginnings of lines: text, "" where a line begins with an interpolation."""
    at_line_start = True
    for part in parts:
        if not isinstance(part, Literal):
            if at_line_start:
                yield ""
            at_line_start = False
            continue
        for line in _LINE.findall(str(part.value)):
            if at_line_start:
                yield line
            at_line_start = line.endswith("\n")


def _indentation(line: str) -> int | None:
    """How many blanks a line begins with, None where it holds nothing else."""
    text = line.lstrip()
    return None if line and not text else len(line) - len(text)
