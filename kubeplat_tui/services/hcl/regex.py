"""Go's regular expressions (RE2) by Python's, where the two mean the same.

What RE2 refuses (looking around, references back) is an error here too; what cannot be said in Python is undecided.
Source: https://github.com/google/re2/wiki/Syntax.
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
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_KNOWN_ESCAPES = frozenset("abfnrtvdDwWBAz")
_UNDECIDED_ESCAPES = frozenset("pPQEC")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for Python. Raises `EvaluationError` where RE2 refuses it, `UndecidedError` where Python differs."""
    translated = _Translation(pattern).text
    try:
        return re.compile(translated, re.ASCII)
    except re.error as error:
        raise EvaluationError(f"not a regular expression: {error}") from error


class _Translation:
    """One pattern, token by token."""

    def __init__(self, pattern: str) -> None:
        self._in_class = False
        self._class_started = False
        pieces: list[str] = []
        for match in _TOKEN.finditer(pattern):
            pieces.append(self._token(match[0]))
        self.text = "".join(pieces)

    def _token(self, token: str) -> str:
        if token.startswith("\\"):
            self._class_started = False
            return self._escape(token)
        if self._in_class:
            return self._within_class(token)
        if token.startswith("(?"):
            return self._group(token)
        if token == "[":
            self._in_class = self._class_started = True
            return token
        if token == "$":
            return r"\Z"
        return self._repeated(token)

    def _within_class(self, token: str) -> str:
        first, self._class_started = self._class_started, False
        if token.startswith("[:"):
            name = token.strip("[:^]")
            if name not in _POSIX:
                raise EvaluationError("not a regular expression: an unknown class")
            if token.startswith("[:^"):
                raise UndecidedError("a negated class in a class")
            return _POSIX[name]
        if token == "^" and first:
            self._class_started = True
            return token
        if token == "]":
            self._in_class = first
            return "\\]" if first else token
        if len(token) > 1:  # a repeat's characters, which mean themselves here
            return "".join(map(re.escape, token))
        return "\\" + token if token in "[&|~" else token

    @staticmethod
    def _repeated(token: str) -> str:
        if len(token) == 2 and token[0] in "*+?" and token[1] == "+":
            raise EvaluationError("not a regular expression: a repeat of a repeat")
        if not token.startswith("{"):
            return token
        bare = token.rstrip("+?") if len(token) > 1 else token
        match = _REPEAT.fullmatch(bare)
        if match is None:
            return (
                "".join(map(re.escape, token))
                if not token.endswith(("+", "?")) or len(token) == 1
                else re.escape(bare) + token[-1]
            )
        if token.endswith("+"):
            raise EvaluationError("not a regular expression: a repeat of a repeat")
        if any(int(count) > MOST_REPEATS for count in match.groups() if count):
            raise EvaluationError("not a regular expression: more than 1000 repeats")
        return token

    def _escape(self, token: str) -> str:
        letter = token[1:2]
        if token.startswith("\\x{"):
            return re.escape(chr(min(int(token[3:-1], 16), 0x10FFFF)))
        if letter in _UNDECIDED_ESCAPES:
            raise UndecidedError("an expression with Unicode classes")
        if letter in "sS" and letter:
            spaces = r"\t\n\f\r "
            if not self._in_class:
                return f"[{'^' if letter == 'S' else ''}{spaces}]"
            if letter == "S":
                raise UndecidedError("a negated class in a class")
            return spaces
        if letter == "z":
            return r"\Z"
        if letter == "b":
            return r"\b"
        if letter in _KNOWN_ESCAPES or token.startswith("\\x") or len(token) == 4:
            return token
        if letter and letter.isascii() and not letter.isalnum():
            return token
        raise EvaluationError("not a regular expression: an unknown escape")

    @staticmethod
    def _group(token: str) -> str:
        if token.startswith("(?P<"):
            return token
        if token.startswith("(?<") and token.endswith(">"):
            return "(?P<" + token[3:]
        flags = token[2:-1]
        if token.endswith(":") and set(flags) <= set("is"):
            if "i" in flags:
                raise UndecidedError("letters in any case")
            return token
        if token.endswith(")") and flags:
            raise UndecidedError("flags for the rest of an expression")
        if token.endswith((":", ")")):
            raise UndecidedError("unusual flags")
        raise EvaluationError("not a regular expression: RE2 does not look around")


def first_match(pattern: str, text: str) -> Data:
    """What `regex` gives: the match, or its groups. Raises `EvaluationError` where nothing matches."""
    match = compiled(pattern).search(text)
    if match is None:
        raise EvaluationError("the expression does not match")
    return _result(match)


def all_matches(pattern: str, text: str) -> Data:
    """What `regexall` gives."""
    return [_result(match) for match in compiled(pattern).finditer(text)]


def _result(match: re.Match[str]) -> Data:
    named = match.groupdict()
    if named and len(named) < len(match.groups()):
        raise EvaluationError("all groups of an expression must have names, or none")
    if named:
        return {**named}
    return [*match.groups()] if match.groups() else match[0]


def replace_matches(pattern: str, text: str, replacement: str) -> str:
    """What `replace` gives with `/pattern/`. `$1` and `${1}` stand for groups."""
    expression = compiled(pattern)
    if "$" in replacement and not re.fullmatch(r"(?:[^$]|\$\{\d+\})*", replacement):
        raise UndecidedError("a replacement with groups")

    def expand(match: re.Match[str]) -> str:
        def group(name: re.Match[str]) -> str:
            number = int(name[1])
            return (match[number] or "") if number <= expression.groups else ""

        return re.sub(r"\$\{(\d+)\}", group, replacement)

    return expression.sub(expand, text)
