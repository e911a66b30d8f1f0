"""YAML, read quickly and safely, and written so that every reader takes a text for a text."""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 200
"""Levels of nesting. libyaml's parser has no limit of its own: it ends the whole process when its stack is full."""

LARGEST = 1 << 20
"""Bytes: what a kubeconfig or a Secret may have (etcd refuses larger objects)."""

_PLAIN = re.compile(r"[A-Za-z][^\n]+")
"""Texts that may stand without quotes, where PyYAML agrees. Go's parsers also read `y` and `1e3` as no texts."""


def load(data: bytes) -> Any:
    """The one document in `data`. Raises `ValueError` where it is none, is too large or nests too deeply."""
    import yaml

    if len(data) > LARGEST:
        raise ValueError("it is larger than 1 MiB")
    if _depth(data) > DEEPEST:
        raise ValueError("it nests too deeply")
    try:
        # The C parser's loader is as safe as SafeLoader and ten times as fast; wheels of PyYAML have it.
        return yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - see above
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1})"
        raise ValueError(f"it is no YAML{where}") from None


def dump(document: object) -> bytes:
    """`document` as YAML, its keys in their order, texts quoted where a reader could take them for something else."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_text(self, text: str) -> yaml.Node:
            style = None if _PLAIN.fullmatch(text) else '"'
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, Dumper.represent_text)
    text: str = yaml.dump(document, Dumper=Dumper, sort_keys=False, width=1 << 30)
    return text.encode()


def _depth(data: bytes) -> int:
    """No less than the levels that `data` can nest: by brackets, by indentation, and by indicators in one line."""
    lines = data.splitlines()
    indented = max((len(line) - len(line.lstrip(b" ")) for line in lines), default=0)
    inline = max((line.count(b"- ") + line.count(b"? ") for line in lines), default=0)
    return data.count(b"[") + data.count(b"{") + 2 * indented + inline
