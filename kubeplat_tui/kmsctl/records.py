"""Results in the three formats: a line of text, a JSON object a line, or YAML documents."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING

from kubeplat_tui.kmsctl.options import Format
from kubeplat_tui.widgets.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

Field = str | int | bool | None


class Records:
    """Prints to standard output. Control characters in names are shown, not obeyed, on a terminal."""

    def __init__(self, format_: Format) -> None:
        self.format = format_
        self._lock = threading.Lock()

    @property
    def text(self) -> bool:
        """Whether a person reads it."""
        return self.format is Format.TEXT

    def add(self, text: str, fields: Mapping[str, Field]) -> None:
        """One result: `text` for a person, or its fields."""
        if self.text:
            line = (one_line(text) if sys.stdout.isatty() else text).rstrip()
        elif self.format is Format.JSON:
            line = json.dumps(dict(fields), ensure_ascii=False)
        else:
            import yaml

            line = "---\n" + yaml.safe_dump(dict(fields), allow_unicode=True, sort_keys=False).rstrip()
        with self._lock:
            print(line, flush=True)
