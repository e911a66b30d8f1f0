"""Keys as people write them, in Textual's names."""

from __future__ import annotations

import re
import unicodedata

CONTROL_SIGNS = {"]": "right_square_bracket", "\\": "backslash", "^": "circumflex_accent", "_": "underscore"}
"""Signs that a terminal sends with ctrl, in Textual's names."""
CONTROLS = {f"ctrl+{letter}" for letter in "abcdefgklnopqrstuvwxyz"} | {
    f"ctrl+{name}" for name in CONTROL_SIGNS.values()
}
"""What may be the prefix: ctrl with h, i, j and m are other keys to a terminal (backspace, tab, enter)."""


NAMED_SIGNS = {name: sign for sign, name in CONTROL_SIGNS.items()}
"""The other way round: `right_square_bracket` is `]`."""


def key_name(written: str) -> str:
    """Textual's name of a key as people write it (`?` is `question_mark`), "" where there is no such key."""
    from textual.keys import Keys, _character_to_key

    if len(written) == 1:
        return _character_to_key(written) if written.isprintable() and not written.isspace() else ""
    if written.startswith("ctrl+") and written[5:] in CONTROL_SIGNS:
        return f"ctrl+{CONTROL_SIGNS[written[5:]]}"
    known = {str(key.value) for key in Keys} | {"space"}
    if written in known or re.fullmatch(r"ctrl\+[a-z]", written):
        return written
    if written.isidentifier() and written not in {"ctrl", "alt", "shift"}:
        try:
            unicodedata.lookup(written.replace("_", " "))
        except KeyError:
            return ""
        return written
    return ""
