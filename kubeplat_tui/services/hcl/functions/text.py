"""Functions of text."""

from __future__ import annotations

import itertools

from kubeplat_tui.services.hcl.evaluation_values import (
    Data,
    EvaluationError,
    UndecidedError,
    elements,
    to_int,
    to_text,
)
from kubeplat_tui.services.hcl.functions.collections import graphemes
from kubeplat_tui.services.hcl.functions.formatting import format_text
from kubeplat_tui.services.hcl.functions.signature import anything, named, takes, texts
from kubeplat_tui.services.hcl.regex import all_matches, first_match, replace_matches

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's unicode.IsSpace takes for blank."""


def _plain(text: str) -> str:
    """Text whose letters have one upper and one lower case everywhere."""
    if not text.isascii():
        raise UndecidedError("the case of letters beyond ASCII")
    return text


@takes(to_text)
def lower(text: str) -> Data:
    return _plain(text).lower()


@takes(to_text)
def upper(text: str) -> Data:
    return _plain(text).upper()


@takes(to_text)
def title(text: str) -> Data:
    letters = [" ", *_plain(text)]
    return "".join(
        letter.upper() if not (before.isalnum() or before == "_") else letter
        for before, letter in itertools.pairwise(letters)
    )


@takes(to_text, texts, rest=texts)
def join(separator: str, *lists: list[str]) -> Data:
    return separator.join(item for items in lists for item in items)


@takes(to_text, to_text)
def split(separator: str, text: str) -> Data:
    return [*text.split(separator)] if separator else [*text]


@takes(to_text, to_text, to_text)
def replace(text: str, search: str, replacement: str) -> Data:
    if len(search) > 1 and search.startswith("/") and search.endswith("/"):
        return replace_matches(search[1:-1], text, replacement)
    return text.replace(search, replacement)


@takes(to_text, to_text)
def startswith(text: str, start: str) -> Data:
    return text.startswith(start)


@takes(to_text, to_text)
def endswith(text: str, end: str) -> Data:
    return text.endswith(end)


@takes(to_text, to_text)
def strcontains(text: str, part: str) -> Data:
    return part in text


@takes(to_text)
def trimspace(text: str) -> Data:
    return text.strip(SPACES)


@takes(to_text, to_text)
def trim(text: str, characters: str) -> Data:
    return text.strip(characters) if characters else text


@takes(to_text, to_text)
def trimprefix(text: str, start: str) -> Data:
    return text.removeprefix(start)


@takes(to_text, to_text)
def trimsuffix(text: str, end: str) -> Data:
    return text.removesuffix(end)


@takes(to_text)
def chomp(text: str) -> Data:
    return text.rstrip("\r\n")


@takes(to_text, to_int, to_int)
def substr(text: str, offset: int, count: int) -> Data:
    size = graphemes(text)
    start = max(size + offset, 0) if offset < 0 else offset
    if count < -1:
        raise EvaluationError("a length below -1")
    return text[start:] if count == -1 else text[start : start + count]


@takes(to_text)
def strrev(text: str) -> Data:
    graphemes(text)
    return text[::-1]


@takes(to_text, to_text)
def regex(pattern: str, text: str) -> Data:
    return first_match(pattern, text)


@takes(to_text, to_text)
def regexall(pattern: str, text: str) -> Data:
    return all_matches(pattern, text)


@takes(to_text, rest=anything)
def format_(pattern: str, *arguments: Data) -> Data:
    return format_text(pattern, arguments)


@takes(to_text, rest=anything)
def formatlist(pattern: str, *arguments: Data) -> Data:
    sizes = {len(elements(argument)) for argument in arguments if isinstance(argument, list)}
    if not sizes:
        raise UndecidedError("a list made of no list")
    if len(sizes) > 1:
        raise EvaluationError("formatlist takes lists of one length")
    rows = (
        [each[place] if isinstance(each, list) else each for each in arguments] for place in range(*sizes)
    )
    return [format_text(pattern, row) for row in rows]


FUNCTIONS = named(
    chomp,
    endswith,
    format_,
    formatlist,
    join,
    lower,
    regex,
    regexall,
    replace,
    split,
    startswith,
    strcontains,
    strrev,
    substr,
    title,
    trim,
    trimprefix,
    trimspace,
    trimsuffix,
    upper,
)
