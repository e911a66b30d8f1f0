"""JSON, as Terraform writes it: keys in order, no blanks, `<`, `>` and `&` escaped."""

from __future__ import annotations

import json
from fractions import Fraction

from kubeplat_tui.services.hcl.evaluation_values import Data, SetValue, fraction_text
from kubeplat_tui.services.hcl.functions.signature import anything, named, takes

_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_text(data: Data) -> str:
    """`data` as JSON."""
    if isinstance(data, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(data[key])}" for key in sorted(data)) + "}"
    if isinstance(data, list):
        return "[" + ",".join(map(json_text, data)) + "]"
    if isinstance(data, SetValue):
        return json_text(list(data.items))
    if isinstance(data, Fraction):
        return fraction_text(data)
    text = json.dumps(data, ensure_ascii=False)
    return "".join(_ESCAPED.get(character, character) for character in text)


@takes(anything)
def jsonencode(data: Data) -> Data:
    return json_text(data)


FUNCTIONS = named(jsonencode)
