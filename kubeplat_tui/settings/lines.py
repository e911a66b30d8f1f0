"""Where the keys of a TOML file stand: `tomllib` tells their values, not their lines."""

from __future__ import annotations

import re

_PART = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"\s*\[\s*(?P<name>{_NAME})\s*\]\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*(?P<name>{_NAME})\s*=")
_AT = re.compile(r"\s*\(at line (?P<line>\d+), column \d+\)|\s*\(at end of document\)")

Path = tuple[str, ...]
"""The names of tables and key, from the outside: `("ssh", "prefix")`."""


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of each table and key of a valid file. Inline tables are one line to it."""
    found: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _TABLE.match(line)
        if header:
            table = _split(header["name"])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_split(key["name"])), number)
    return found


def syntax_error(text: str, message: str) -> tuple[int, str]:
    """The line that `tomllib` names in its message, and the message without it."""
    found = _AT.search(message)
    last = max(1, len(text.splitlines()))
    line = int(found["line"]) if found and found["line"] else last
    return line, _AT.sub("", message)


def _split(name: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))
