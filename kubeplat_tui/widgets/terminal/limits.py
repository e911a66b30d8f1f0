"""How much a machine may ask of a terminal, whatever the core."""

from __future__ import annotations

import re

TITLE_LENGTH = 200
LINK_LENGTH = 2048
CLIPBOARD_BYTES = 1024 * 1024
"""What a machine may wish to have in the clipboard."""
REPLY_BYTES = 64 * 1024
"""Answers that nobody fetched are dropped beyond this."""

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def clean_title(title: str) -> str:
    """A window's title without controls, and not too long."""
    return CONTROLS.sub("", title)[:TITLE_LENGTH]
