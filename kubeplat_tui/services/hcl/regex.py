"""Go's regular expressions (RE2) by Python's, where the two mean the same.

What RE2 refuses (looking around, references back) is an error here too; what cannot be said in Python is
undecided. Source: https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kubeplat_tui.services.hcl.evaluation_values import Data, EvaluationError, UndecidedError

MOST_REPEATS = 1000
"""RE2 refuses more in `{n,m}`."""

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"!-~",
    "lower": "a-z",
    "print": r" -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_TOKEN = re.compile(
    r"""\\x\{[0-9A-Fa-f]+\} | \\x[0-9A-Fa-f]{2} | \\[0-7]{3} | \\. | \\$
    | \[:\^?[a-z]+:\] | \(\?P<[A-Za-z0-9_]+> | \(\?<[A-Za-z0-9_]+> | \(\?[a-zA-Z-]*[:)] | \(\?.?
    | [*+?][+?]? | \{\d*,?\d*\}[+?]? | . """,
    re.VERBOSE | re.DOTALL,
)
_FLAGS = re.compile(r"\(\?([ims]+)\)")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_KNOWN_ESCAPES = frozenset("abfnrtvdDwWBAz")
_UNDECIDED_ESCAPES = frozenset("pPQEC")
_REPEATED_REPEATS = frozenset({"*+", "++", "?+"})
_SPACES = r"\t\n\f\r "


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python.

    Raises `EvaluationError` where RE2 refuses it, `UndecidedError` where Python differs.
    """
    leading = _FLAGS.match(pattern)
    flags = "" if leading is None else leading[1]
    translated = _Translation(pattern[len(leading[0]) if leading else 0 :], many_lines="m" in flags).text
    try:
        return re.compile(leading[0] + translated if leading else translated, re.ASCII)
    except re.error as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> EvaluationError:
    return EvaluationError(f"not a regular expression: {why}")


class _Translation:
    """One pattern, token by token."""

    def __init__(self, pattern: str, *, many_lines: bool) -> None:
        self._end = "$" if many_lines else r"\Z"
        self._in_class = False
        self._class_started = False
        self.text = "".join([self._piece(match[0]) for match in _TOKEN.finditer(pattern)])

    def _piece(self, piece: str) -> str:
        if piece.startswith("\\"):
            self._class_started = False
            return self._escape(piece)
        if self._in_class:
            return self._within_class(piece)
        if piece.startswith("(?"):
            return self._group(piece)
        if piece == "[":
            self._in_class = self._class_started = True
            return piece
        if piece == "$":
            return self._end
        return self._repeated(piece)

    def _within_class(self, piece: str) -> str:
        first, self._class_started = self._class_started, False
        if piece.startswith("[:"):
            name = piece.strip("[:^]")
            if name not in _POSIX:
                raise _refused("an unknown class")
            if piece.startswith("[:^"):
                raise UndecidedError("a negated class in a class")
            return _POSIX[name]
        if piece == "^" and first:
            self._class_started = True
            return piece
        if piece == "]":
            self._in_class = first
            return "\\]" if first else piece
        if len(piece) > 1:  # a repeat's characters, which mean themselves here
            return "".join(map(re.escape, piece))
        return "\\" + piece if piece in "[&|~" else piece

    @staticmethod
    def _repeated(piece: str) -> str:
        if piece in _REPEATED_REPEATS:
            raise _refused("a repeat of a repeat")
        if not piece.startswith("{"):
            return piece
        bare = piece.rstrip("+?")
        match = _REPEAT.fullmatch(bare)
        if match is None:  # braces that are no repeat mean themselves
            return re.escape(bare) + piece[len(bare) :]
        if piece.endswith("+"):
            raise _refused("a repeat of a repeat")
        if any(int(count) > MOST_REPEATS for count in match.groups() if count):
            raise _refused("more than 1000 repeats")
        return piece

    def _escape(self, piece: str) -> str:
        letter = piece[1:2]
        if piece.startswith("\\x{"):
            return re.escape(chr(min(int(piece[3:-1], 16), 0x10FFFF)))
        if letter in _UNDECIDED_ESCAPES or (letter == "S" and self._in_class):
            raise UndecidedError("an expression with unusual classes")
        if letter in {"s", "S"}:
            return _SPACES if self._in_class else f"[{'^' if letter == 'S' else ''}{_SPACES}]"
        if letter == "z":
            return r"\Z"
        if letter not in _KNOWN_ESCAPES and (letter.isalnum() or not letter.isascii()) and len(piece) < 4:
            raise _refused("an unknown escape")
        return piece

    @staticmethod
    def _group(piece: str) -> str:
        if piece.startswith("(?P<"):
            return piece
        if piece.startswith("(?<") and piece.endswith(">"):
            return "(?P<" + piece[3:]
        flags = piece[2:-1]
        if piece.endswith(":") and set(flags) <= set("is"):
            if "i" in flags:
                raise UndecidedError("letters in any case, in a part")
            return piece
        if piece.endswith(")") and flags:
            raise UndecidedError("flags for the rest of an expression")
        if piece.endswith((":", ")")):
            raise UndecidedError("unusual flags")
        raise _refused("RE2 does not look around")


def _checked(pattern: str, text: str) -> re.Pattern[str]:
    """The compiled pattern, unless Python and Go differ in what is upper case in `text`."""
    expression = compiled(pattern)
    if expression.flags & re.IGNORECASE and not (text + pattern).isascii():
        raise UndecidedError("letters in any case beyond ASCII")
    return expression


def first_match(pattern: str, text: str) -> Data:
    """What `regex` gives: the match, or its groups. Raises `EvaluationError` where nothing matches."""
    match = _checked(pattern, text).search(text)
    if match is None:
        raise EvaluationError("the expression does not match")
    return _result(match)


def all_matches(pattern: str, text: str) -> Data:
    """What `regexall` gives."""
    return [_result(match) for match in _checked(pattern, text).finditer(text)]


def _result(match: re.Match[str]) -> Data:
    named = match.groupdict()
    if named and len(named) < len(match.groups()):
        raise EvaluationError("all groups of an expression must have names, or none")
    if named:
        return {**named}
    return [*match.groups()] if match.groups() else match[0]


def replace_matches(pattern: str, text: str, replacement: str) -> str:
    """What `replace` gives with `/pattern/`. `$1` and `${1}` stand for groups."""
    expression = _checked(pattern, text)
    if "$" in replacement and not re.fullmatch(r"(?:[^$]|\$\{\d+\})*", replacement):
        raise UndecidedError("a replacement with groups")

    def expand(match: re.Match[str]) -> str:
        def group(name: re.Match[str]) -> str:
            number = int(name[1])
            return (match[number] or "") if number <= expression.groups else ""

        return re.sub(r"\$\{(\d+)\}", group, replacement)

    return expression.sub(expand, text)
