"""What a person types into a filter: a regular expression, `!` in front inverts it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kubeplat_tui.services.errors import InputError


@dataclass(frozen=True, slots=True)
class Pattern:
    """A filter. Capitals in it make it care about capitals."""

    text: str
    regex: re.Pattern[str]
    inverted: bool

    @classmethod
    def parse(cls, text: str) -> Pattern | None:
        """The pattern of `text`, None where it is empty. Raises `InputError` where it is none."""
        inverted = text.startswith("!")
        body = text[1:] if inverted else text
        if not body:
            return None
        try:
            regex = re.compile(body, 0 if any(character.isupper() for character in body) else re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as error:
            where = getattr(error, "pos", None)
            raise InputError(
                f"This is no regular expression: {getattr(error, 'msg', error)}"
                + (f" at character {where + 1 + inverted}." if isinstance(where, int) else "."),
                todo=r"Write \ before ( ) [ ] { } + * ? . that stand for themselves.",
            ) from error
        return cls(text, regex, inverted)

    def matches(self, text: str) -> bool:
        """Whether `text` stays."""
        return (self.regex.search(text) is None) is self.inverted

    def spans(self, text: str, limit: int = 100) -> list[tuple[int, int]]:
        """Where it matches, for highlighting; nothing where it is inverted."""
        if self.inverted:
            return []
        found = []
        for hit in self.regex.finditer(text):
            if hit.end() > hit.start():
                found.append(hit.span())
            if len(found) == limit:
                break
        return found
